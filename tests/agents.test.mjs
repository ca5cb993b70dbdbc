// Real agents at a real system: a network that is cut, agents, API and recognizer that are killed, and every person who
// passed is there exactly once, at the time when they passed.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { asFrame, noPhotos, original, photo } from './support/pictures.mjs';
import { System, eventually, sleep, target, undoing } from './support/system.mjs';

const run = promisify(execFile);
const program = join(target, 'release/attendance-camera');
const skip = noPhotos || (existsSync(program) ? false : 'the agent is not built');
const undo = undoing(after);
const people = [
  { name: 'Person 1', enrolled: photo.first, seen: photo.firstAgain },
  { name: 'Person 2', enrolled: photo.second, seen: photo.second },
  { name: 'Person 3', enrolled: photo.third, seen: photo.third },
];
let system;
let admin;
let scratch;

before(async () => {
  if (skip) return;
  scratch = await mkdtemp(join(tmpdir(), 'attendance-agents-'));
  undo.after(() => rm(scratch, { recursive: true, force: true }));
  system = await System.start(undo);
  admin = await system.admin();
  for (const [index, { name, enrolled }] of people.entries()) {
    const answer = await admin.createPerson({ name, external_id: `agent-${index}`, consent: true }, [await original(enrolled)]);
    assert.equal(answer.status, 201, answer.text);
  }
});

/** A folder of pictures: nobody for `quiet` seconds, then each person for some, at 5 a second, with nobody between them. */
async function scene(name, { seconds = 4, quiet = 2 } = {}) {
  const folder = join(scratch, name);
  await mkdir(folder);
  const nobody = await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'color=gray:s=1280x720', '-frames:v', '1', '-q:v', '3', join(scratch, 'nobody.jpg')])
    .then(() => readFile(join(scratch, 'nobody.jpg')));
  let number = 0;
  const put = async (picture, count) => {
    for (let index = 0; index < count; index += 1, number += 1) {
      await writeFile(join(folder, `${String(number).padStart(5, '0')}.jpg`), picture);
    }
  };
  const starts = [];
  await put(nobody, quiet * 5);
  for (const { seen } of people) {
    starts.push(number / 5);
    await put(await asFrame(seen), seconds * 5);
    await put(nobody, 10);
  }
  return { folder, starts, seconds: number / 5 };
}

/** A wire that can be cut: passes connections on to the API. */
async function wire(port) {
  const open = new Set();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => {}).on('close', () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  undo.after(() => {
    open.forEach((socket) => socket.destroy());
    server.close();
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true;
      open.forEach((socket) => socket.destroy());
    },
    mend() {
      isCut = false;
    },
  };
}

