// What a school does with it: set up from a table, two weeks across the end of summer time, a correction, reports whose
// every cell is compared with a calculation of the test's own, and each page looked at in both languages.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import axe from 'axe-core';

import { assertClean, noBrowser, openBrowser, openPage, picturing, signIn } from './support/browser.mjs';
import { System, eventually, sleep, target, undoing } from './support/system.mjs';

const run = promisify(execFile);
const undo = undoing(after);
/** Monday to Sunday, twice; the clocks of Berlin went back on 25 October. */
const from = '2026-10-19';
const to = '2026-11-02';
const pupils = 24;

let system;
let admin;
let group;

before(async () => {
  system = await System.start(undo);
  admin = await system.admin();
});

async function created(path, body) {
  const answer = await admin.post(path, body);
  assert.equal(answer.status, 201, `${path}: ${answer.text}`);
  return answer.json;
}

/** `name` of an external id; one of them longer than any column. */
const nameOf = (n) => (n === 7 ? 'Maximiliane Konstantina von Hohenstein-Wolkenburg' : `Pupil ${String(n).padStart(2, '0')}`);

describe('a school', { concurrency: false }, () => {
  it('is set up from a table', { timeout: 60_000 }, async () => {
    const settings = await admin.put('/api/v1/settings', { site_name: 'School by the River', timezone: 'Europe/Berlin' });
    assert.equal(settings.status, 200, settings.text);
    const rows = Array.from({ length: pupils }, (_, n) => `${nameOf(n + 1)},S-${n + 1},7b`);
    const form = new FormData();
    form.append('file', new Blob([`name,external_id,groups\n${rows.join('\n')}\n`]), 'pupils.csv');
    const preview = await admin.request('POST', '/api/v1/imports', { body: form });
    assert.equal(preview.status, 201, preview.text);
    assert.deepEqual(preview.json.counts, { create: pupils, update: 0, unchanged: 0, error: 0 });
    const path = `/api/v1/imports/${preview.json.id}`;
    assert.equal((await admin.post(`${path}/apply`)).status, 202);
    await eventually('the import to end', async () => (await admin.get(path)).json.state === 'done');

    const groups = await admin.get('/api/v1/groups');
    group = groups.json.items.find(({ name }) => name === '7b').id;
    // They have been in the class since September.
    await system.sql("update group_members set from_day = '2026-09-01'");
    const schedule = await created('/api/v1/schedules', {
      name: 'School day', kind: 'period', timezone: 'Europe/Berlin', from_day: '2026-09-01',
      rules: { slots: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], start: '08:00', end: '13:00' }], grace_minutes: 5 },
    });
    await created(`/api/v1/schedules/${schedule.id}/groups`, { group, from_day: '2026-09-01' });
    await created('/api/v1/holidays', { name: 'Autumn break', from_day: '2026-10-30', until_day: '2026-10-31' });
    await created('/api/v1/feeds', { name: 'Main entrance', direction: 'in' });
  });

  it('has two weeks across the end of summer time', { timeout: 120_000 }, async () => {
    // Late every seventh time, away every tenth, else between 07:30 and 08:05 by the clock on the wall.
    await system.sql(`
      insert into arrivals (id, person_id, feed_id, at, span, captured_at, received_at, method, sender_kind, sender_id, source_kind)
      select gen_random_uuid(), p.id, f.id, at, tstzrange(at, at + interval '1 minute'), at, at, 'face', 'feed', f.id, 'post'
      from (select id, substr(external_id, 3)::int as n from people) p, feeds f,
           generate_series(date '${from}', date '${to}' - 1, interval '1 day') as day(d),
           lateral (select (d + interval '7 hours 30 minutes' + case when (p.n + extract(doy from d)::int) % 7 = 0
                     then interval '36 minutes' + p.n * interval '2 minutes'
                     else (p.n * 7 % 36) * interval '1 minute' end)::timestamp at time zone 'Europe/Berlin' as at) t
      where extract(isodow from d) < 6 and (p.n + extract(doy from d)::int) % 10 <> 0`);
    const { database_url: url } = await system.running();
    const { stdout } = await run(join(target, 'release/attendance'), ['days', 'recompute', '--from', from, '--to', to],
      { env: { ...system.env, DATABASE_URL: url } });
    assert.match(stdout, /\d/);
  });

  it('reads in every report what an independent calculation says', { timeout: 60_000 }, async () => {
    // From arrivals alone: nothing of the product's own states.
    const expected = await system.sql(`
      select p.name, d::date, case
               when d = date '2026-10-30' then 'holiday'
               when first is null then 'absent'
               when first > time '08:05' then 'late' else 'present' end,
             extract(epoch from first - time '08:00')::int / 60
      from people p, generate_series(date '${from}', date '${to}' - 1, interval '1 day') as day(d)
      left join lateral (select min((a.at at time zone 'Europe/Berlin')::time) as first from arrivals a
                         where a.person_id = p.id and (a.at at time zone 'Europe/Berlin')::date = d::date) seen on true
      where extract(isodow from d) < 6`);
    assert.equal(expected.length, pupils * 10);
    const report = async (kind, query = '') => {
      const answer = await admin.get(`/api/v1/reports/${kind}?from=${from}&to=${to}&group=${group}${query || '&limit=200'}`);
      assert.equal(answer.status, 200, answer.text);
      return answer;
    };
    const { json: register } = await report('register');
    const meaning = new Map(register.legend.map(({ letter, meaning: text }) => [letter, text.toLowerCase()]));
    const column = new Map(register.columns.map(({ key }, index) => [key, index]));
    const rows = new Map(register.rows.map((row) => [row[column.get('person')], row]));
    for (const [name, day, state] of expected) {
      const letter = rows.get(name)[column.get(day)];
      assert.ok(meaning.get(letter)?.startsWith(state), `${name} on ${day}: ${letter} (${meaning.get(letter)}), not ${state}`);
    }
    const late = expected.filter(([, , state]) => state === 'late');
    assert.ok(late.length > 10);
    const { json: lateList } = await report('late');
    const lateAt = (key) => lateList.columns.findIndex((one) => one.key === key);
    const told = lateList.rows.map((row) => `${row[lateAt('person')]} ${row[lateAt('day')]} ${row[lateAt('late_minutes')]}`).sort();
    assert.deepEqual(told, late.map(([name, day, , minutes]) => `${name} ${day} ${minutes}`).sort());
    const { json: absences } = await report('absences');
    const total = absences.totals.find(({ key }) => key === 'absent').value;
    assert.equal(total, expected.filter(([, , state]) => state === 'absent').length);

    assert.equal((await report('register', '&format=csv')).text.trim().split('\n').length, pupils + 1);
    assert.equal((await report('register', '&format=xlsx')).bytes.subarray(0, 2).toString(), 'PK');
    assert.equal((await report('register', '&format=pdf')).bytes.subarray(0, 5).toString(), '%PDF-');
  });

  it('corrects a day by hand, and two who mark at once do not overwrite each other', { timeout: 60_000 }, async () => {
    const path = `/api/v1/attendance?group=${group}&day=2026-10-26`;
    const sheet = (await admin.get(path)).json;
    const absent = sheet.rows.find(({ state }) => state === 'absent');
    const row = { person: absent.person.id, state: 'excused', note: 'Ill', seen_mark: null };
    const first = await admin.put(path, [row]);
    assert.equal(first.status, 200, first.text);
    const second = await admin.put(path, [{ ...row, state: 'present' }]);
    assert.equal(second.status, 409, second.text);
    assert.equal(second.json.error.code, 'mark_conflict');
    const again = (await admin.get(path)).json.rows.find(({ person }) => person.id === absent.person.id);
    assert.equal(again.state, 'excused');
  });
});

