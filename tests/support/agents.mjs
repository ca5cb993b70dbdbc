// Camera agents as processes, what they see, and the lines between them and the server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

import { asFrame, ffmpeg, noPhotos, original, photo } from './pictures.mjs';
import { eventually, target } from './system.mjs';

export const program = join(target, 'release/attendance-camera');
export const noAgent = noPhotos || (existsSync(program) ? false : 'the agent is not built');

/** Whom cameras see: enrolled with one photo, seen on another where there is one. */
export const people = [
  { name: 'Person 1', enrolled: photo.first, seen: photo.firstAgain },
  { name: 'Person 2', enrolled: photo.second, seen: photo.second },
  { name: 'Person 3', enrolled: photo.third, seen: photo.third },
];
export const names = people.map(({ name }) => name);

export async function enrolPeople(admin) {
  for (const [index, { name, enrolled }] of people.entries()) {
    const answer = await admin.createPerson({ name, external_id: `agent-${index}`, consent: true }, [await original(enrolled)]);
    assert.equal(answer.status, 201, answer.text);
  }
}

const emptyPicture = (width, height) => ffmpeg(['-f', 'lavfi', '-i', `color=gray:s=${width}x${height}`, '-frames:v', '1', '-q:v', '3']);

/**
 * A folder of pictures: nobody for `quiet` seconds, then each person for `seconds`, with nobody for `between` seconds after
 * them. `starts` are the seconds at which people come.
 */
export async function scene(scratch, name, { seconds = 4, quiet = 2, between = 2, fps = 5, width = 1280, height = 720 } = {}) {
  const folder = join(scratch, name);
  await mkdir(folder);
  const nobody = await emptyPicture(width, height);
  let number = 0;
  const put = async (picture, count) => {
    for (let index = 0; index < count; index += 1, number += 1) {
      await writeFile(join(folder, `${String(number).padStart(5, '0')}.jpg`), picture);
    }
  };
  const starts = [];
  await put(nobody, Math.round(quiet * fps));
  for (const { seen } of people) {
    starts.push(number / fps);
    await put(await asFrame(seen, { width, height }), Math.round(seconds * fps));
    await put(nobody, Math.round(between * fps));
  }
  return { folder, starts, seconds: number / fps };
}

/** A wire that can be cut: passes connections on to the API. */
export async function wire(undo, port) {
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

/**
 * An agent with one camera, whose first picture comes when it is `takenUp`; `kill` ends it as a power cut would, `start` starts it again. `source` and `top` are lines
 * of TOML; `before` is what it is started through, such as `ip netns exec`.
 */
export async function agent(undo, scratch, name, { server, feed, folder, loop = false, fps = 5, source, top = '', state, before = [], env = {} }) {
  const home = join(scratch, `agent ${name}`);
  await mkdir(home);
  const config = join(home, 'camera.toml');
  const camera = source ?? `kind = "folder"\npath = ${JSON.stringify(folder)}\nfps = ${fps}\nloop = ${loop}\n`;
  await writeFile(config, `server = ${JSON.stringify(server)}
state_dir = ${JSON.stringify(state ?? join(home, 'state'))}
${top}
[[camera]]
name = ${JSON.stringify(name)}
feed = "${feed.id}"
token = "${feed.token}"
[camera.source]
${camera}`, { mode: 0o600 });
  const made = { log: '', home, config };
  made.start = () => {
    const [first, ...rest] = [...before, program, 'run', '--config', config];
    made.child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    made.takenUp = new Promise((done) => {
      for (const stream of [made.child.stdout, made.child.stderr]) {
        stream.on('data', (chunk) => {
          made.log += chunk;
          if (/taken up/.test(chunk)) done(Date.now());
        });
      }
    });
  };
  made.end = (signal) => new Promise((done) => {
    if (made.child.exitCode !== null || made.child.signalCode !== null) done();
    else made.child.once('exit', done).kill(signal);
  });
  undo.after(() => made.end('SIGTERM'));
  made.start();
  return made;
}

/** A feed; `device` says how its agent is to work, where it is other than usual. */
export async function newFeed(admin, name, { device, ...more } = {}) {
  const made = await admin.post('/api/v1/feeds', { name, min_frames: 2, dedup_seconds: 600, reveals: 'state', ...more });
  assert.equal(made.status, 201, made.text);
  if (device) {
    const usual = { max_width: 1280, jpeg_quality: 80, idle_fps: 1, active_fps: 10, motion_share: 0.005, keep_mb: 1000, keep_hours: 24 };
    const changed = await admin.patch(`/api/v1/feeds/${made.json.id}`, { device_settings: { ...usual, ...device } });
    assert.equal(changed.status, 200, changed.text);
  }
  return made.json;
}

export const arrivalsAt = (admin, feed) => admin.all(`/api/v1/arrivals?feed=${feed.id}`);

/** Waits for everybody's arrival at a feed and checks that nobody has two. */
export async function everybodyOnce(admin, feed, log, timeoutMs) {
  const seen = await eventually('everybody to have arrived', async () => {
    const items = await arrivalsAt(admin, feed);
    return new Set(items.map(({ person }) => person.name)).size === people.length && items;
  }, { timeoutMs }).catch(async (error) => {
    const there = (await arrivalsAt(admin, feed)).map(({ person }) => person.name);
    throw new Error(`${error.message}; there: ${there}\n${log()}`);
  });
  assert.deepEqual(seen.map(({ person }) => person.name).sort(), names);
  return seen;
}

export const devices = async (admin, feed) => (await admin.get(`/api/v1/feeds/${feed.id}/devices`)).json.devices;

/** Waits for a heartbeat of after `since` (the server's time) that says that nothing waits any more. */
export async function drained(admin, feed, since, { timeoutMs = 90_000, log } = {}) {
  return eventually('all that was kept to be sent', async () => (
    (await devices(admin, feed)).find(({ received_at: at, heartbeat }) => Date.parse(at) > since && heartbeat.backlog.frames === 0)
  ), { timeoutMs, everyMs: 300 }).catch(async (error) => {
    throw new Error(`${error.message}\n${JSON.stringify(await devices(admin, feed))}\n${log?.() ?? ''}`);
  });
}

/**
 * Checks that each person's arrival has the time at which the scene shows them: `began` is when its first picture was shown,
 * `seconds` how long they stay, `slackMs` what a clock and a first undecided frame leave open. Where the server heard from
 * the feed all the while, it may doubt a late frame's time (`believed: false`).
 */
export function atTheirTime(arrived, shown, began, { seconds, slackMs = 1500, believed = true }) {
  for (const { person, at, doubt } of arrived) {
    const into = Date.parse(at) - began - shown.starts[names.indexOf(person.name)] * 1000;
    assert.ok(into > -slackMs && into < seconds * 1000 + slackMs, `${person.name} is dated ${into} ms after coming into view`);
    if (believed) assert.equal(doubt, undefined, `${person.name}'s time is believed`);
  }
}
