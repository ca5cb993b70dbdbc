// From the POST of the frame that settles a track to the arrival's event at a dashboard, one camera: the row is
// committed before the event is sent. The baseline of the same run is the recognizer alone on the same picture.

import { cpus } from 'node:os';

import { asFrame, original, photo } from '../support/pictures.mjs';
import { System, sleep } from '../support/system.mjs';

const arrivals = Number(process.env.ARRIVALS ?? 60);

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

const report = (what, values) =>
  console.log(`${what.padEnd(44)} p50 ${quantile(values, 0.5).toFixed(1)} ms   p95 ${quantile(values, 0.95).toFixed(1)} ms`);

const stops = [];
const system = await System.start({ after: (stop) => stops.push(stop) });
try {
  const admin = await system.admin();
  await admin.createPerson({ name: 'Bench', external_id: 'bench', consent: true }, [await original(photo.first)]);
  const { json: feed } = await admin.post('/api/v1/feeds', { name: 'bench', dedup_seconds: 1, max_fps: 60 });
  const device = system.withToken(feed.token);
  const frame = await asFrame(photo.firstAgain);

  const seen = new Map();
  const abort = new AbortController();
  (async () => {
    for await (const event of admin.events('/api/v1/arrivals/events', { signal: abort.signal })) {
      seen.set(JSON.parse(event.data).id, performance.now());
    }
  })().catch(() => {});
  await sleep(300);

  const settled = [];
  const answered = [];
  for (let index = 0; index < arrivals; index += 1) {
    for (let shot = 0; shot < 8; shot += 1) {
      const since = performance.now();
      const answer = await device.frame(feed.id, frame, { 'x-stream': `bench-${index}` });
      const face = answer.json.faces?.[0];
      if (!face?.arrival_id) continue;
      answered.push(performance.now() - since);
      for (let wait = 0; wait < 200 && !seen.has(face.arrival_id); wait += 1) await sleep(5);
      if (seen.has(face.arrival_id)) settled.push(Math.max(seen.get(face.arrival_id) - since, 0));
      break;
    }
    await sleep(1050);
  }
  abort.abort();

  const { recognizer_url: recognizer } = await system.running();
  const alone = [];
  for (let index = 0; index < arrivals; index += 1) {
    const since = performance.now();
    const response = await fetch(`${recognizer}/v1/faces`, { method: 'POST', body: frame, headers: { 'content-type': 'image/jpeg' } });
    await response.arrayBuffer();
    alone.push(performance.now() - since);
  }

  console.log(`${cpus()[0].model}, ${cpus().length} cores, ${settled.length} of ${arrivals} arrivals seen, 1280×720 JPEG`);
  report('settling POST → event at a dashboard', settled);
  report('settling POST → answer', answered);
  report('baseline: the recognizer alone', alone);
  console.log(`ratio at the median: ${(quantile(settled, 0.5) / quantile(alone, 0.5)).toFixed(2)}`);
  if (settled.length < arrivals * 0.95) throw new Error('arrivals were lost');
} finally {
  for (const stop of stops) await stop();
}
