// Twenty cameras at two pictures a second, without and with thirty dashboards that show nine of them each: how long an
// answer takes, and whether each feed's pictures come through. The runs without viewers are the baseline; they alternate.

import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { cpus } from 'node:os';

import { asFrame, original, photo } from '../support/pictures.mjs';
import { System, sleep } from '../support/system.mjs';

const cameras = Number(process.env.CAMERAS ?? 20);
const viewers = Number(process.env.VIEWERS ?? 30);
const seconds = Number(process.env.SECONDS ?? 20);
const rounds = Number(process.env.ROUNDS ?? 2);
const fps = 2;
const inView = 9;

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** A dashboard that counts the pictures of each feed; it reads frames of RFC 6455 as they come, unfragmented. */
function view(admin, feeds) {
  const shown = new Map(feeds.map((feed) => [feed, 0]));
  return new Promise((done, fail) => {
    const key = randomBytes(16).toString('base64');
    const asked = request(`${admin.url}/api/v1/watch`, {
      headers: admin.headers({
        connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key, origin: admin.url,
      }),
    });
    asked.once('error', fail);
    asked.once('response', (response) => fail(new Error(`the upgrade answered ${response.statusCode}`)));
    asked.once('upgrade', (response, socket) => {
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      if (response.headers['sec-websocket-accept'] !== accept) fail(new Error('a wrong upgrade'));
      let rest = Buffer.alloc(0);
      let skip = 0;
      socket.on('data', (chunk) => {
        if (skip >= chunk.length) {
          skip -= chunk.length;
          return;
        }
        rest = rest.length ? Buffer.concat([rest, chunk.subarray(skip)]) : chunk.subarray(skip);
        skip = 0;
        for (;;) {
          if (rest.length < 2) return;
          const short = rest[1] & 0x7f;
          const head = short === 126 ? 4 : short === 127 ? 10 : 2;
          if (rest.length < head) return;
          const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
          if ((rest[0] & 0x0f) === 1) {
            if (rest.length < head + length) return;
            const { feed } = JSON.parse(rest.subarray(head, head + length).toString('utf8'));
            if (feed) shown.set(feed, shown.get(feed) + 1);
          }
          if (rest.length < head + length) {
            skip = head + length - rest.length;
            rest = Buffer.alloc(0);
            return;
          }
          rest = rest.subarray(head + length);
        }
      });
      const text = Buffer.from(JSON.stringify({ feeds, fps: 8, arrivals: '' }));
      const mask = randomBytes(4);
      const masked = Buffer.from(text.map((byte, index) => byte ^ mask[index % 4]));
      socket.write(Buffer.concat([Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 0xff]), mask, masked]));
      done({ shown, close: () => socket.destroy() });
    });
    asked.end();
  });
}

const stops = [];
const system = await System.start({ after: (stop) => stops.push(stop) });
try {
  const admin = await system.admin();
  await admin.createPerson({ name: 'Bench', external_id: 'bench', consent: true }, [await original(photo.first)]);
  const feeds = [];
  for (let index = 0; index < cameras; index += 1) {
    const { json } = await admin.post('/api/v1/feeds', { name: `bench ${index}`, max_fps: 10 });
    feeds.push({ id: json.id, device: system.withToken(json.token) });
  }
  const pictures = [await asFrame(photo.firstAgain), await asFrame(photo.third)];

  async function run(withViewers) {
    const open = [];
    for (let index = 0; withViewers && index < viewers; index += 1) {
      const chosen = Array.from({ length: inView }, (_, place) => feeds[(index * 3 + place) % cameras].id);
      open.push(await view(admin, chosen));
    }
    const took = [];
    const counts = new Map(feeds.map((feed) => [feed.id, { answered: 0, shed: 0 }]));
    const until = performance.now() + seconds * 1000;
    await Promise.all(feeds.map(async (feed, index) => {
      await sleep((index * 1000) / fps / cameras);
      for (let next = performance.now(), shot = 0; next < until; next += 1000 / fps, shot += 1) {
        await sleep(Math.max(0, next - performance.now()));
        const since = performance.now();
        const answer = await feed.device.frame(feed.id, pictures[Math.floor(shot / 8) % 2]);
        const count = counts.get(feed.id);
        if (answer.status === 200) {
          count.answered += 1;
          took.push(performance.now() - since);
        } else {
          count.shed += 1;
        }
      }
    }));
    const least = Math.min(...[...counts.values()].map((count) => count.answered));
    const shed = [...counts.values()].reduce((sum, count) => sum + count.shed, 0);
    const pictured = open.flatMap(({ shown }) => [...shown.values()]);
    open.forEach((viewer) => viewer.close());
    const watched = pictured.length ? `, least shown of a feed in view ${Math.min(...pictured)}` : '';
    console.log(`${withViewers ? `${viewers} viewers` : 'no viewers'}: p50 ${quantile(took, 0.5).toFixed(1)} ms, p95 `
      + `${quantile(took, 0.95).toFixed(1)} ms, ${took.length} answered, ${shed} shed, least of a feed ${least}${watched}`);
    return { took, least, shown: pictured.length ? Math.min(...pictured) : undefined };
  }

  console.log(`${cpus()[0].model}, ${cpus().length} cores, ${cameras} cameras at ${fps}/s, 1280×720 JPEG, ${rounds} × ${seconds} s each`);
  await run(false);
  const without = [];
  const beside = [];
  for (let round = 0; round < rounds; round += 1) {
    without.push(...(await run(false)).took);
    const watched = await run(true);
    beside.push(...watched.took);
    if (!watched.least || !watched.shown) throw new Error('a feed starved');
  }
  console.log(`p95 with viewers / without: ${(quantile(beside, 0.95) / quantile(without, 0.95)).toFixed(2)}`);
} finally {
  for (const stop of stops) await stop();
}