describe('the pages of a school', { skip: noBrowser, concurrency: false }, () => {
  const paths = () => ['/', '/people', `/people/${person}`, `/people/${person}?tab=calendar`, '/people/import', '/groups', `/groups/${group}`,
    '/schedules', `/attendance?group=${group}&day=2026-10-26`, '/attendance/on-site', '/attendance/corrections',
    `/reports?kind=register&first=${from}&last=2026-11-01&group=${group}`, `/reports?kind=late&first=${from}&last=2026-11-01`,
    `/analytics?first=${from}&last=2026-11-01`, '/review', '/settings/feeds', '/settings/site', '/settings/users', '/settings/keys',
    '/settings/model', '/settings/privacy', '/settings/audit', '/settings/alerts', '/settings/account', '/settings/appearance'];
  let person;

  before(async () => {
    [[person]] = await system.sql("select id from people where external_id = 'S-7'");
  });

  for (const language of ['en', 'ar']) {
    for (const colorScheme of ['light', 'dark']) {
      it(`have no serious accessibility violation and fit every width (${language}, ${colorScheme})`, { timeout: 300_000 }, async (t) => {
        const page = await openPage(await openBrowser(t), system.url);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.evaluate((chosen) => localStorage.setItem('language', chosen), language);
        await page.reload();
        await signIn(page, await system.firstAdmin());
        assert.equal(await page.evaluate(() => document.documentElement.dir), language === 'ar' ? 'rtl' : 'ltr');
        const found = [];
        const pictures = process.env.PICTURES;
        if (pictures) await mkdir(pictures, { recursive: true });
        await picturing(`school-${language}-${colorScheme}`, () => [page], async () => {
          for (const path of paths()) {
            await page.setViewportSize({ width: 1280, height: 800 });
            await page.goto(system.url + path);
            await page.locator('.content, .live').first().waitFor();
            await eventually(`${path} to be loaded`, async () => !await page.locator('.skeleton').count());
            await sleep(100);
            await page.evaluate(axe.source);
            const { violations } = await page.evaluate(() => window.axe.run());
            for (const { id, impact, nodes } of violations) {
              if (['serious', 'critical'].includes(impact)) found.push(`${path}: ${id}: ${nodes.slice(0, 3).map(({ target: at }) => at.join(' ')).join(', ')}`);
            }
            for (const width of [390, 1280, 1920]) {
              await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
              await sleep(50);
              const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
              if (overflow > 0) found.push(`${path} at ${width} px is ${overflow} px too wide`);
              if (pictures) {
                const name = `${path.replaceAll(/[^a-z]+/gi, '-').slice(0, 40)}-${width}-${language}-${colorScheme}.png`;
                await page.screenshot({ path: join(pictures, name), fullPage: true });
              }
            }
          }
        });
        assert.deepEqual(found, []);
        assertClean(page);
      });
    }
  }
});