/** An agent with one camera; `kill` ends it as a power cut would, `start` starts it again. */
async function agent(name, { server, feed, folder, loop = false }) {
  const home = join(scratch, `agent ${name}`);
  await mkdir(home);
  const config = join(home, 'camera.toml');
  await writeFile(config, `server = ${JSON.stringify(server)}
state_dir = ${JSON.stringify(join(home, 'state'))}
[[camera]]
name = ${JSON.stringify(name)}
feed = "${feed.id}"
token = "${feed.token}"
[camera.source]
kind = "folder"
path = ${JSON.stringify(folder)}
fps = 5
loop = ${loop}
`, { mode: 0o600 });
  const made = { log: '' };
  made.start = () => {
    made.child = spawn(program, ['run', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [made.child.stdout, made.child.stderr]) stream.on('data', (chunk) => { made.log += chunk; });
  };
  made.end = (signal) => new Promise((done) => {
    if (made.child.exitCode !== null || made.child.signalCode !== null) done();
    else made.child.once('exit', done).kill(signal);
  });
  undo.after(() => made.end('SIGTERM'));
  made.start();
  return made;
}

async function newFeed(name) {
  const answer = await admin.post('/api/v1/feeds', { name, min_frames: 2, dedup_seconds: 600, reveals: 'state' });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const arrivalsAt = (feed) => admin.all(`/api/v1/arrivals?feed=${feed.id}`);

/** Waits for everybody's arrival at a feed and checks that nobody has two. */
async function everybodyOnce(feed, log, timeoutMs) {
  const seen = await eventually('everybody to have arrived', async () => {
    const items = await arrivalsAt(feed);
    return new Set(items.map(({ person }) => person.name)).size === people.length && items;
  }, { timeoutMs }).catch(async (error) => {
    const names = (await arrivalsAt(feed)).map(({ person }) => person.name);
    throw new Error(`${error.message}; there: ${names}\n${log()}`);
  });
  assert.deepEqual(seen.map(({ person }) => person.name).sort(), people.map(({ name }) => name));
  return seen;
}

const devices = async (feed) => (await admin.get(`/api/v1/feeds/${feed.id}/devices`)).json.devices;

describe('an agent', { skip, timeout: 600_000 }, () => {
  it('sends what moves, and tells how it does', async () => {
    const feed = await newFeed('at the gate');
    const { folder } = await scene('plain');
    const one = await agent('plain', { server: system.url, feed, folder });
    await everybodyOnce(feed, () => one.log, 60_000);
    const [device] = await eventually('a heartbeat with counts', async () => {
      const called = await devices(feed);
      return called[0]?.heartbeat.frames.sent > 0 && called;
    }, { timeoutMs: 30_000 });
    assert.ok(device.online && Math.abs(device.drift_ms) < 2000, JSON.stringify(device));
    assert.match(device.heartbeat.agent, /^attendance-camera \d/);
    assert.ok(!one.log.includes(feed.token), 'the token is in no log');
    await one.end('SIGTERM');
  });

  it('keeps what passes while the network is cut, and sends it afterwards with its own time', async () => {
    const feed = await newFeed('at the far end');
    const { folder, seconds } = await scene('cut', { quiet: 8 });
    const line = await wire(Number(new URL(system.url).port));
    const one = await agent('cut', { server: line.url, feed, folder, loop: true });
    await eventually('a first heartbeat', async () => (await devices(feed)).length === 1, { timeoutMs: 30_000 });
    assert.equal((await arrivalsAt(feed)).length, 0, 'nobody has passed yet');
    line.cut();
    const cutAt = Date.now();
    // Everybody passes at least once while nothing goes through.
    await sleep((seconds + 6) * 1000);
    assert.equal((await arrivalsAt(feed)).length, 0);
    const mendedAt = Date.now();
    line.mend();
    await everybodyOnce(feed, () => one.log, 120_000);
    // Whom the camera sees again before what it kept is through has arrived then, until the kept frame says when.
    await eventually('what was kept to have said when', async () => (
      (await arrivalsAt(feed)).every(({ at }) => Date.parse(at) < mendedAt)
    ), { timeoutMs: 120_000 });
    const arrived = await everybodyOnce(feed, () => one.log, 10_000);
    for (const { at, recorded_at: recorded, person, doubt } of arrived) {
      assert.ok(Date.parse(at) > cutAt - 2000 && Date.parse(at) < mendedAt, `${person.name} passed at ${at}`);
      assert.ok(Date.parse(recorded) >= mendedAt, `${person.name} was written at ${recorded}`);
      assert.equal(doubt, undefined, `${person.name}: the server knows that it did not hear from the camera then`);
    }
    await one.end('SIGTERM');
  });

  it('loses and doubles nobody when agent, API and recognizer are killed again and again', async () => {
    const feed = await newFeed('in a storm');
    const { folder } = await scene('storm');
    const line = await wire(Number(new URL(system.url).port));
    const one = await agent('storm', { server: line.url, feed, folder, loop: true });
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
    await everybodyOnce(feed, () => one.log, 120_000);
    await one.end('SIGTERM');
  });

  it('is told when its token is revoked, keeps its frames, and goes on with a new one', async () => {
    const feed = await newFeed('revoked');
    const { folder } = await scene('revoked');
    const one = await agent('revoked', { server: system.url, feed, folder, loop: true });
    await eventually('a first heartbeat', async () => (await devices(feed)).length === 1, { timeoutMs: 30_000 });
    const rotated = await admin.post(`/api/v1/feeds/${feed.id}/token`, {});
    assert.equal(rotated.status, 201, rotated.text);
    await eventually('the agent to say so', () => /token/i.test(one.log) && /revoked|refused|401/i.test(one.log), { timeoutMs: 60_000 });
    await one.end('SIGTERM');
    assert.equal(one.child.exitCode, 0, one.log);
  });
});
