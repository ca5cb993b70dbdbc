// What survives: kill -9 of the API and of the recognizer while frames stream, a database that is down, a recognizer
// that is down, a disk that is full, a supervisor that is killed.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { asFrame, noPhotos, original, photo } from './support/pictures.mjs';
import { System, eventually, sleep, undoing } from './support/system.mjs';

const undo = undoing(after);
let system;
let admin;
let frames;

before(async () => {
  if (noPhotos) return;
  system = await System.start(undo);
  admin = await system.admin();
  for (const [index, file] of [photo.first, photo.second, photo.third].entries()) {
    const answer = await admin.createPerson({ name: `Person ${index + 1}`, external_id: `crash-${index + 1}`, consent: true }, [await original(file)]);
    assert.equal(answer.status, 201, answer.text);
  }
  frames = await Promise.all([photo.firstAgain, photo.second, photo.third].map((file) => asFrame(file)));
});

/** Sends frames to a feed until told to stop; collects every arrival that an answer named. */
function stream(feed, frame, named, stop) {
  const device = system.withToken(feed.token);
  return (async () => {
    while (!stop.stopped) {
      try {
        const answer = await device.frame(feed.id, frame);
        if (answer.status === 200) {
          for (const face of answer.json.faces) if (face.arrival_id) named.add(face.arrival_id);
        }
      } catch {
        // the connection broke: that is what the test is about
      }
      await sleep(150);
    }
  })();
}

describe('kill -9 while frames stream', { skip: noPhotos }, () => {
  for (const part of ['api', 'recognizer']) {
    it(`of the ${part} loses and doubles no arrival`, { timeout: 180_000 }, async () => {
      const dedupSeconds = 2;
      const feeds = [];
      for (let index = 0; index < 3; index += 1) {
        const answer = await admin.post('/api/v1/feeds', { name: `crash ${part} ${index}`, dedup_seconds: dedupSeconds, min_frames: 2 });
        assert.equal(answer.status, 201, answer.text);
        feeds.push(answer.json);
      }
      const named = new Set();
      const stop = { stopped: false };
      const streams = feeds.map((feed, index) => stream(feed, frames[index], named, stop));
      try {
        await eventually('arrivals before the crash', () => named.size >= feeds.length, { timeoutMs: 20_000 });
        for (let crash = 0; crash < 3; crash += 1) {
          const { pids } = await system.running();
          await system.kill(part);
          await eventually(`a new ${part}`, async () => (await system.running()).pids[part] !== pids[part], { timeoutMs: 20_000 });
          await system.ready();
          const since = named.size;
          await eventually('arrivals after the crash', () => named.size > since, { timeoutMs: 20_000 });
        }
      } finally {
        stop.stopped = true;
        await Promise.all(streams);
      }

      const rows = [];
      for (const feed of feeds) rows.push(...await admin.all(`/api/v1/arrivals?feed=${feed.id}`));
      const times = new Map();
      for (const row of rows) times.set(row.id, (times.get(row.id) ?? 0) + 1);
      assert.deepEqual([...named].filter((id) => times.get(id) !== 1), [], 'every arrival that was answered is there once');
      for (const feed of feeds) {
        const at = rows.filter((row) => row.feed.id === feed.id).map((row) => Date.parse(row.at)).sort((a, b) => a - b);
        const close = at.slice(1).filter((time, index) => time - at[index] < dedupSeconds * 1000);
        assert.deepEqual(close, [], 'no two arrivals of a person within the window');
      }
    });
  }
});

