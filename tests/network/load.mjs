// Run by rollout.py on the internet's side: requests of all kinds at a rate, through the proxy over TLS. It reads commands,
// one a line, and answers each with a line of JSON:
//
//   tally      what became of the requests since the last tally: how many, which failed, from when to when, and how many
//              frames a busy recognizer had the camera send again
//   report     the head of a report
//   check      what of all that was acknowledged is not there
//   stop

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import { Client } from '../support/client.mjs';
import { asFrame, noPhotos, original, photo } from '../support/pictures.mjs';
import { sleep } from '../support/system.mjs';

const { url, admin: file, rate } = JSON.parse(process.argv[2]);
const FEEDS = 5;
// A frame that is answered 429 is sent again so many times, as an agent does.
const TRIES = 5;
const admin = new Client(url);
const acknowledged = { people: new Set(), arrivals: new Set() };
let number = 0;
let running = true;
let tally = { sent: 0, again: 0, failures: [] };
const underWay = new Set();

const { email, password } = JSON.parse(await readFile(file, 'utf8'));
assert.equal((await admin.post('/api/v1/session', { email, password })).status, 201);

const feeds = [];
let frame;
if (!noPhotos) {
  const answer = await admin.createPerson({ name: 'Rollout', external_id: 'rollout', consent: true }, [await original(photo.first)]);
  assert.equal(answer.status, 201, answer.text);
  frame = await asFrame(photo.firstAgain, { width: 640, height: 360 });
  for (let index = 0; index < FEEDS; index += 1) {
    const made = await admin.post('/api/v1/feeds', { name: `rollout ${index}`, dedup_seconds: 5, max_fps: 10 });
    assert.equal(made.status, 201, made.text);
    feeds.push({ id: made.json.id, device: new Client(url, { token: made.json.token }) });
  }
}

const list = (path) => () => admin.get(path);
const kinds = [
  ['health', list('/api/v1/health')],
  ['people', list('/api/v1/people?limit=20')],
  ['arrivals', list('/api/v1/arrivals?limit=20')],
  ['session', list('/api/v1/session')],
  ['a new person', async () => {
    const id = `rollout-${number += 1}`;
    const answer = await admin.createPerson({ name: `Person ${id}`, external_id: id, consent: false });
    if (answer.status === 201) acknowledged.people.add(answer.json.id);
    return answer;
  }],
];
let turn = 0;
if (feeds.length) {
  kinds.push(['a frame', async () => {
    const { id, device } = feeds[(turn += 1) % feeds.length];
    let answer = await device.frame(id, frame);
    for (let tried = 1; answer.status === 429 && tried < TRIES; tried += 1) {
      tally.again += 1;
      await sleep(1000 * Number(answer.headers.get('retry-after')));
      answer = await device.frame(id, frame);
    }
    for (const face of answer.json?.faces ?? []) if (face.arrival_id) acknowledged.arrivals.add(face.arrival_id);
    return answer;
  }]);
}

async function one([what, ask]) {
  const began = Date.now();
  let failure;
  try {
    const { status, headers, json } = await ask();
    if (status >= 300) failure = { status, retryAfter: headers.get('retry-after'), why: json?.error?.code ?? null };
  } catch (error) {
    failure = { status: 0, why: String(error.cause?.message ?? error.message) };
  }
  tally.sent += 1;
  if (failure) tally.failures.push({ what, began, ended: Date.now(), ...failure });
}

(async () => {
  const start = performance.now();
  for (let sent = 0; running; sent += 1) {
    const due = start + (sent * 1000) / rate;
    await sleep(Math.max(0, due - performance.now()));
    const request = one(kinds[sent % kinds.length]).finally(() => underWay.delete(request));
    underWay.add(request);
  }
})();

const day = (shift) => new Date(Date.now() + shift * 86_400_000).toISOString().slice(0, 10);
const commands = {
  async tally() {
    const told = tally;
    tally = { sent: 0, again: 0, failures: [] };
    return told;
  },
  async report() {
    const asked = Date.now();
    const { status, json, text } = await admin.get(`/api/v1/reports/register?from=${day(-1)}&to=${day(1)}`);
    return { status, asked, dataOf: Date.parse(json?.data_of), text: text.slice(0, 300) };
  },
  async check() {
    running = false;
    await Promise.all(underWay);
    const people = new Set((await admin.all('/api/v1/people')).map(({ id }) => id));
    const arrivals = new Set((await admin.all('/api/v1/arrivals')).map(({ id }) => id));
    const missing = (wanted, there) => [...wanted].filter((id) => !there.has(id));
    return {
      people: acknowledged.people.size, arrivals: acknowledged.arrivals.size,
      missing: [...missing(acknowledged.people, people), ...missing(acknowledged.arrivals, arrivals)],
    };
  },
};

console.log(JSON.stringify({ kinds: kinds.map(([what]) => what) }));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') process.exit(0);
  console.log(JSON.stringify(await commands[line]()));
}
