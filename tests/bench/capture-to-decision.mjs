// From the moment when a real agent's source delivers a picture to the transaction that writes the arrival that it decides:
// `recorded_at` less `at`, both by the clock of this machine. The baseline of the same run is a bare POST of a picture that decides, from the
// request to its answer, by turns with the agents.

import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import { agent, arrivalsAt, enrolPeople, newFeed, people, scene } from '../support/agents.mjs';
import { asFrame } from '../support/pictures.mjs';
import { System, eventually, sleep } from '../support/system.mjs';

const agents = Number(process.env.AGENTS ?? 1);
const seconds = Number(process.env.SECONDS ?? 60);
const fps = Number(process.env.FPS ?? 10);
const rounds = 2;

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

const report = (what, values) => console.log(`${what.padEnd(46)} p50 ${quantile(values, 0.5).toFixed(1)} ms   p95 `
  + `${quantile(values, 0.95).toFixed(1)} ms   most ${Math.max(...values).toFixed(1)} ms   of ${values.length}`);

const stops = [];
const undo = { after: (stop) => stops.push(stop) };
try {
  const scratch = await mkdtemp(join(tmpdir(), 'attendance-decision-'));
  undo.after(() => rm(scratch, { recursive: true, force: true }));
  const system = await System.start(undo);
  const admin = await system.admin();
  await enrolPeople(admin);
  const pictures = await Promise.all(people.map(({ seen }) => asFrame(seen)));
  // Nothing is taken for the same arrival for longer than a second, so that there are many.
  const feed = (name) => newFeed(admin, name, { min_frames: 3, dedup_seconds: 1, max_fps: 60, device: { active_fps: fps, motion_share: 0 } });
  const bare = await feed('bare');
  const device = system.withToken(bare.token);
  await device.frame(bare.id, pictures[0]);

  const decided = [];
  const posted = [];
  for (let round = 0; round < rounds; round += 1) {
    const cameras = await Promise.all(Array.from({ length: agents }, async (_, index) => {
      const name = `camera ${round} ${index}`;
      return { name, feed: await feed(name), shown: await scene(scratch, name, { quiet: 1 + index * 0.7, seconds: 1.2, between: 0.4, fps }) };
    }));
    const running = [];
    for (const { name, feed: its, shown } of cameras) {
      running.push(await agent(undo, scratch, name, { server: system.url, feed: its, folder: shown.folder, fps, loop: true }));
    }
    await eventually('arrivals', async () => (await arrivalsAt(admin, cameras[0].feed)).length > 2, { timeoutMs: 30_000 });
    const since = Date.now();
    await sleep((seconds * 1000) / rounds);
    for (const one of running) await one.end('SIGTERM');
    for (const { feed: its } of cameras) {
      for (const { at, recorded_at: recorded } of await arrivalsAt(admin, its)) {
        if (Date.parse(at) > since) decided.push(Date.parse(recorded) - Date.parse(at));
      }
    }
    // A new stream for each decision, as somebody new in view is; the third frame decides.
    for (let next = performance.now(), shot = 0; shot < (seconds / rounds) * fps; next += 1000 / fps, shot += 1) {
      await sleep(Math.max(0, next - performance.now()));
      const from = performance.now();
      const stream = Math.floor(shot / 3);
      const answer = await device.frame(bare.id, pictures[stream % pictures.length], { 'x-stream': `${round}-${stream}` });
      if (answer.status !== 200) throw new Error(answer.text);
      if (answer.json.faces[0]?.state === 'known') posted.push(performance.now() - from);
    }
  }
  console.log(`${cpus()[0].model}, ${cpus().length} cores, ${agents} agent${agents > 1 ? 's' : ''} at ${fps}/s, 1280×720 JPEG`);
  report('picture delivered → arrival written', decided);
  report('baseline: bare POST that decides → answer', posted);
  console.log(`ratio at p95: ${(quantile(decided, 0.95) / quantile(posted, 0.95)).toFixed(2)}, at the median ${(quantile(decided, 0.5) / quantile(posted, 0.5)).toFixed(2)}`);
  if (decided.length < (seconds / 4) * agents) throw new Error('too few arrivals to tell');
} finally {
  while (stops.length) await stops.pop()();
}
