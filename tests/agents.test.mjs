// Real agents at a real system: a network that is cut, agents, API and recognizer that are killed, and every person who
// passed is there exactly once, at the time when they passed.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import {
  agent, arrivalsAt, devices, enrolPeople, everybodyOnce, newFeed, noAgent as skip, scene, wire,
} from './support/agents.mjs';
import { System, eventually, sleep, undoing } from './support/system.mjs';

const undo = undoing(after);
let system;
let admin;
let scratch;

before(async () => {
  if (skip) return;
  scratch = await mkdtemp(join(tmpdir(), 'attendance-agents-'));
  undo.after(() => rm(scratch, { recursive: true, force: true }));
  system = await System.start(undo);
  admin = await system.admin();
  await enrolPeople(admin);
});

describe('an agent', { skip, timeout: 600_000 }, () => {
  it('sends what moves, and tells how it does', async () => {
    const feed = await newFeed(admin, 'at the gate');
    const { folder } = await scene(scratch, 'plain');
    const one = await agent(undo, scratch, 'plain', { server: system.url, feed, folder });
    await everybodyOnce(admin, feed, () => one.log, 60_000);
    const [device] = await eventually('a heartbeat with counts', async () => {
      const called = await devices(admin, feed);
      return called[0]?.heartbeat.frames.sent > 0 && called;
    }, { timeoutMs: 30_000 });
    assert.ok(device.online && Math.abs(device.drift_ms) < 2000, JSON.stringify(device));
    assert.match(device.heartbeat.agent, /^attendance-camera \d/);
    assert.ok(!one.log.includes(feed.token), 'the token is in no log');
    await one.end('SIGTERM');
  });

  it('keeps what passes while the network is cut, and sends it afterwards with its own time', async () => {
    const feed = await newFeed(admin, 'at the far end');
    const { folder, seconds } = await scene(scratch, 'cut', { quiet: 8 });
    const line = await wire(undo, Number(new URL(system.url).port));
    const one = await agent(undo, scratch, 'cut', { server: line.url, feed, folder, loop: true });
    await eventually('a heartbeat with pictures', async () => (await devices(admin, feed))[0]?.heartbeat.source.state === 'running', { timeoutMs: 30_000 });
    assert.equal((await arrivalsAt(admin, feed)).length, 0, 'nobody has passed yet');
    line.cut();
    const cutAt = Date.now();
    // Everybody passes at least once while nothing goes through.
    await sleep((seconds + 6) * 1000);
    assert.equal((await arrivalsAt(admin, feed)).length, 0);
    const mendedAt = Date.now();
    line.mend();
    await everybodyOnce(admin, feed, () => one.log, 120_000);
    // Whom the camera sees again before what it kept is through has arrived then, until the kept frame says when.
    await eventually('what was kept to have said when', async () => (
      (await arrivalsAt(admin, feed)).every(({ at }) => Date.parse(at) < mendedAt)
    ), { timeoutMs: 120_000 });
    const arrived = await everybodyOnce(admin, feed, () => one.log, 10_000);
    for (const { at, recorded_at: recorded, person, doubt } of arrived) {
      assert.ok(Date.parse(at) > cutAt - 2000 && Date.parse(at) < mendedAt, `${person.name} passed at ${at}`);
      assert.ok(Date.parse(recorded) >= mendedAt, `${person.name} was written at ${recorded}`);
      assert.equal(doubt, undefined, `${person.name}: the server knows that it did not hear from the camera then`);
    }
    await one.end('SIGTERM');
  });

  it('loses and doubles nobody when agent, API and recognizer are killed again and again', async () => {
    const feed = await newFeed(admin, 'in a storm');
    const { folder } = await scene(scratch, 'storm');
    const line = await wire(undo, Number(new URL(system.url).port));
    const one = await agent(undo, scratch, 'storm', { server: line.url, feed, folder, loop: true });
    for (let blow = 0; blow < 10; blow += 1) {
      await sleep(800 + Math.random() * 2500);
      const part = ['agent', 'api', 'recognizer', 'line'][blow % 4];
      if (part === 'agent') {
        await one.end('SIGKILL');
        one.start();
      } else if (part === 'line') {
        line.cut();
        await sleep(3000);
        line.mend();
      } else {
        await system.kill(part);
      }
    }
    await eventually('the system to be well', async () => (await system.anonymous().get('/api/v1/health')).status === 200, { timeoutMs: 60_000 });
    await everybodyOnce(admin, feed, () => one.log, 120_000);
    await one.end('SIGTERM');
  });

  it('is told when its token is revoked, keeps its frames, and goes on with a new one', async () => {
    const feed = await newFeed(admin, 'revoked');
    const { folder } = await scene(scratch, 'revoked');
    const one = await agent(undo, scratch, 'revoked', { server: system.url, feed, folder, loop: true });
    await eventually('a first heartbeat', async () => (await devices(admin, feed)).length === 1, { timeoutMs: 30_000 });
    const rotated = await admin.post(`/api/v1/feeds/${feed.id}/token`, {});
    assert.equal(rotated.status, 201, rotated.text);
    await eventually('the agent to say so', () => /token/i.test(one.log) && /revoked|refused|401/i.test(one.log), { timeoutMs: 60_000 });
    await one.end('SIGTERM');
    assert.equal(one.child.exitCode, 0, one.log);
  });
});
