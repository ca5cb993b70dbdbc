// The HTTP contract as an outside client meets it: what works, who may do what, and what bad input gets.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { asFrame, ffmpeg, noPhotos, original, photo, png, wrongPictures } from './support/pictures.mjs';
import { System, eventually, undoing } from './support/system.mjs';

const undo = undoing(after);
let system;
let admin;

before(async () => {
  system = await System.start(undo);
  admin = await system.admin();
});

/** An error answer in the one shape that errors have. */
function assertError(answer, status, code) {
  assert.ok([status].flat().includes(answer.status), `expected ${status}, got ${answer.status}: ${answer.text}`);
  const { error } = answer.json ?? {};
  assert.ok(error, `no error body: ${answer.text}`);
  assert.equal(typeof error.code, 'string');
  assert.ok(error.message.length > 10, `a message for a person: ${error.message}`);
  assert.ok(error.request_id, 'a request id');
  if (code) assert.equal(error.code, code);
  return error;
}

async function count() {
  return (await admin.get('/api/v1/people/count')).json.count;
}

async function createFeed(name, more = {}) {
  const answer = await admin.post('/api/v1/feeds', { name, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

/** Sends a picture until its largest face is settled. */
async function settle(client, feed, bytes, headers) {
  let face;
  for (let frame = 0; frame < 8; frame += 1) {
    const answer = await client.frame(feed, bytes, headers);
    assert.equal(answer.status, 200, answer.text);
    [face] = answer.json.faces;
    if (face?.state === 'known') return face;
  }
  return face;
}

describe('who may do what', () => {
  it('answers strangers on public paths alone', async () => {
    const stranger = system.anonymous();
    for (const path of ['/api/v1/health', '/livez', '/readyz', '/api/v1/openapi.json', '/']) {
      assert.equal((await stranger.get(path)).status, 200, path);
    }
    assert.ok([200, 302, 303, 307].includes((await stranger.get('/api/docs/')).status));
    const closed = ['/session', '/people', '/people/count', '/feeds', '/arrivals', '/arrivals/events', '/today', '/settings',
      '/model', '/watch', '/people/019a0000-0000-7000-8000-000000000000', '/feeds/019a0000-0000-7000-8000-000000000000/stream'];
    for (const path of closed) assertError(await stranger.get(`/api/v1${path}`), 401);
    assert.equal((await stranger.get('/metrics')).headers.get('content-type')?.startsWith('text/html') ?? true, true,
      'metrics are not served on the public port');
  });

  it('keeps every operation of openapi.json behind a sign-in, but for the public ones', async () => {
    const open = new Set(['get /api/v1/health', 'get /livez', 'get /readyz', 'post /api/v1/session', 'get /api/v1/openapi.json',
      'post /api/v1/invitations/acceptance', 'post /api/v1/kiosk/pairing',
      'get /api/v1/session/oidc', 'get /api/v1/session/oidc/callback', 'get /api/v1/session/oidc/start', 'post /api/v1/session/oidc/second-factor']);
    const { json } = await system.anonymous().get('/api/v1/openapi.json');
    let checked = 0;
    for (const [path, operations] of Object.entries(json.paths)) {
      for (const method of Object.keys(operations)) {
        if (!['get', 'post', 'put', 'patch', 'delete'].includes(method) || open.has(`${method} ${path}`)) continue;
        const answer = await system.anonymous().request(method.toUpperCase(), path.replace(/\{[^}]+\}/g, '019a0000-0000-7000-8000-000000000000'));
        assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`);
        checked += 1;
      }
    }
    assert.ok(checked >= 20, `only ${checked} operations in the document`);
  });

  it('refuses wrong credentials and says who is signed in', async () => {
    const { email } = await system.firstAdmin();
    assertError(await system.anonymous().post('/api/v1/session', { email, password: 'not this one' }), 401, 'wrong_credentials');
    const me = await admin.get('/api/v1/session');
    assert.equal(me.status, 200);
    assert.equal(me.json.user.email, email);
    assert.equal(me.json.user.role, 'admin');
  });

  it('ends a session when its owner signs out', async () => {
    const other = await system.admin();
    assert.equal((await other.get('/api/v1/people')).status, 200);
    assert.equal((await other.delete('/api/v1/session')).status, 204);
    assertError(await other.get('/api/v1/people'), 401);
  });

  it('refuses a cookie request from another site', async () => {
    const answer = await admin.post('/api/v1/feeds', { name: 'forged' }, { origin: 'https://elsewhere.example' });
    assertError(answer, 403, 'wrong_origin');
  });

  it('throttles failed sign-ins of one account without locking others out', async () => {
    const guess = () => system.anonymous().post('/api/v1/session', { email: 'nobody@attendance.example', password: 'guess' });
    const answers = [];
    for (let attempt = 0; attempt < 12; attempt += 1) answers.push(await guess());
    assert.equal(answers[0].status, 401);
    assertError(answers.at(-1), 429, 'too_many_requests');
    assert.ok(Number(answers.at(-1).headers.get('retry-after')) > 0);
    assert.equal((await (await system.admin()).get('/api/v1/session')).status, 200);
  });

  it('lets a guard see and change nothing', { skip: noPhotos }, async () => {
    const guard = await system.user('guard@attendance.example', 'guard');
    for (const path of ['/people', '/people/count', '/arrivals', '/feeds', '/today']) {
      assert.equal((await guard.get(`/api/v1${path}`)).status, 200, path);
    }
    const feed = await createFeed('guard: door');
    assertError(await guard.createPerson({ name: 'No', external_id: 'guard-1' }), 403, 'forbidden');
    assertError(await guard.post('/api/v1/feeds', { name: 'guard: own' }), 403, 'forbidden');
    assertError(await guard.patch(`/api/v1/feeds/${feed.id}`, { name: 'guard: renamed' }), 403, 'forbidden');
    assertError(await guard.delete(`/api/v1/feeds/${feed.id}`), 403, 'forbidden');
    assertError(await guard.post(`/api/v1/feeds/${feed.id}/token`, {}), 403, 'forbidden');
    assertError(await guard.frame(feed.id, await asFrame(photo.third)), 403, 'forbidden');
    assertError(await guard.put('/api/v1/settings', { site_name: 'x', timezone: 'UTC' }), 403, 'forbidden');
  });

  it('opens to a feed token its own frames and nothing else', { skip: noPhotos }, async () => {
    const mine = await createFeed('token: mine');
    const other = await createFeed('token: other');
    const device = system.withToken(mine.token);
    const frame = await asFrame(photo.third);
    assert.equal((await device.frame(mine.id, frame)).status, 200);
    assertError(await device.frame(other.id, frame), 403, 'forbidden');
    for (const path of ['/people', '/arrivals', '/feeds', '/settings']) {
      assertError(await device.get(`/api/v1${path}`), [401, 403]);
    }
    assertError(await system.withToken('made-up').frame(mine.id, frame), 401);
    const renewed = await admin.post(`/api/v1/feeds/${mine.id}/token`, {});
    assert.equal((await system.withToken(renewed.json.token).frame(mine.id, frame)).status, 200);
    assertError(await device.frame(mine.id, frame), 401);
  });
});

describe('people, feeds and arrivals', { skip: noPhotos }, () => {
  let person;

  before(async () => {
    const answer = await admin.createPerson(
      { name: 'Zoë Example', external_id: 'contract-1', groups: ['Night shift'], consent: true },
      [await original(photo.first)],
    );
    assert.equal(answer.status, 201, answer.text);
    person = answer.json;
  });

  it('answers a create with the object itself', () => {
    assert.equal(person.name, 'Zoë Example');
    assert.equal(person.external_id, 'contract-1');
    assert.equal(person.photos.length, 1);
    assert.deepEqual(person.photos[0].quality, { ok: true, reasons: [] });
    assert.equal(person.groups[0].name, 'Night shift');
  });

  it('finds people by name whatever the accents', async () => {
    for (const query of ['zoe', 'Zoë', 'exam', 'contract-1']) {
      const { json } = await admin.get(`/api/v1/people?query=${encodeURIComponent(query)}`);
      assert.ok(json.items.some(({ id }) => id === person.id), `query ${query}`);
    }
    const { json } = await admin.get('/api/v1/people?query=xylophone');
    assert.deepEqual(json.items, []);
  });

  it('gives the photo back without its metadata and never to a cache', async () => {
    const answer = await admin.get(`/api/v1/people/${person.id}/photos/${person.photos[0].id}`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^image\//);
    assert.match(answer.headers.get('cache-control'), /no-store/);
    assert.ok(!answer.bytes.includes('Exif'), 'no EXIF block');
  });

  it('recognises a new person at once, logs one arrival and pushes it', async () => {
    const feed = await createFeed('arrivals: door');
    const abort = new AbortController();
    const events = admin.events('/api/v1/arrivals/events', { signal: abort.signal });
    const next = events.next();
    const face = await settle(system.withToken(feed.token), feed.id, await asFrame(photo.firstAgain));
    assert.equal(face.state, 'known');
    assert.equal(face.person.id, person.id);
    assert.ok(face.arrival_id);
    assert.ok(face.similarity > 0 && face.similarity <= 1);
    const again = await settle(system.withToken(feed.token), feed.id, await asFrame(photo.firstOnceMore), { 'x-stream': 'second' });
    assert.equal(again.arrival_id, face.arrival_id, 'inside the window it is the same arrival');

    let event = (await next).value;
    while (JSON.parse(event.data).id !== face.arrival_id) event = (await events.next()).value;
    abort.abort();
    assert.equal(event.event, 'arrival');
    const arrival = JSON.parse(event.data);
    assert.equal(arrival.person.name, 'Zoë Example');
    assert.equal(arrival.feed.id, feed.id);
    assert.equal(arrival.method, 'face');

    const rows = await admin.all(`/api/v1/arrivals?person=${person.id}&feed=${feed.id}`);
    assert.equal(rows.length, 1);
    assert.equal(rows[0].id, face.arrival_id);
    const byName = await admin.all('/api/v1/arrivals?query=zoe');
    assert.ok(byName.some(({ id }) => id === face.arrival_id));
  });

  it('resumes the event stream after the last event that was seen', async () => {
    const feed = await createFeed('arrivals: resume', { dedup_seconds: 1, min_frames: 1 });
    const device = system.withToken(feed.token);
    const frame = await asFrame(photo.firstAgain);
    const abort = new AbortController();
    const events = admin.events('/api/v1/arrivals/events', { signal: abort.signal });
    const first = events.next();
    await settle(device, feed.id, frame);
    const seen = (await first).value;
    abort.abort();
    const missed = await eventually('an arrival while nobody listens', async () => {
      const face = await settle(device, feed.id, frame, { 'x-stream': `s${Date.now()}` });
      return face.arrival_id !== JSON.parse(seen.data).id && face.arrival_id;
    });
    const resumed = new AbortController();
    for await (const event of admin.events('/api/v1/arrivals/events', { lastEventId: seen.id, signal: resumed.signal })) {
      if (JSON.parse(event.data).id === missed) break;
    }
    resumed.abort();
  });

  it('leaves a stranger unknown and logs nothing', async () => {
    const feed = await createFeed('arrivals: stranger');
    const face = await settle(system.withToken(feed.token), feed.id, await asFrame(photo.second));
    assert.notEqual(face.state, 'known');
    assert.equal(face.person, null);
    assert.equal(face.arrival_id, null);
    assert.deepEqual(await admin.all(`/api/v1/arrivals?feed=${feed.id}`), []);
  });

  it('tells a sender of a feed that reveals states alone no name and no score', async () => {
    const feed = await createFeed('arrivals: state only', { reveals: 'state' });
    const face = await settle(system.withToken(feed.token), feed.id, await asFrame(photo.firstAgain));
    assert.equal(face.state, 'known');
    assert.equal(face.person, null);
    assert.equal(face.similarity, null);
  });

  it('answers a frame without a face with an empty list', async () => {
    const feed = await createFeed('frames: nobody');
    const answer = await system.withToken(feed.token).frame(feed.id, await ffmpeg(['-f', 'lavfi', '-i', 'testsrc=size=640x480', '-frames:v', '1']));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.faces, []);
    assert.ok(answer.json.frame_id);
  });

  it('takes PNG and WebP frames and honours the rotation of EXIF', async () => {
    const feed = await createFeed('frames: kinds');
    const device = system.withToken(feed.token);
    const png = await device.frame(feed.id, await original(photo.third), { type: 'image/png' });
    assert.equal(png.json.faces.length, 1, png.text);
    const webp = await device.frame(feed.id, await ffmpeg(['-i', photo.third, '-frames:v', '1'], 'webp'), { type: 'image/webp' });
    assert.equal(webp.json.faces.length, 1, webp.text);
    const upright = await asFrame(photo.third);
    const turned = rotatedByExif(await ffmpeg(['-i', photo.third, '-frames:v', '1', '-q:v', '2', '-vf', 'transpose=2']));
    const [a] = (await device.frame(feed.id, upright, { 'x-stream': 'upright' })).json.faces;
    const [b] = (await device.frame(feed.id, turned, { 'x-stream': 'turned' })).json.faces;
    assert.ok(a && b, 'a face in both');
    assert.ok(b.landmarks[0][1] < b.landmarks[3][1], 'the eyes lie above the mouth after rotation');
  });

  it('refuses more frames a second than the feed takes', async () => {
    const feed = await createFeed('frames: slow', { max_fps: 1 });
    const device = system.withToken(feed.token);
    const frame = await asFrame(photo.third, { width: 640, height: 360 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => device.frame(feed.id, frame)));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0, answers.map(({ status }) => status).join());
    assert.ok(Number(refused[0].headers.get('retry-after')) >= 0);
  });

  it('deletes a person with everything, and knows them no longer', async () => {
    const created = await admin.createPerson({ name: 'Gone Soon', external_id: 'contract-gone', consent: true }, [await original(photo.third)]);
    assert.equal(created.status, 201, created.text);
    const feed = await createFeed('delete: door');
    const device = system.withToken(feed.token);
    const frame = await asFrame(photo.third);
    assert.equal((await settle(device, feed.id, frame)).state, 'known');
    assert.equal((await admin.delete(`/api/v1/people/${created.json.id}`)).status, 204);
    await eventually('the face to be unknown', async () => {
      const answer = await device.frame(feed.id, frame);
      return answer.json.faces[0]?.state !== 'known';
    }, { timeoutMs: 1500 });
    assertError(await admin.delete(`/api/v1/people/${created.json.id}`), 404);
    assertError(await admin.get(`/api/v1/people/${created.json.id}`), 404);
    assert.deepEqual(await admin.all(`/api/v1/arrivals?feed=${feed.id}`), []);
    assertError(await admin.get(`/api/v1/people/${created.json.id}/photos/${created.json.photos[0].id}`), 404);
  });

  it('refuses an external id that is taken, naming the field', async () => {
    const error = assertError(await admin.createPerson({ name: 'Somebody Else', external_id: 'contract-1' }), 409, 'external_id_taken');
    assert.ok(error.fields.external_id);
  });

  it('refuses a face that is enrolled under another name, naming that person, until an admin overrides it', async () => {
    const twin = { name: 'The Same Face', external_id: 'contract-twin', consent: true };
    const photos = [await original(photo.firstAgain)];
    const error = assertError(await admin.createPerson(twin, photos), 409, 'face_already_enrolled');
    assert.equal(error.person.id, person.id);
    assert.equal(error.person.name, 'Zoë Example');
    const overridden = await admin.createPerson(twin, photos, '?override=true');
    assert.equal(overridden.status, 201, overridden.text);
    assert.equal((await admin.delete(`/api/v1/people/${overridden.json.id}`)).status, 204);
  });

  it('wants consent with a photo', async () => {
    const before = await count();
    assertError(await admin.createPerson({ name: 'No Consent', external_id: 'contract-2' }, [await original(photo.second)]), 422, 'consent_required');
    assert.equal(await count(), before);
  });
});

/** A WebSocket whose messages are read one by one. */
async function openLive(feed, token) {
  const socket = new WebSocket(`${system.url.replace('http', 'ws')}/api/v1/feeds/${feed}/live`, [`bearer.${token}`]);
  const messages = [];
  const waiting = [];
  const closed = new Promise((done) => socket.addEventListener('close', ({ code }) => done(code)));
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    if (waiting.length) waiting.shift()(message);
    else messages.push(message);
  });
  await new Promise((done, fail) => {
    socket.addEventListener('open', done);
    socket.addEventListener('error', () => fail(new Error('the socket was refused')));
  });
  const ask = (data) => {
    socket.send(data);
    return messages.length ? Promise.resolve(messages.shift()) : new Promise((done) => waiting.push(done));
  };
  return { ask, closed, send: (data) => socket.send(data), close: () => socket.close() };
}

describe('frames over a WebSocket', { skip: noPhotos }, () => {
  it('answers each frame, stays open after a bad one, and is a stream of its own', { timeout: 60_000 }, async () => {
    const feed = await createFeed('live: door');
    const live = await openLive(feed.id, feed.token);
    const frame = await asFrame(photo.third);
    const first = await live.ask(frame);
    assert.equal(first.faces.length, 1, JSON.stringify(first));
    const bad = await live.ask(Buffer.from('no picture'));
    assert.equal(bad.error.code.length > 0, true, JSON.stringify(bad));
    live.send(JSON.stringify({ captured_at: new Date().toISOString() }));
    const second = await live.ask(frame);
    assert.equal(second.faces[0].track, first.faces[0].track, 'the same face over the frames of a socket');
    const other = await openLive(feed.id, feed.token);
    assert.notEqual((await other.ask(frame)).faces[0].track, first.faces[0].track);
    other.close();
    live.close();
  });

  it('refuses a wrong token, and closes soon after a token was replaced', { timeout: 60_000 }, async () => {
    const feed = await createFeed('live: revoked');
    await assert.rejects(openLive(feed.id, 'made-up'));
    const live = await openLive(feed.id, feed.token);
    assert.ok((await live.ask(await asFrame(photo.third))).faces);
    await admin.post(`/api/v1/feeds/${feed.id}/token`, {});
    const since = Date.now();
    await Promise.race([live.closed, new Promise((_, fail) => setTimeout(fail, 16_000, new Error('still open after 16 s')))]);
    assert.ok(Date.now() - since < 15_500);
  });
});

describe('bad input', { skip: noPhotos }, () => {
  it('refuses wrong pictures as frames, and the next good frame works', { timeout: 120_000 }, async () => {
    const feed = await createFeed('bad input: frames', { max_fps: 60 });
    const device = system.withToken(feed.token);
    const good = await asFrame(photo.third);
    const surprises = [];
    for (const { what, bytes, status } of await wrongPictures()) {
      const answer = await device.frame(feed.id, bytes);
      try {
        assertError(answer, status);
      } catch (error) {
        surprises.push(`${what}: ${error.message}`);
      }
      const after = await device.frame(feed.id, good);
      if (after.status !== 200 || after.json.faces.length !== 1) surprises.push(`after ${what}: ${after.status} ${after.text}`);
    }
    assert.deepEqual(surprises, []);
  });

  it('refuses wrong pictures at enrolment with a verdict, and stores nothing', { timeout: 120_000 }, async () => {
    const before = await count();
    const rows = await system.sql('select count(*) from people');
    const surprises = [];
    for (const { what, bytes } of await wrongPictures()) {
      const answer = await admin.createPerson({ name: 'Not Stored', external_id: 'bad-input', consent: true }, [bytes]);
      if (answer.status === 413 && bytes.length > 1e7) continue;
      try {
        const error = assertError(answer, 422);
        assert.ok(error.fields?.['photo[0]']?.length > 10, `a verdict: ${answer.text}`);
      } catch (error) {
        surprises.push(`${what}: ${error.message}`);
      }
    }
    assert.deepEqual(surprises, []);
    assert.equal(await count(), before);
    assert.deepEqual(await system.sql('select count(*) from people'), rows);
  });

  it('refuses photos that cannot be enrolled, each with its own verdict', { timeout: 120_000 }, async () => {
    const before = await count();
    const cases = {
      'no face': await ffmpeg(['-f', 'lavfi', '-i', 'testsrc=size=640x480', '-frames:v', '1']),
      'two faces': await ffmpeg(['-i', photo.first, '-i', photo.second, '-frames:v', '1', '-filter_complex', '[0]scale=640:-2,crop=640:640:0:0[a];[1]scale=640:-2,crop=640:640:0:0[b];[a][b]hstack']),
      blurred: await ffmpeg(['-i', photo.second, '-frames:v', '1', '-vf', 'scale=640:-2,gblur=sigma=14']),
      tiny: await ffmpeg(['-i', photo.second, '-frames:v', '1', '-vf', 'scale=140:-2,pad=640:480:-1:-1:gray']),
      'lying on its side': await ffmpeg(['-i', photo.second, '-frames:v', '1', '-vf', 'scale=640:-2,transpose=1']),
    };
    const verdicts = {};
    for (const [what, bytes] of Object.entries(cases)) {
      const answer = await admin.createPerson({ name: 'Not Stored', external_id: 'bad-photo', consent: true }, [bytes]);
      const error = assertError(answer, 422);
      verdicts[what] = error.fields['photo[0]'];
      assert.ok(verdicts[what]?.length > 10, `${what}: ${answer.text}`);
    }
    assert.equal(new Set([verdicts['no face'], verdicts['two faces'], verdicts.blurred, verdicts.tiny]).size, 4, JSON.stringify(verdicts));
    assert.equal(await count(), before);
  });

  it('refuses the whole request for one bad photo among good ones', async () => {
    const before = await count();
    const answer = await admin.createPerson({ name: 'Half Good', external_id: 'bad-half', consent: true }, [await original(photo.second), png(640, 480)]);
    const error = assertError(answer, 422);
    assert.ok(error.fields['photo[1]']);
    assert.equal(await count(), before);
  });

  it('names the fields that do not validate', async () => {
    const blank = assertError(await admin.createPerson({ name: '', external_id: 'bad-name' }), 422);
    assert.ok(blank.fields.name, JSON.stringify(blank));
    const feed = assertError(await admin.post('/api/v1/feeds', { name: 'bad feed', max_fps: 10_000 }), 422);
    assert.ok(feed.fields.max_fps, JSON.stringify(feed));
    assertError(await admin.post('/api/v1/feeds', { name: 'bad feed', surprise: true }), [400, 422]);
    assertError(await admin.request('POST', '/api/v1/feeds', { body: '{"name":', headers: { 'content-type': 'application/json' } }), [400, 422]);
    assertError(await admin.get('/api/v1/people/not-an-id'), [400, 404, 422]);
    assertError(await admin.get('/api/v1/arrivals?from=yesterday'), [400, 422]);
    assertError(await admin.get('/api/v1/people?limit=1000000'), [400, 422]);
    assertError(await admin.get('/api/v1/no-such-thing'), 404);
  });

  it('refuses a liveness that the model pack cannot give', async () => {
    const { json: pack } = await admin.get('/api/v1/model');
    const answer = await admin.post('/api/v1/feeds', { name: 'liveness', liveness: 'passive' });
    if (pack.passive_liveness) assert.equal(answer.status, 201, answer.text);
    else assertError(answer, 422);
  });

  it('refuses a capture time that lies in the future or far back', async () => {
    const feed = await createFeed('bad input: times');
    const frame = await asFrame(photo.third, { width: 640, height: 360 });
    for (const at of ['tomorrow', new Date(Date.now() + 60_000).toISOString(), new Date(Date.now() - 80 * 3600_000).toISOString()]) {
      assertError(await system.withToken(feed.token).frame(feed.id, frame, { 'x-captured-at': at }), [400, 422]);
    }
  });
});

describe('the page', () => {
  it('is served with the security headers, for every path of its own', async () => {
    for (const path of ['/', '/people', '/settings/feeds']) {
      const { status, headers, text } = await system.anonymous().get(path);
      assert.equal(status, 200);
      assert.match(text, /<html/i);
      const policy = headers.get('content-security-policy');
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.match(headers.get('permissions-policy'), /camera=\(self\)/);
    }
  });
});

/** Puts an EXIF block that says "rotate by 90° clockwise" into a JPEG. */
function rotatedByExif(jpeg) {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010006000000000000', 'hex');
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}
