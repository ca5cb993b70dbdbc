// What goes wrong beside a camera, at a real system that is reached by TLS with its own certificate: a certificate of
// somebody else, broken pictures, a clock an hour off, a full disk, two agents with one token, a camera that gives more
// than anybody can use. It is said clearly, survived and counted.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import {
  agent, arrivalsAt, atTheirTime, devices, enrolPeople, everybodyOnce, newFeed, noAgent as skip, people, program, scene, wire,
} from './support/agents.mjs';
import { Clock, noClock } from './support/clock.mjs';
import { asFrame } from './support/pictures.mjs';
import { System, eventually, sleep, undoing } from './support/system.mjs';

const run = promisify(execFile);
const HOUR = 3_600_000;
const undo = undoing(after);
let system;
let admin;
let scratch;
let trust;

before(async () => {
  if (skip) return;
  scratch = await mkdtemp(join(tmpdir(), 'attendance-hazards-'));
  undo.after(() => rm(scratch, { recursive: true, force: true }));
  system = await System.start(undo, { ATTENDANCE_TLS: 'self' });
  assert.match(system.url, /^https:/);
  // The test's own requests; what the agents trust is what is tested.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  trust = join(system.data, 'tls/certificate.pem');
  admin = await system.admin();
  await enrolPeople(admin);
});

const trusting = (file = trust) => `ca_file = ${JSON.stringify(file)}`;

const start = (name, options) => agent(undo, scratch, name, { server: system.url, top: trusting(), ...options });

const called = (feed, what, probe) => eventually(what, async () => (await devices(admin, feed)).find(probe), { timeoutMs: 40_000, everyMs: 300 });

