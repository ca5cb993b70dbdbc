// Twenty agents at once, each with a feed and a camera of its own, at two pictures a second, while the recognizer is killed:
// everybody who passed any camera is there once, dated when they passed, and no feed starves.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import {
  agent, arrivalsAt, atTheirTime, drained, enrolPeople, names, newFeed, noAgent as skip, scene,
} from './support/agents.mjs';
import { System, sleep, undoing } from './support/system.mjs';

const CAMERAS = 20;
const FPS = 2;
const STAY = 4;
const undo = undoing(after);
let system;
let admin;
let scratch;

before(async () => {
  if (skip) return;
  scratch = await mkdtemp(join(tmpdir(), 'attendance-twenty-'));
  undo.after(() => rm(scratch, { recursive: true, force: true }));
  system = await System.start(undo);
  admin = await system.admin();
  await enrolPeople(admin);
});

describe('twenty agents', { skip, timeout: 180_000 }, () => {
  it('lose, double and misdate nobody while the recognizer is killed', async () => {
    // Somebody is at three or four of the cameras at any time.
    const posts = await Promise.all(Array.from({ length: CAMERAS }, async (_, index) => ({
      name: `camera ${index + 1}`,
      feed: await newFeed(admin, `camera ${index + 1}`, { device: { active_fps: FPS } }),
      shown: await scene(scratch, `scene ${index}`, { quiet: 3 + index * 0.5 * 3, seconds: STAY, between: 2, fps: FPS }),
    })));
    for (const post of posts) {
      post.agent = await agent(undo, scratch, post.name, { server: system.url, feed: post.feed, folder: post.shown.folder, fps: FPS });
      post.began = await post.agent.takenUp;
    }
    const last = Math.max(...posts.map(({ began, shown }) => began + shown.seconds * 1000));
    await sleep(12_000);
    await system.kill('recognizer');
    const killedAt = Date.now();
    await sleep(Math.max(0, last - Date.now()));

    const calls = await Promise.all(posts.map(async ({ name, feed, agent: its }) => (
      { name, device: await drained(admin, feed, last, { log: () => its.log }) }
    )));
    const all = await Promise.all(posts.map(({ feed }) => arrivalsAt(admin, feed)));
    for (const [index, { name, shown, began }] of posts.entries()) {
      assert.deepEqual(all[index].map(({ person }) => person.name).sort(), names, `${name}: ${JSON.stringify(calls[index].device.heartbeat)}`);
      atTheirTime(all[index], shown, began, { seconds: STAY, believed: false });
    }
    const during = all.flat().filter(({ at, recorded_at: recorded }) => Date.parse(at) < killedAt + 5000 && Date.parse(recorded) > killedAt);
    assert.ok(during.length > 0, 'somebody passed while the recognizer was away');
    for (const { name, device } of calls) {
      const { frames, source } = device.heartbeat;
      assert.ok(device.online, `${name} is online`);
      assert.equal(frames.lost + frames.refused + frames.corrupt, 0, `${name}: ${JSON.stringify(frames)}`);
      assert.ok(frames.captured > 20 && ['running', 'ended'].includes(source.state), `${name}: ${JSON.stringify(device.heartbeat)}`);
      // Each person is on eight pictures, and the scene changes six times.
      assert.ok(frames.sent + frames.replayed >= 15, `${name} starves: ${JSON.stringify(frames)}`);
    }
  });
});
