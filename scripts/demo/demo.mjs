// `make demo`: sample people and a camera that shows them, through the HTTP API alone. Two of the three are enrolled,
// so that a stranger is seen too. It can be started again at any time: what is there already stays.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { emptyFrame, framesOf } from './frames.mjs';

const { ATTENDANCE_DATA: data, DEMO_URL: url, DEMO_PHOTOS: photos, DEMO_SECONDS: seconds } = process.env;
/** What people type; the demo's container calls the API by another name. */
const site = process.env.DEMO_SITE ?? url;
const framesPerSecond = 8;
const framesPerSway = 3 * framesPerSecond;
const swaysPerScene = 2;
const feedName = 'Sample camera';

const people = [
  { name: 'Barack Obama', external_id: 'demo-1', photo: 'obama.jpg' },
  { name: 'Eileen Collins', external_id: 'demo-2', photo: 'astronaut.png' },
];
const scenes = [
  { photo: 'obama2.jpg', focus: { x: 0.57, y: 0.36, zoom: 1.1 }, shows: 'Barack Obama' },
  { photo: 'astronaut.png', focus: { x: 0.44, y: 0.2, zoom: 1.6 }, shows: 'Eileen Collins' },
  { photo: 'biden.jpg', focus: { x: 0.57, y: 0.14, zoom: 1.3 }, shows: 'somebody who is not enrolled' },
];

class Stop extends Error {}

let cookie;

async function call(method, path, { body, headers = {}, expect }) {
  const response = await fetch(url + path, { method, body, headers: { origin: site, ...(cookie && { cookie }), ...headers } });
  const text = await response.text();
  // One cookie at most; Node 18, which the demo's image has, has no getSetCookie.
  const set = response.headers.get('set-cookie')?.split(';')[0];
  if (set) cookie = set;
  const json = text && response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : undefined;
  if (!expect.includes(response.status)) {
    throw new Stop(`${method} ${path} answered ${response.status}: ${json?.error?.message ?? text}`);
  }
  return { status: response.status, json };
}

const asJson = (value) => ({ body: JSON.stringify(value), headers: { 'content-type': 'application/json' } });

async function signIn() {
  let { ATTENDANCE_EMAIL: email, ATTENDANCE_PASSWORD: password } = process.env;
  if (!email || !password) ({ email, password } = JSON.parse(await readFile(join(data, 'first-admin.json'), 'utf8')));
  if (!password) throw new Stop(`the first admin's password was changed. Set ATTENDANCE_EMAIL and ATTENDANCE_PASSWORD to an admin without a second factor`);
  const answer = await call('POST', '/api/v1/session', { ...asJson({ email, password }), expect: [201, 401] });
  if (answer.status === 401) {
    throw new Stop(`cannot sign in as ${email}. Set ATTENDANCE_EMAIL and ATTENDANCE_PASSWORD to an admin without a second factor`);
  }
}

async function addPerson({ name, external_id, photo }) {
  const consent = { given_by: 'published photo, for demonstration', at: new Date().toISOString(), text_version: 'demo' };
  const form = new FormData();
  form.append('person', new Blob([JSON.stringify({ name, external_id, groups: ['Demo'], consent })], { type: 'application/json' }));
  form.append('photo', new Blob([await readFile(join(photos, photo))]), photo);
  const answer = await call('POST', '/api/v1/people', { body: form, expect: [201, 409] });
  const there = answer.json.error?.code === 'face_already_enrolled' ? ` as ${answer.json.error.person.name}` : '';
  console.log(answer.status === 201 ? `Added ${name}` : `${name} is there already${there}`);
}

async function openFeed() {
  for (let after = ''; ;) {
    const { json } = await call('GET', `/api/v1/feeds?limit=100${after}`, { expect: [200] });
    const feed = json.items.find(({ name }) => name === feedName);
    if (feed) {
      const renewed = await call('POST', `/api/v1/feeds/${feed.id}/token`, { ...asJson({}), expect: [200, 201] });
      return { id: feed.id, token: renewed.json.token };
    }
    if (!json.next) break;
    after = `&after=${encodeURIComponent(json.next)}`;
  }
  const created = await call('POST', '/api/v1/feeds', { ...asJson({ name: feedName, dedup_seconds: 30 }), expect: [201] });
  return created.json;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Sends a frame; a server that is busy, away or restarting is asked again with the next one. */
async function send(feed, frame, again = true) {
  try {
    const response = await fetch(`${url}/api/v1/feeds/${feed.id}/frames`, {
      method: 'POST',
      body: frame,
      headers: { 'content-type': 'image/jpeg', authorization: `Bearer ${feed.token}` },
    });
    const body = await response.json();
    if (response.status === 401) throw new Stop('the sample camera has a new token: another `make demo` has taken over');
    return response.ok ? body.faces : `the server answers ${response.status}: ${body.error?.message}`;
  } catch (error) {
    if (error instanceof Stop) throw error;
    if (again) return send(feed, frame, false); // the connection may only have been kept for too long
    return `the server does not answer (${error.cause?.code ?? error.message})`;
  }
}

async function show(feed, frames, until) {
  let said;
  for (const frame of frames) {
    if (Date.now() >= until) return;
    const due = Date.now() + 1000 / framesPerSecond;
    const faces = await send(feed, frame);
    const now = typeof faces === 'string' ? faces : faces.map(({ state, person }) => person?.name ?? state).join(', ');
    if (now && now !== said) console.log(`  ${new Date().toTimeString().slice(0, 8)} ${now}`);
    said = now;
    await sleep(Math.max(typeof faces === 'string' ? 1000 : 0, due - Date.now()));
  }
}

async function main() {
  await signIn();
  for (const person of people) await addPerson(person);
  const feed = await openFeed();
  console.log('Drawing the frames of the sample camera');
  const films = [];
  for (const scene of scenes) films.push({ ...scene, frames: await framesOf(join(photos, scene.photo), scene.focus, framesPerSway) });
  const pause = Array(framesPerSecond * 2).fill(emptyFrame());
  console.log(`The camera "${feedName}" runs: look at ${site}. Ctrl-C stops it.`);
  const until = seconds ? Date.now() + seconds * 1000 : Infinity;
  while (Date.now() < until) {
    for (const { shows, frames } of films) {
      if (Date.now() >= until) break;
      console.log(`In front of the camera: ${shows}`);
      for (let sway = 0; sway < swaysPerScene; sway += 1) await show(feed, frames, until);
      await show(feed, pause, until);
    }
  }
}

process.on('SIGINT', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
main().catch((error) => {
  console.error(error instanceof Stop ? `error: ${error.message}` : error);
  process.exit(1);
});
