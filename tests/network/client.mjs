// Run by proof.py on the internet's side: what a browser and a camera do, through the proxy over TLS.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { connect as http2 } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';

import { Client } from '../support/client.mjs';
import { asFrame, noPhotos, original, photo } from '../support/pictures.mjs';
import { eventually, sleep } from '../support/system.mjs';

const run = promisify(execFile);
const given = JSON.parse(process.argv[2]);
const { url } = given;
let failed = false;

async function step(what, does) {
  try {
    const more = await does();
    console.log(`ok ${what}${more ? `: ${more}` : ''}`);
  } catch (error) {
    failed = true;
    console.log(`not ok ${what}: ${String(error.message ?? error).split('\n').filter(Boolean).slice(0, 8).join(' ')}${error.cause ? ` (${error.cause.message})` : ''}`);
  }
}

/** A request whose answer is not decoded: `{ status, headers, bytes }`. */
const raw = (path, headers = {}, method = 'GET') => new Promise((done, fail) => {
  const call = request(url + path, { method, headers }, (response) => {
    const parts = [];
    response.on('data', (part) => parts.push(part));
    response.on('end', () => done({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(parts) }));
  });
  call.on('error', fail);
  call.end();
});

const SECURITY = {
  'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'permissions-policy': 'camera=(self), microphone=(), geolocation=()',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
};

function assertHeaders(answer, caching) {
  for (const [name, value] of Object.entries(SECURITY)) assert.equal(answer.headers[name], value, name);
  assert.equal(answer.headers['cache-control'], caching);
  assert.equal(answer.headers.server, undefined, 'no word about the server');
}

