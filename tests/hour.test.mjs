// The network is away for an hour. Agent, API, recognizer and PostgreSQL run by one clock, which meanwhile passes a hundred and
// twenty times as quickly (clock/clock.c); everybody who passed in that hour is there once, dated when they passed.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { agent, arrivalsAt, devices, drained, enrolPeople, newFeed, noAgent, people, wire } from './support/agents.mjs';
import { Clock, noClock } from './support/clock.mjs';
import { asFrame, ffmpeg } from './support/pictures.mjs';
import { System, eventually, sleep, undoing } from './support/system.mjs';

const MINUTE = 60_000;
const RATE = 120;
/** Somebody passes every eight minutes, the first again after three of these, which is an arrival of its own. */
const PASSES = 7;
const APART = 8 * MINUTE;
const STAY = 10_000;

const skip = noAgent || noClock;
const undo = undoing(after);
let clock;
let system;
let admin;
let scratch;

before(async () => {
  if (skip) return;
  scratch = await mkdtemp(join(tmpdir(), 'attendance-hour-'));
  undo.after(() => rm(scratch, { recursive: true, force: true }));
  clock = await Clock.make(undo);
  system = await System.start(undo, clock.env);
  admin = await system.admin();
  await enrolPeople(admin);
});

/** A camera that shows one picture a second of the clock, and notes when it showed whom. */
async function camera() {
  const size = { width: 640, height: 360 };
  const nobody = await ffmpeg(['-f', 'lavfi', '-i', `color=gray:s=${size.width}x${size.height}`, '-frames:v', '1', '-q:v', '3']);
  const faces = await Promise.all(people.map(({ seen }) => asFrame(seen, size)));
  const passes = [];
  let next = Infinity;
  let on = true;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
    (async () => {
      let due = clock.now();
      while (on && !response.destroyed) {
        const now = clock.now();
        const since = now - next;
        const pass = Math.floor(since / APART);
        const here = since >= 0 && pass < PASSES && since - pass * APART < STAY;
        const picture = here ? faces[pass % people.length] : nobody;
        if (here) {
          passes[pass] ??= { name: people[pass % people.length].name, from: now, until: now };
          passes[pass].until = now;
        }
        response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
        response.write(picture);
        response.write('\r\n');
        due = Math.max(due + 1000, now);
        const rate = now - next > -MINUTE && now < next + PASSES * APART ? RATE : 1;
        await sleep(Math.max(0, (due - clock.now()) / rate));
      }
    })().catch(() => {});
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  undo.after(() => {
    on = false;
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    passes,
    /** The first person comes at this time. */
    begin: (at) => { next = at; },
  };
}

describe('an hour without the network', { skip, timeout: 240_000 }, () => {
  it('loses, doubles and misdates nobody', async () => {
    const feed = await newFeed(admin, 'far out', { dedup_seconds: 300 });
    const eye = await camera();
    const line = await wire(undo, Number(new URL(system.url).port));
    const one = await agent(undo, scratch, 'far out', { server: line.url, feed, source: `kind = "http"\nurl = "${eye.url}"\n`, env: clock.env });
    const [first] = await eventually('a heartbeat with pictures', async () => {
      const called = await devices(admin, feed);
      return called[0]?.heartbeat.frames.sent > 2 && called;
    }, { timeoutMs: 30_000 });
    assert.ok(Math.abs(first.drift_ms) < 2000, `${first.drift_ms} ms`);

    line.cut();
    const cutAt = clock.now();
    eye.begin(cutAt + 2 * MINUTE);
    clock.rate(RATE);
    while (clock.now() < cutAt + 60 * MINUTE) await sleep(50);
    clock.rate(1);
    assert.equal(eye.passes.filter(({ until, from }) => until - from > STAY / 2).length, PASSES, JSON.stringify(eye.passes));
    assert.deepEqual(await arrivalsAt(admin, feed), []);
    assert.equal((await devices(admin, feed))[0].online, false, 'an agent that is silent for an hour is not online');
    const mendedAt = clock.now();
    line.mend();

    const { heartbeat: { frames } } = await drained(admin, feed, mendedAt, { log: () => one.log });
    assert.deepEqual([frames.lost, frames.refused, frames.corrupt], [0, 0, 0], JSON.stringify(frames));
    assert.equal(frames.replayed, frames.stored);
    assert.ok(frames.stored > PASSES * 8, JSON.stringify(frames));
    const arrived = (await arrivalsAt(admin, feed)).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    assert.deepEqual(arrived.map(({ person }) => person.name), eye.passes.map(({ name }) => name));
    for (const [index, { at, recorded_at: recorded, doubt }] of arrived.entries()) {
      const { name, from, until } = eye.passes[index];
      const into = Date.parse(at) - from;
      assert.ok(into > -1000 && into < until - from + 1000, `${name} is dated ${into} ms after coming into view`);
      assert.ok(Date.parse(recorded) >= mendedAt - 1000, `${name} was written at ${recorded}`);
      assert.equal(doubt, undefined, `${name}: the server knows that it did not hear from the camera then`);
    }
    assert.ok(Date.parse(arrived.at(-1).at) - Date.parse(arrived[0].at) > (PASSES - 1) * APART - MINUTE);
    assert.doesNotMatch(one.log, /clock was moved|frames are lost/);
    await one.end('SIGTERM');
  });
});
