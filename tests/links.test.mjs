// Agents behind bad lines: each in a network namespace of its own, the server in another, a camera in a third. Packets are
// late, get lost, queue up or vanish (tests/links/line.py), and everybody who passed is there once, dated when they passed.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';

import {
  agent, arrivalsAt, atTheirTime, devices, drained, enrolPeople, everybodyOnce, names, newFeed, noAgent, scene,
} from './support/agents.mjs';
import { line, namespace, noLinks } from './support/links.mjs';
import { System, eventually, root, sleep, undoing } from './support/system.mjs';

const skip = noAgent || noLinks;
const noCamera = (() => {
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import gi; gi.require_version("GstRtspServer", "1.0")'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no RTSP server (gir1.2-gst-rtsp-server-1.0)';
  }
})();
const undo = undoing(after);
let system;
let admin;
let scratch;

before(async () => {
  if (skip) return;
  scratch = await mkdtemp(join(tmpdir(), 'attendance-links-'));
  undo.after(() => rm(scratch, { recursive: true, force: true }));
  system = await System.start(undo, { ATTENDANCE_HOST: '0.0.0.0' });
  admin = await system.admin();
  await enrolPeople(admin);
});

/** A place with a line to the server: what an agent needs to be started there. */
async function place(name) {
  const space = await namespace(undo, name);
  const wire = await line(undo, undefined, space);
  return { space, wire, server: `http://${wire.near}:${new URL(system.url).port}`, before: space.through };
}

/** Follows what a feed shows and remembers the newest picture's width and bytes. */
function watch(feed) {
  const seen = { width: 0, bytes: 0 };
  const asked = get(`${admin.url}/api/v1/feeds/${feed.id}/stream`, { headers: admin.headers() }, (response) => {
    let rest = Buffer.alloc(0);
    response.on('error', () => {}).on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const begin = rest.indexOf(Buffer.from([0xff, 0xd8, 0xff]));
        const end = begin < 0 ? -1 : rest.indexOf(Buffer.from([0xff, 0xd9]), begin);
        if (end < 0) return;
        const jpeg = rest.subarray(begin, end + 2);
        rest = rest.subarray(end + 2);
        seen.bytes = jpeg.length;
        seen.width = widthOf(jpeg);
      }
    });
  });
  asked.on('error', () => {});
  undo.after(() => asked.destroy());
  return seen;
}

function widthOf(jpeg) {
  for (let at = 2; at + 9 < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if ([0xc0, 0xc1, 0xc2].includes(jpeg[at + 1])) return jpeg.readUInt16BE(at + 7);
  }
  return 0;
}

const called = (feed) => eventually('a heartbeat', async () => (await devices(admin, feed))[0], { timeoutMs: 30_000 });

/** A heartbeat of after now. */
async function calledAgain(feed) {
  const { received_at: before } = (await devices(admin, feed))[0];
  return eventually('another heartbeat', async () => (await devices(admin, feed)).find(({ received_at: at }) => at > before), { timeoutMs: 30_000 });
}

/** A camera in a namespace of its own that shows a folder of pictures by RTSP. */
async function camera(name, agents, folder, fps) {
  const space = await namespace(undo, name);
  const wire = await line(undo, space, agents);
  const child = spawn(space.through[0], [...space.through.slice(1), '/usr/bin/python3', join(root, 'tests/rtsp/serve.py'),
    '--address', wire.near, '--folder', folder, '--fps', String(fps)], { stdio: ['ignore', 'pipe', 'inherit'] });
  undo.after(() => child.kill('SIGKILL'));
  const [said] = await Promise.race([
    createInterface({ input: child.stdout })[Symbol.asyncIterator]().next().then(({ value }) => [value]),
    sleep(20_000).then(() => ['nothing']),
  ]);
  assert.match(said, /^ready \d+$/);
  return { wire, url: `rtsp://${wire.near}:${said.split(' ')[1]}/cam` };
}