/** The answer to a request that is written by hand, over TLS; `options` are tls.connect's. */
const byHand = (lines, options = {}) => new Promise((done, fail) => {
  const { hostname } = new URL(url);
  const socket = connect({ host: hostname, port: 443, servername: hostname, ...options });
  let text = '';
  socket.on('data', (part) => { text += part; });
  // It may hang up on what makes no sense.
  socket.on('error', (error) => (text ? done(text) : fail(error)));
  socket.on('end', () => done(text));
  socket.on('secureConnect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
});

const anonymous = new Client(url);
const secret = 'nobody-should-read-this';

await step('the proxy passes requests on', () =>
  eventually('an answer of the API', async () => (await raw('/api/v1/health')).status === 200, { timeoutMs: 20_000 }).then(() => ''));
if (failed) process.exit(1);

await step('the page comes over TLS with its headers, compressed', async () => {
  const page = await raw('/people/42?token=' + secret, { 'accept-encoding': 'gzip, br' });
  assert.equal(page.status, 200);
  assertHeaders(page, 'no-cache');
  assert.equal(page.headers['content-encoding'], 'br');
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.deepEqual(page.bytes, await readFile(join(given.page, 'index.html.br')));
  const plain = await raw('/');
  assert.deepEqual(plain.bytes, await readFile(join(given.page, 'index.html')));
});

await step('files with a hash in their name last, and one of an earlier build is not there', async () => {
  const files = (await readdir(join(given.page, 'assets'), { recursive: true, withFileTypes: true }))
    .filter((file) => file.isFile() && !file.name.endsWith('.br'))
    .map((file) => join(file.path, file.name).slice(given.page.length));
  const types = new Map([['js', 'text/javascript'], ['wasm', 'application/wasm'], ['css', 'text/css'], ['svg', 'image/svg+xml'],
    ['png', 'image/png'], ['webmanifest', 'application/manifest+json']]);
  for (const path of files) {
    const answer = await raw(path, { 'accept-encoding': 'br' });
    assert.equal(answer.status, 200, path);
    assertHeaders(answer, 'public, max-age=31536000, immutable');
    assert.equal(answer.headers['content-type'].split(';')[0], types.get(path.split('.').at(-1)), path);
  }
  const gone = await raw('/assets/app-000000000000.js');
  assert.equal(gone.status, 404);
  assertHeaders(gone, 'no-store');
  assert.equal((await raw(`${files[0]}.br`)).status, 404);
  return `${files.length} files`;
});

await step('the API answers with the same headers, each once', async () => {
  const answer = await raw('/api/v1/health');
  assert.equal(answer.status, 200);
  assertHeaders(answer, 'no-store');
});

await step('nothing but /api and the page is passed on', async () => {
  for (const path of ['/metrics', '/metrics/', '/peer/v1/feeds/019a0000-0000-7000-8000-000000000000', '/livez', '/readyz']) {
    const answer = await raw(path);
    assert.equal(answer.status, 404, path);
    assertHeaders(answer, 'no-store');
  }
  for (const path of ['//metrics', '/api/../metrics', '/%6detrics', '/api/v1/../../metrics']) {
    const answer = await raw(path);
    assert.doesNotMatch(answer.bytes.toString(), /attendance_|# HELP/, path);
  }
  assert.equal((await raw('/people', {}, 'POST')).status, 405);
  assert.equal((await anonymous.get('/api/v1/people')).status, 401);
});

await step('a body beyond every limit is refused', async () => {
  const answer = await anonymous.request('POST', '/api/v1/imports', {
    body: Buffer.alloc(80_000_000), headers: { 'content-type': 'application/octet-stream' } }).catch((error) => ({ status: error.cause?.code }));
  assert.ok([401, 413, 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(answer.status), `${answer.status}`);
});

await step('who names no site meets the site\'s certificate', async () => {
  const { hostname } = new URL(url);
  const named = (host) => [`GET /api/v1/health HTTP/1.1`, `host: ${host}`, 'connection: close'];
  const text = await byHand(named(hostname), { servername: '', checkServerIdentity: (_, { subjectaltname }) => {
    assert.equal(subjectaltname, `DNS:${hostname}`);
  } });
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(await byHand(named('other.test')), /database|recognizer/, 'another site\'s name reaches nothing');
});

const admin = new Client(url);
await step('somebody signs in', async () => {
  const { email, password } = JSON.parse(await readFile(given.admin, 'utf8'));
  const answer = await admin.post('/api/v1/session', { email, password });
  assert.equal(answer.status, 201, answer.text);
  const [cookie] = answer.headers.getSetCookie();
  assert.match(cookie, /HttpOnly/i);
  assert.match(cookie, /Secure/i);
  assert.match(cookie, /SameSite=Strict/i);
  const sessions = await admin.get('/api/v1/sessions');
  assert.match(sessions.text, /203\.0\.113\.10/, 'the client\'s own address, not the proxy\'s');
});

await step('a body that does not say how long it is is refused beyond the limit', async () => {
  // As browsers speak: over HTTP/2, where an answer is heard even while the body is still being sent.
  const session = http2(url);
  const upload = session.request({ ':method': 'POST', ':path': '/api/v1/imports', cookie: admin.cookie, origin: url,
    'content-type': 'multipart/form-data; boundary=part' });
  upload.write('--part\r\ncontent-disposition: form-data; name="file"; filename="people.csv"\r\n\r\n');
  const part = Buffer.alloc(1_000_000);
  let sent = 0;
  const send = () => { if (sent < 120 && upload.writable) upload.write(part, () => { sent += 1; send(); }); };
  send();
  try {
    const [{ ':status': status }] = await once(upload, 'response', { signal: AbortSignal.timeout(20_000) });
    assert.equal(status, 413);
    assert.ok(sent < 120, 'it was taken to its end');
    upload.setEncoding('utf8');
    assert.equal(JSON.parse((await upload.toArray()).join('')).error.code, 'too_large');
    return `after ${sent} MB`;
  } finally {
    session.destroy();
  }
});

const metric = async (index) => {
  const [program, ...args] = given.metrics[index];
  const { stdout } = await run(program, args);
  return [...stdout.matchAll(/^attendance_frames_total\{.*\} (\d+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
};

/** Which of the two APIs counted new frames while `does` ran. */
async function servedBy(does) {
  const before = [await metric(0), await metric(1)];
  await does();
  const after = [await metric(0), await metric(1)];
  return [0, 1].filter((index) => after[index] > before[index]);
}

async function createFeed(name, more = {}) {
  const answer = await admin.post('/api/v1/feeds', { name, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

await step('requests that make no sense keep nobody away', async () => {
  // Somebody who watches, since Caddy remembers an API for as long as it is being asked.
  const watching = new AbortController();
  const events = Array.from({ length: 6 }, () => admin.events('/api/v1/arrivals/events', { signal: watching.signal }).next().catch(() => {}));
  await sleep(300);
  const head = ['POST /api/v1/session HTTP/1.1', `host: ${new URL(url).hostname}`, `origin: ${url}`, 'content-type: application/json',
    'transfer-encoding: chunked', '', '5', '{"ema', 'no number'];
  await Promise.all(Array.from({ length: 8 }, () => byHand(head)));
  const answers = await Promise.all(Array.from({ length: 20 }, () => anonymous.get('/api/v1/health')));
  assert.deepEqual(answers.map(({ status }) => status), answers.map(() => 200));
  watching.abort();
  await Promise.all(events);
});

if (noPhotos) {
  console.log(`   skipped: the journey with a face (${noPhotos})`);
} else {
  let person;
  await step('a person is enrolled with a photo', async () => {
    const answer = await admin.createPerson({ name: 'Network Proof', external_id: 'network-1', consent: true }, [await original(photo.first)]);
    assert.equal(answer.status, 201, answer.text);
    person = answer.json;
    const picture = await admin.get(`/api/v1/people/${person.id}/photos/${person.photos[0].id}`);
    assert.equal(picture.status, 200);
    assert.equal(picture.headers.get('cache-control'), 'no-store');
  });

  await step('frames of a camera make an arrival, and a dashboard sees it as it happens', async () => {
    const feed = await createFeed('network: door');
    const device = new Client(url, { token: feed.token });
    const frame = await asFrame(photo.firstAgain);
    const watching = new AbortController();
    const first = (async () => {
      for await (const event of admin.events('/api/v1/arrivals/events', { signal: watching.signal })) {
        if (event.event === 'arrival') return event;
      }
      throw new Error('the events ended');
    })();
    let arrival;
    let sent = 0;
    await eventually('the person to be known', async () => {
      const answer = await device.frame(feed.id, frame);
      assert.equal(answer.status, 200, answer.text);
      arrival = answer.json.faces[0]?.arrival_id;
      sent = performance.now();
      return arrival;
    }, { timeoutMs: 10_000 });
    const event = await Promise.race([first, sleep(5000).then(() => { throw new Error('no event within 5 s'); })]);
    const delay = performance.now() - sent;
    watching.abort();
    assert.equal(JSON.parse(event.data).id, arrival);
    assert.equal(JSON.parse(event.data).person.name, 'Network Proof');
    const list = await admin.get(`/api/v1/arrivals?feed=${feed.id}`);
    assert.deepEqual(list.json.items.map(({ id }) => id), [arrival]);
    return `the event came ${Math.max(0, Math.round(delay))} ms after the answer`;
  });

  await step('a WebSocket passes through', async () => {
    const feed = await createFeed('network: live');
    const socket = new WebSocket(`${url.replace('https', 'wss')}/api/v1/feeds/${feed.id}/live`, [`bearer.${feed.token}`]);
    await new Promise((done, fail) => {
      socket.addEventListener('open', done);
      socket.addEventListener('error', () => fail(new Error('it was refused')));
    });
    const answer = new Promise((done) => { socket.addEventListener('message', ({ data }) => done(JSON.parse(data))); });
    socket.send(await asFrame(photo.second));
    assert.equal((await answer).faces.length, 1);
    socket.close();
  });

  await step('all frames of a feed reach one API, in whatever order the zone names them', async () => {
    const frame = await asFrame(photo.second, { width: 320, height: 240 });
    const served = new Map();
    const feeds = [];
    for (let number = 0; number < 6; number += 1) feeds.push(await createFeed(`network: hash ${number}`, { max_fps: 60 }));
    for (const round of ['first', 'again']) {
      for (const feed of feeds) {
        const device = new Client(url, { token: feed.token });
        const by = await servedBy(async () => {
          // The header that the proxy chooses by is its own: a client's is not used.
          for (let sent = 0; sent < 3; sent += 1) {
            assert.equal((await device.frame(feed.id, frame, { 'attendance-feed': `${round}${sent}` })).status, 200);
          }
        });
        assert.equal(by.length, 1, `frames of one feed were counted by ${by.length} APIs`);
        assert.equal(served.get(feed.id) ?? by[0], by[0], 'a feed moved');
        served.set(feed.id, by[0]);
      }
      // The file is changed in its place, since it is mounted where the proxy reads it.
      const lines = (await readFile(given.hosts, 'utf8')).trimEnd().split('\n');
      await writeFile(given.hosts, `${lines.reverse().join('\n')}\n`);
      if (round === 'first') await sleep(6000);
    }
    return `${[...served.values()].filter((index) => index === 0).length} of ${feeds.length} feeds at the first`;
  });
}

await step('the access log has one JSON object a line, without queries, cookies or keys', async () => {
  await anonymous.get(`/api/v1/people?query=${secret}`, { headers: { authorization: `Bearer ${secret}`, cookie: `session=${secret}` } });
  await sleep(200);
  const log = await readFile(given.log, 'utf8');
  const lines = log.trimEnd().split('\n').map((line) => JSON.parse(line));
  const requests = lines.filter(({ logger }) => logger?.startsWith('http.log.access'));
  assert.ok(requests.length > 20, `${requests.length} lines`);
  assert.ok(requests.some(({ request: { uri }, status }) => uri === '/api/v1/people' && status === 401));
  assert.ok(!log.includes(secret), 'a secret is in the log');
  assert.ok(requests.every(({ request: { uri, headers }, resp_headers: more }) => !uri.includes('?') && !headers && !more));
  return `${requests.length} requests`;
});

process.exit(failed ? 1 : 0);
