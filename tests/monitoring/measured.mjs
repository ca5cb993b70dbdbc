// Prints the names of all metrics that the built programs tell, one a line: starts them, and makes happen once whatever has
// a label, since such a metric is told only when it has counted.

import assert from 'node:assert/strict';

import { ffmpeg } from '../support/pictures.mjs';
import { System, eventually, freePorts } from '../support/system.mjs';

const [metricsPort, closedPort] = await freePorts(2);
const ending = [];
try {
  const system = await System.start({ after: (step) => ending.push(step) }, {
    ATTENDANCE_METRICS_PORT: String(metricsPort),
    // Nobody takes messages there.
    ATTENDANCE_SMTP_HOST: '127.0.0.1',
    ATTENDANCE_SMTP_PORT: String(closedPort),
    ATTENDANCE_SMTP_TLS: 'none',
    ATTENDANCE_SMTP_FROM: 'site@example.org',
  });
  const { recognizer_url: recognizer } = await system.running();
  const admin = await system.admin();
  const created = async (path, body) => {
    const answer = await admin.post(`/api/v1/${path}`, body);
    assert.ok(answer.status < 300, `${path} answered ${answer.text}`);
    return answer.json;
  };

  const feed = await created('feeds', { name: 'Door' });
  const frame = await ffmpeg(['-f', 'lavfi', '-i', 'color=gray:s=320x240', '-frames:v', '1']);
  assert.equal((await system.withToken(feed.token).frame(feed.id, frame)).status, 200);
  await fetch(`${recognizer}/v1/faces`, { method: 'POST', body: frame, headers: { 'x-deadline-ms': '0' } });
  const report = await created('report-schedules', { name: 'Absent', kind: 'absences', range: 'yesterday', format: 'csv',
    emails: ['office@example.org'], cadence: { every: 'day' }, time: '06:00' });
  await created(`report-schedules/${report.id}/run`, {});

  const metrics = async () => {
    const texts = await Promise.all([`http://127.0.0.1:${metricsPort}/metrics`, `${recognizer}/metrics`]
      .map(async (url) => (await fetch(url)).text()));
    return texts.join('');
  };
  const text = await eventually('an attempt to send a message', async () => {
    const now = await metrics();
    return now.includes('attendance_messages_total{') && now;
  });
  const names = text.split('\n').filter((line) => /^[a-z]/.test(line)).map((line) => line.match(/^\w+/)[0]);
  console.log([...new Set(names)].sort().join('\n'));
} finally {
  while (ending.length) await ending.pop()();
}