/** A camera that sends what `next` gives, so many times a second. */
async function mjpeg(fps, next) {
  const server = createServer(async (_, response) => {
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
    for (let index = 0; !response.destroyed; index += 1) {
      const picture = next(index);
      response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      response.write(picture);
      response.write('\r\n');
      await sleep(1000 / fps);
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  undo.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `kind = "http"\nurl = "http://127.0.0.1:${server.address().port}/"\n`;
}

/** Processor seconds and resident megabytes of a process, its children left out. */
async function used(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(')').at(-1).trim().split(' ');
  const peak = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1];
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, megabytes: Number(peak) / 1000 };
}

describe('an agent', { skip, concurrency: 4, timeout: 240_000 }, () => {
  it('trusts the certificate that it is told to trust and no other, and says so', async () => {
    const feed = await newFeed(admin, 'trust');
    const other = join(scratch, 'other.pem');
    await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=Attendance',
      '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(scratch, 'other.key'), '-out', other]);
    const { folder } = await scene(scratch, 'trust', { quiet: 1, seconds: 2, between: 1 });
    const tried = async (name, top) => {
      const one = await start(name, { feed, folder, top, loop: true });
      await eventually('the agent to say so', () => /the server is away[^\n]*certificate/.test(one.log), { timeoutMs: 15_000 }).catch((error) => {
        throw new Error(`${error.message}\n${one.log}`);
      });
      await one.end('SIGTERM');
      const test = await run(program, ['test', '--config', one.config]).catch((error) => error);
      assert.ok(test.code > 0, `exit code ${test.code}`);
      assert.match(test.stdout + test.stderr, /WRONG: [^\n]*certificate/);
      assert.doesNotMatch(test.stdout + test.stderr + one.log, new RegExp(feed.token));
    };
    await Promise.all([tried('another authority', trusting(other)), tried('the authorities of the system', '')]);
    assert.deepEqual(await devices(admin, feed), [], 'nobody called');
    const one = await start('the right authority', { feed, folder, loop: true });
    await everybodyOnce(admin, feed, () => one.log, 40_000);
    await one.end('SIGTERM');
    const test = await run(program, ['test', '--config', one.config]);
    assert.match(test.stdout, /the server is there and the token opens the feed/);
  });

  it('leaves broken pictures of a stream out and counts them', async () => {
    const feed = await newFeed(admin, 'broken pictures');
    const faces = await Promise.all(people.map(({ seen }) => asFrame(seen)));
    const broken = [
      (jpeg) => jpeg.subarray(0, jpeg.length / 3),
      (jpeg) => Buffer.concat([jpeg.subarray(0, 600), Buffer.alloc(jpeg.length - 600, 0x5a)]),
      (jpeg) => Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(500, 0xff)]),
      () => Buffer.from('no picture at all'),
    ];
    const source = await mjpeg(6, (index) => {
      const face = faces[Math.floor(index / 30) % faces.length];
      return index % 3 === 2 ? broken[Math.floor(index / 3) % broken.length](face) : face;
    });
    const one = await start('broken pictures', { feed, source });
    await everybodyOnce(admin, feed, () => one.log, 60_000);
    const { heartbeat } = await called(feed, 'broken pictures to be counted', (device) => device.heartbeat.frames.corrupt >= 6);
    assert.equal(heartbeat.source.state, 'running', JSON.stringify(heartbeat));
    assert.equal(heartbeat.frames.refused, 0, 'none was left to the server');
    await one.end('SIGTERM');
  });

  for (const [which, off] of [['ahead', HOUR], ['behind', -HOUR]]) {
    it(`whose clock is an hour ${which} dates by the server's, also what it kept`, { skip: noClock }, async () => {
      const feed = await newFeed(admin, `an hour ${which}`);
      const clock = await Clock.make(undo, off);
      const line = await wire(undo, Number(new URL(system.url).port));
      const shown = await scene(scratch, which, { quiet: 5, seconds: 4, between: 2 });
      const one = await start(which, { server: `https://127.0.0.1:${new URL(line.url).port}`, feed, folder: shown.folder, env: clock.env });
      const began = await one.takenUp;
      const { drift_ms: drift } = await called(feed, 'a heartbeat', () => true);
      assert.ok(Math.abs(drift - off) < 2000, `a drift of ${drift} ms is told`);
      // The first is seen at once; the second and the third pass while the line is cut.
      await sleep(began + (shown.starts[1] - 0.5) * 1000 - Date.now());
      line.cut();
      await sleep(began + shown.seconds * 1000 + 500 - Date.now());
      assert.equal((await arrivalsAt(admin, feed)).length, 1);
      line.mend();
      atTheirTime(await everybodyOnce(admin, feed, () => one.log, 60_000), shown, began, { seconds: 4 });
      await one.end('SIGTERM');
    });
  }

  it('whose disk is full says so, counts what is lost and goes on', { skip: process.getuid() === 0 ? false : 'a small disk needs root' }, async () => {
    const feed = await newFeed(admin, 'full');
    const line = await wire(undo, Number(new URL(system.url).port));
    const { folder } = await scene(scratch, 'full', { quiet: 3, seconds: 3, between: 1 });
    const disk = join(scratch, 'small disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', disk]);
    let one;
    undo.after(async () => {
      await one?.end('SIGKILL');
      await run('umount', [disk]);
    });
    one = await start('full', {
      server: `https://127.0.0.1:${new URL(line.url).port}`, feed, folder, loop: true, state: disk,
    });
    await called(feed, 'a heartbeat', () => true);
    line.cut();
    await eventually('the agent to say so', () => /the state folder cannot be written/.test(one.log), { timeoutMs: 40_000 });
    line.mend();
    await everybodyOnce(admin, feed, () => one.log, 60_000);
    const { heartbeat } = await called(feed, 'what was lost to be counted and what was kept to be sent', ({ heartbeat: { frames, backlog } }) => (
      frames.lost > 0 && frames.replayed > 0 && backlog.frames === 0
    ));
    assert.ok(heartbeat.frames.sent > 0 && one.child.exitCode === null, JSON.stringify(heartbeat));
    await one.end('SIGTERM');
  });

  it('that shares its token with another is told, and nobody arrives twice', async () => {
    const feed = await newFeed(admin, 'shared');
    const { folder } = await scene(scratch, 'shared', { quiet: 2, seconds: 4, between: 1 });
    const both = await Promise.all(['one', 'another'].map((name) => start(name, { feed, folder, loop: true })));
    await eventually('both to be told', () => both.some(({ log }) => /the server warns/.test(log)), { timeoutMs: 40_000 }).catch((error) => {
      throw new Error(`${error.message}\n${both.map(({ log }) => log).join('\n--\n')}`);
    });
    await everybodyOnce(admin, feed, () => both[0].log, 60_000);
    const list = await devices(admin, feed);
    assert.equal(list.filter(({ online }) => online).length, 2);
    for (const { heartbeat } of list) assert.ok(heartbeat.frames.sent > 0, JSON.stringify(heartbeat.frames));
    await Promise.all(both.map((one) => one.end('SIGTERM')));
  });

  it('with a camera of 4K at sixty a second takes what it needs and no more', async () => {
    const feed = await newFeed(admin, 'more than enough', { device: { active_fps: 5 } });
    const clip = join(scratch, '4k.mp4');
    await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=3840x2160:r=60:d=1', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '60', '-pix_fmt', 'yuv420p', clip]);
    const one = await start('more than enough', { feed, source: `kind = "file"\npath = ${JSON.stringify(clip)}\nloop = true\n` });
    await eventually('pictures', async () => (await devices(admin, feed))[0]?.heartbeat.frames.sent > 0, { timeoutMs: 40_000 });
    const [before, since] = [await used(one.child.pid), Date.now()];
    await sleep(10_000);
    const now = await used(one.child.pid);
    const share = (now.seconds - before.seconds) / ((Date.now() - since) / 1000);
    const { heartbeat: { source, frames } } = await called(feed, 'a rate', ({ heartbeat }) => heartbeat.source.fps > 0 && heartbeat.frames.captured > 20);
    assert.ok(source.width === 1280 && source.fps <= 6, JSON.stringify(source));
    assert.ok(share < 0.15, `${(share * 100).toFixed(0)} % of a core beside the decoder`);
    assert.ok(now.megabytes < 100, `${now.megabytes} MB`);
    assert.equal(frames.captured - frames.sent - frames.still - frames.dropped - frames.stored <= 3, true, JSON.stringify(frames));
    await one.end('SIGTERM');
  });
});