describe('parts that are down', { skip: noPhotos }, () => {
  it('answers 503 while the database is down and recovers without a restart', { timeout: 120_000 }, async () => {
    await system.ready();
    const feed = (await admin.post('/api/v1/feeds', { name: 'down: database', dedup_seconds: 1, min_frames: 1 })).json;
    const { pids } = await system.running();
    const startDatabase = await system.stopDatabase();
    try {
      const list = await eventually('a 503', async () => {
        const answer = await admin.get('/api/v1/people');
        return answer.status === 503 && answer;
      });
      assert.equal(list.json.error.code, 'database_unavailable');
      assert.ok(Number(list.headers.get('retry-after')) > 0);
      assert.ok(!/postgres|sqlstate|socket|connection refused|diesel/i.test(list.text), `no cause for strangers: ${list.text}`);
      const { email, password } = await system.firstAdmin();
      assert.equal((await system.anonymous().post('/api/v1/session', { email, password })).status, 503, 'never 401');
      assert.equal((await system.anonymous().get('/readyz')).status, 503);
      assert.equal((await system.anonymous().get('/livez')).status, 200);
      const health = await system.anonymous().get('/api/v1/health');
      assert.equal(health.status, 503);
      assert.equal(health.json.database, 'down');
      assert.equal((await system.withToken(feed.token).frame(feed.id, frames[0])).status, 503);
    } finally {
      await startDatabase();
    }
    await system.ready();
    assert.equal((await admin.get('/api/v1/people')).status, 200);
    assert.equal((await system.running()).pids.api, pids.api, 'the same API process');
    const face = await eventually('an arrival', async () => {
      const answer = await system.withToken(feed.token).frame(feed.id, frames[0]);
      return answer.json?.faces?.[0]?.arrival_id;
    });
    assert.ok(face);
  });

  it('answers frames with 503 at once while the recognizer is down and recovers', { timeout: 120_000 }, async () => {
    const feed = (await admin.post('/api/v1/feeds', { name: 'down: recognizer', min_frames: 1 })).json;
    const device = system.withToken(feed.token);
    assert.equal((await device.frame(feed.id, frames[0])).status, 200);
    await system.kill('recognizer');
    const since = Date.now();
    const answer = await device.frame(feed.id, frames[0]);
    const tookMs = Date.now() - since;
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.json.error.code, 'recognizer_unavailable');
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    assert.ok(tookMs < 500, `at once, not after ${tookMs} ms`);
    assert.equal((await system.anonymous().get('/readyz')).status, 200, 'readiness does not depend on the recognizer');
    await system.ready();
    await eventually('frames to work again', async () => (await device.frame(feed.id, frames[0])).status === 200);
  });

  it('answers frames with 503 in time while the recognizer hangs', { timeout: 120_000 }, async () => {
    await system.ready();
    const feed = (await admin.post('/api/v1/feeds', { name: 'down: slow recognizer', min_frames: 1 })).json;
    const device = system.withToken(feed.token);
    const { pids } = await system.running();
    process.kill(pids.recognizer, 'SIGSTOP');
    try {
      const since = Date.now();
      const answer = await device.frame(feed.id, frames[0]);
      assert.equal(answer.status, 503, answer.text);
      assert.ok(Date.now() - since < 5000, `after ${Date.now() - since} ms`);
    } finally {
      process.kill(pids.recognizer, 'SIGCONT');
    }
    await eventually('frames to work again', async () => (await device.frame(feed.id, frames[0])).status === 200);
  });

  it('keeps no face, embedding or password in the logs', async () => {
    const { password } = await system.firstAdmin();
    for (const name of ['api', 'recognizer', 'migrate']) {
      const text = await readFile(`${system.data}/log/${name}.log`, 'utf8');
      assert.ok(!text.includes(password), `${name}.log holds the password`);
      assert.ok(!/(-?\d\.\d{4,}, ){16}/.test(text), `${name}.log holds what looks like an embedding`);
    }
  });
});

const lives = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const answers = async (url) => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};

