// The table of docs/BENCHMARKS.md, from what a run of scripts/bench.sh left behind:
//   node bench-table.mjs RESULTS CRITERION BENCHMARKS.md
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const [results, criterion, document] = process.argv.slice(2);
const BEGIN = '<!-- make bench: begin -->';
const END = '<!-- make bench: end -->';

const read = (...path) => (existsSync(join(...path)) ? readFileSync(join(...path), 'utf8') : '');
const row = (...cells) => `| ${cells.join(' | ')} |`;
/// Rows that a benchmark has printed as they are.
const printed = (name) => read(results, `${name}.txt`).split('\n').filter((line) => line.startsWith('| '));

/// Median of a search in milliseconds; criterion keeps nanoseconds.
function median(group, search) {
  const text = read(criterion, group, search, 'new', 'estimates.json');
  return text ? JSON.parse(text).median.point_estimate / 1e6 : undefined;
}

function galleryRows() {
  const wanted = { '100000x128': 'at most 0.6 ms', '1000000x128': 'at most 15 ms' };
  const rows = [];
  const groups = existsSync(criterion) ? readdirSync(criterion) : [];
  for (const group of groups.filter((name) => /^\d+x\d+$/.test(name)).sort((a, b) => parseInt(a) - parseInt(b))) {
    const [one, plain, each, pass] =
      ['one probe', 'plain f32 scan', 'eight probes, one by one', 'eight probes in a pass'].map((name) => median(group, name));
    const [templates, dimensions] = group.split('x');
    const title = `gallery of ${templates} × ${dimensions}`;
    if (one && plain) {
      rows.push(row(`${title}: one probe`, `${one.toFixed(2)} ms`, `plain f32 scan ${plain.toFixed(2)} ms`,
        (one / plain).toFixed(2), wanted[group] ?? ''));
    }
    if (each && pass) {
      rows.push(row(`${title}: eight probes in a pass`, `${pass.toFixed(2)} ms`, `one by one ${each.toFixed(2)} ms`,
        `${(each / pass).toFixed(1)} × faster`, dimensions === '128' ? '3 ×' : ''));
    }
  }
  return rows;
}

/// The line of an evaluation's report that begins with `title`, without it.
const line = (report, title) => report.split('\n').find((text) => text.trim().startsWith(title))?.trim().slice(title.length).trim();

function accuracyRows(pack, accuracy) {
  const report = read(results, pack, 'report.txt');
  const clips = read(results, pack, 'clips.txt');
  const rows = [];
  if (report) {
    rows.push(row(`pack \`${pack}\`: accuracy on the pairs`, line(report, 'accuracy').split(' (')[0], '', '', accuracy));
    for (const rate of ['1e-3', '1e-5']) {
      const point = line(report, `FMR ≤ ${rate}`);
      if (point) {
        const [, threshold, fnmr] = point.match(/threshold ([\d.]+):.*FNMR (.*)$/);
        rows.push(row(`pack \`${pack}\`: single pictures refused at a false match rate of ${rate}`, fnmr, `threshold ${threshold}`, '', ''));
      }
    }
  }
  if (clips) {
    rows.push(row(`pack \`${pack}\`: clips, everybody enrolled`, line(clips, 'all enrolled'), '', '', 'none'));
    rows.push(row(`pack \`${pack}\`: clips, each person a stranger once`, line(clips, 'each left out once'), '', '', 'none'));
  }
  return rows;
}

/// A row of a report of tests/bench: the line of `title`, the line of its baseline, its ratio.
function reportRow(name, title, { what, baseline, ratio, said, wanted }) {
  const text = read(results, `${name}.txt`);
  const clean = (value) => value?.replace(/^[:|\s]+/, '').replace(/ {2,}/g, ', ');
  const measured = clean(line(text, title));
  if (!measured) return [];
  return [row(what, measured, `${said} ${clean(line(text, baseline)) ?? ''}`.trim(), clean(line(text, ratio)) ?? '', wanted)];
}

const today = new Date().toISOString().slice(0, 10);
const table = [
  BEGIN,
  `${today}, ${cpus().length} cores of ${cpus()[0].model.trim()}.`,
  '',
  '| measured | ours | baseline of the same run | ratio | wanted |',
  '| --- | --- | --- | --- | --- |',
  ...printed('frames'),
  ...printed('peer'),
  ...galleryRows(),
  ...accuracyRows('default', 'at least 99.2 %'),
  ...accuracyRows('yunet-retail-0095', 'at least 99.3 %'),
  ...reportRow('dashboard', 'settling POST → event at a dashboard', {
    what: 'settling frame to the event at a dashboard', baseline: 'baseline: the recognizer alone', said: 'the recognizer alone',
    ratio: 'ratio at the median:', wanted: 'p95 at most 150 ms' }),
  ...reportRow('decision', 'picture delivered → arrival written', {
    what: 'picture delivered by an agent to the arrival written', baseline: 'baseline: bare POST that decides → answer',
    said: 'a bare POST that decides', ratio: 'ratio at p95:', wanted: 'p95 at most 250 ms' }),
  ...reportRow('cameras', '30 viewers', {
    what: '20 cameras at 2/s with 30 viewers', baseline: 'no viewers', said: 'no viewers', ratio: 'p95 with viewers / without',
    wanted: 'p95 at most 1.5 ×' }),
  ...printed('missing'),
  END,
].join('\n');

const before = readFileSync(document, 'utf8');
const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)];
if (from < 0 || to < from) throw new Error(`${document} has no lines "${BEGIN}" and "${END}"`);
writeFileSync(document, before.slice(0, from) + table + before.slice(to + END.length));