describe('an agent behind a line', { skip, concurrency: true, timeout: 240_000 }, () => {
  it('that is slow, late and lossy makes its frames smaller, and nobody is missed', async () => {
    const { wire, server, before: through } = await place('bad');
    // What moves is sent five times a second: more than the line carries.
    const feed = await newFeed(admin, 'behind a bad line', { device: { active_fps: 5, motion_share: 0 } });
    const seen = watch(feed);
    const shown = await scene(scratch, 'bad', { quiet: 12, seconds: 6 });
    const one = await agent(undo, scratch, 'bad', { server, feed, folder: shown.folder, before: through, loop: true });
    const began = await one.takenUp;
    await called(feed);
    await eventually('a full picture', () => seen.width === 1280, { timeoutMs: 20_000 });
    await wire.set({ delay_ms: 75, jitter_ms: 25, loss: 0.05, rate_kbit: 1000 });
    const arrived = await everybodyOnce(admin, feed, () => one.log, 120_000);
    await eventually('frames to be smaller', () => seen.width > 0 && seen.width < 1280, { timeoutMs: 90_000 });
    assert.match(one.log, /frames are made smaller/);
    atTheirTime(arrived, shown, began, { seconds: 6, believed: false });
    const { lost } = await wire.set({});
    assert.ok(lost > 20, `the line lost ${lost} packets`);
    const { online, heartbeat } = await calledAgain(feed);
    assert.ok(online && heartbeat.frames.lost === 0 && heartbeat.frames.refused === 0, JSON.stringify(heartbeat));
    await one.end('SIGTERM');
  });

  for (const [how, cut, mend] of [
    ['carries nothing for twenty seconds', ({ wire }) => wire.set({ cut: true }), ({ wire }) => wire.set({ cut: false })],
    ['is unplugged for twenty seconds', ({ wire }) => wire.plug(false), ({ wire }) => wire.plug(true)],
  ]) {
    it(`that ${how} sends everybody once, dated when they passed`, async () => {
      const name = how.split(' ')[1];
      const at = await place(name);
      await at.wire.set({ delay_ms: 20, jitter_ms: 10, loss: 0.01 });
      const feed = await newFeed(admin, `behind a line that ${how}`);
      const shown = await scene(scratch, name, { quiet: 8, seconds: 4, between: 2 });
      const one = await agent(undo, scratch, name, { server: at.server, feed, folder: shown.folder, before: at.before });
      const began = await one.takenUp;
      await called(feed);
      assert.ok(Date.now() < began + 7500, 'the line is good until somebody comes');
      await sleep(began + 7500 - Date.now());
      await cut(at);
      await sleep(20_000);
      assert.ok(Date.now() > began + (shown.starts[2] + 4) * 1000, 'everybody has passed');
      assert.deepEqual(await arrivalsAt(admin, feed), []);
      const mendedAt = Date.now();
      await mend(at);
      const arrived = await everybodyOnce(admin, feed, () => one.log, 90_000);
      atTheirTime(arrived, shown, began, { seconds: 4 });
      for (const { recorded_at: recorded } of arrived) assert.ok(Date.parse(recorded) >= mendedAt);
      const { heartbeat: { frames } } = await drained(admin, feed, mendedAt, { log: () => one.log });
      assert.ok(frames.replayed > 0 && frames.replayed === frames.stored, JSON.stringify(frames));
      assert.deepEqual([frames.lost, frames.refused], [0, 0]);
      assert.equal((await arrivalsAt(admin, feed)).length, names.length, 'what was sent again adds nobody');
      await one.end('SIGTERM');
    });
  }

  for (const transport of ['tcp', 'udp']) {
    it(`to a camera by RTSP over ${transport} that loses packets sees everybody`, { skip: noCamera }, async () => {
      const at = await place(transport);
      const feed = await newFeed(admin, `a camera by ${transport}`);
      const shown = await scene(scratch, `rtsp ${transport}`, { quiet: 4, seconds: 8, between: 3 });
      const { wire, url } = await camera(`camera-${transport}`, at.space, shown.folder, 5);
      await wire.set({ delay_ms: 15, jitter_ms: 10, loss: 0.02 });
      const one = await agent(undo, scratch, `rtsp ${transport}`, {
        server: at.server, feed, before: at.before, source: `kind = "rtsp"\nurl = "${url}"\ntransport = "${transport}"\n`,
      });
      await everybodyOnce(admin, feed, () => one.log, 90_000);
      const { heartbeat } = await calledAgain(feed);
      assert.equal(heartbeat.source.state, 'running', JSON.stringify(heartbeat.source));
      assert.ok(heartbeat.source.fps >= 3, `${heartbeat.source.fps} pictures a second`);
      const { lost } = await wire.set({});
      assert.ok(lost > 5, `the line lost ${lost} packets`);
      await one.end('SIGTERM');
    });
  }
});
