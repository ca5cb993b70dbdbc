// What survives: kill -9 of the API and of the recognizer while frames stream, a database that is down, a recognizer
// that is down.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
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