/** A disk of a test's own, of 192 MB; answers its folder, or why there is none. */
function smallDisk(folder) {
  if (process.getuid() !== 0) return 'only root can mount a disk of a test\'s own';
  const { status, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=192m,mode=711', 'attendance-test', folder]);
  return status === 0 ? undefined : `a disk of a test's own cannot be mounted (${error?.message ?? `mount ended with ${status}`})`;
}

describe('a full disk', () => {
  it('takes nothing down for longer than its parts take to start', { timeout: 240_000 }, async (t) => {
    const disk = await mkdtemp(join(tmpdir(), 'attendance-disk-'));
    const noDisk = smallDisk(disk);
    const steps = [];
    t.after(async () => {
      try {
        for (const step of steps) await step();
      } finally {
        if (!noDisk) spawnSync('umount', ['--lazy', disk]);
        await rm(disk, { recursive: true });
      }
    });
    if (noDisk) return t.skip(noDisk);
    const fill = join(disk, 'fill');
    steps.push(() => rm(fill, { force: true }));
    const system = await System.start({ after: (step) => steps.push(step) }, { ATTENDANCE_DATA: join(disk, 'data') });
    const before = await system.running();
    const recognizer = `${before.recognizer_url}/readyz`;

    const fillUp = async () => {
      const file = await open(fill, 'w');
      const write = async (piece) => {
        for (;;) await file.write(piece);
      };
      for (const bytes of [1 << 20, 512]) await assert.rejects(write(Buffer.alloc(bytes, 1)), { code: 'ENOSPC' });
      await file.close();
    };
    const died = async (part, isBack) => {
      await eventually(`the end of the ${part}`, async () => !await isBack(), { everyMs: 20 });
      await eventually(`a new ${part}`, isBack, { timeoutMs: 40_000 });
    };
    const healthy = () => answers(`${system.url}/api/v1/health`);

    await fillUp();
    process.kill(before.pids.recognizer, 'SIGKILL');
    await died('recognizer', () => answers(recognizer));
    process.kill(before.pids.api, 'SIGKILL');
    await died('api', healthy);
    assert.ok(lives(before.pids.supervisor), 'the supervisor goes on');
    assert.deepEqual(await system.running(), before, 'what could not be written is as it was');

    await rm(fill);
    const after = await eventually('run.json to name what runs', async () => {
      const now = await system.running();
      return now.pids.recognizer !== before.pids.recognizer && now.pids.api !== before.pids.api && now;
    });
    assert.equal(after.pids.supervisor, before.pids.supervisor);
    assert.ok(Object.values(after.pids).every(lives));

    // PostgreSQL cannot start where there is no space for its process id. That is no order to leave it alone.
    await fillUp();
    process.kill(after.pids.postgres, 'SIGKILL');
    await eventually('no database', async () => !await healthy());
    await sleep(4000);
    assert.ok(lives(after.pids.supervisor), 'the supervisor goes on');
    await rm(fill);
    await system.ready({ timeoutMs: 60_000 });
    await eventually('run.json to name the new PostgreSQL', async () => (await system.running()).pids.postgres !== after.pids.postgres);

    // Nor is anything started then, and nothing is half written that a later start reads.
    await system.script('stop.sh');
    await fillUp();
    await assert.rejects(system.script('start.sh', '--built'), /cannot be written/);
    await rm(fill);
    await system.script('start.sh', '--built');
    await system.ready();
  });
});

describe('a supervisor that is killed', () => {
  it('leaves nothing that keeps the next one from starting', { timeout: 240_000 }, async () => {
    const shims = await mkdtemp(join(tmpdir(), 'attendance-shims-'));
    undo.after(() => rm(shims, { recursive: true }));
    // Where `slow` is there, a part says that it begins and stays for a second where the kernel does not know yet that it
    // is to end with its supervisor.
    await writeFile(join(shims, 'setpriv'), `#!/bin/sh
if [ "$1" = --pdeathsig ] && [ -e '${shims}/slow' ]; then echo $$ >'${shims}/begins'; sleep 1; fi
PATH=\${PATH#*:} exec setpriv "$@"
`);
    await chmod(join(shims, 'setpriv'), 0o755);
    const system = await System.start(undo, { PATH: `${shims}:${process.env.PATH}` });
    const before = await system.running();

    await writeFile(join(shims, 'slow'), '');
    process.kill(before.pids.recognizer, 'SIGKILL');
    const begins = await eventually('a recognizer that begins', async () => Number(await readFile(join(shims, 'begins'), 'utf8')), { everyMs: 20 });
    process.kill(before.pids.supervisor, 'SIGKILL');
    await eventually('the end of all parts', () => ![begins, ...Object.values(before.pids)].some(lives), { timeoutMs: 20_000 });
    await rm(join(shims, 'slow'));

    await system.script('start.sh', '--built');
    const second = await system.running();
    const environ = (await readFile(`/proc/${second.pids.recognizer}/environ`, 'utf8')).split('\0').filter(Boolean);
    const env = Object.fromEntries(environ.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    const program = (await readFile(`/proc/${second.pids.recognizer}/cmdline`, 'utf8')).split('\0')[0];
    process.kill(second.pids.supervisor, 'SIGKILL');
    await eventually('the end of all parts', () => !Object.values(second.pids).some(lives), { timeoutMs: 20_000 });
    // A part whose supervisor is gone all the same, and which no file names.
    const left = spawn(program, ['serve'], { env, stdio: 'ignore' });
    const end = new Promise((done) => left.once('exit', (code, signal) => done(signal ?? code)));
    await eventually('what is left to answer', () => answers(`${second.recognizer_url}/readyz`));
    await rm(join(system.data, 'run.json'), { force: true });

    const { stdout } = await system.script('start.sh', '--built');
    assert.match(stdout, /is ready/);
    await end;
    assert.equal(await answers(`${system.url}/api/v1/health`), true);
  });
});
