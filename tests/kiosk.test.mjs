// A tablet at the door, in a real Chromium with a fake camera: pairing, a greeting, PIN and badge, and an outage that
// loses nothing.

import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import axe from 'axe-core';

import { assertClean, noBrowser, openBrowser, openPage, picturing } from './support/browser.mjs';
import { asCamera, ffmpeg, noPhotos, original, photo } from './support/pictures.mjs';
import { System, eventually, undoing } from './support/system.mjs';

const undo = undoing(after);
let system;
let folder;

before(async () => {
  if (noBrowser || noPhotos) return;
  folder = await mkdtemp(join(tmpdir(), 'attendance-cameras-'));
  undo.after(() => rm(folder, { recursive: true, force: true }));
  system = await System.start(undo);
});

/** A door with a code for one tablet. */
async function door(admin, name) {
  const feed = await admin.post('/api/v1/feeds', { name });
  assert.equal(feed.status, 201, feed.text);
  const pairing = await admin.post(`/api/v1/feeds/${feed.json.id}/pairing`, {});
  assert.equal(pairing.status, 201, pairing.text);
  return { feed: feed.json.id, code: pairing.json.code };
}

/** Somebody with a face, where there is a photo, and a PIN, where there is one. */
async function enrol(admin, { name, number, file, pin }) {
  const photos = file ? [await original(file)] : [];
  const person = await admin.createPerson({ name, external_id: number, consent: photos.length > 0 || undefined }, photos);
  assert.equal(person.status, 201, person.text);
  if (pin) {
    const set = await admin.put(`/api/v1/people/${person.json.id}/pin`, { pin });
    assert.ok([200, 201, 204].includes(set.status), set.text);
  }
  return person.json.id;
}

/** Shows another picture to a camera: it is there once the page opens the camera anew. */
async function show(file, camera) {
  const next = `${camera}.next.y4m`;
  await asCamera(file, next);
  await rename(next, camera);
}

/** An empty wall. */
async function wall() {
  const file = join(folder, 'wall.png');
  await writeFile(file, await ffmpeg(['-f', 'lavfi', '-i', 'color=gray:size=640x480', '-frames:v', '1'], 'png'));
  return file;
}

/** A badge as a picture: what is printed on it. */
async function picturedBadge(context, svg) {
  const page = await context.newPage();
  await page.setViewportSize({ width: 480, height: 480 });
  await page.setContent(`<body style="margin:0;background:#fff;padding:60px">${svg}<style>svg{display:block;width:360px;height:360px}</style>`);
  const file = join(folder, 'badge.png');
  await page.screenshot({ path: file });
  await page.close();
  return file;
}

/** Opens the kiosk's page with a pairing code behind the `#` of its address. */
async function pairedKiosk(context, code) {
  const page = await openPage(context, `${system.url}/kiosk#${code}`);
  await page.byId('kiosk-door').waitFor({ timeout: 20_000 });
  return page;
}

async function type(page, text) {
  for (const letter of text) await page.byId(`kiosk-key-${letter}`).click();
}

async function checkInByPin(page, number, pin) {
  await page.byId('kiosk-pin-open').click();
  await type(page, number);
  await page.byId('kiosk-next').click();
  await type(page, pin);
  await page.byId('kiosk-next').click();
}

const arrivals = (person) => system.sql(`select method from arrivals where person_id = '${person}'`);

const greeting = (page, text) => page.byId('kiosk-greeting').filter({ hasText: text }).waitFor({ timeout: 30_000 });

/** How many things wait in the tablet. */
const waiting = (page) => page.evaluate(() => new Promise((done, fail) => {
  const opening = indexedDB.open('attendance-kiosk', 1);
  opening.onerror = () => fail(opening.error);
  opening.onsuccess = () => {
    const counting = opening.result.transaction('kept').objectStore('kept').count();
    counting.onsuccess = () => {
      opening.result.close();
      done(counting.result);
    };
    counting.onerror = () => fail(counting.error);
  };
}));

/** No policy violation and no crash; connections that fail in an outage are told on the console, as they should be. */
function assertNoFault(page) {
  assert.deepEqual(page.problems.filter((what) => !what.startsWith('console: WebSocket connection')), []);
}

async function assertAccessible(page, where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`), []);
}

describe('the kiosk', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('is paired by a typed code, once', { timeout: 120_000 }, async (t) => {
    const admin = await system.admin();
    const { code } = await door(admin, 'Side door');
    const camera = join(folder, 'pairing.y4m');
    await asCamera(await wall(), camera);
    const context = await openBrowser(t, { camera });
    const page = await openPage(context, `${system.url}/kiosk`);
    await picturing('kiosk-pairing', () => [page], async () => {
      await page.byId('kiosk-pairing').waitFor({ timeout: 20_000 });
      await assertAccessible(page, 'pairing');
      await page.keyboard.type('zzzz-zzzz');
      await page.byId('kiosk-problem').filter({ hasText: 'does not work' }).waitFor();
      await type(page, code);
      await page.byId('kiosk-door').waitFor({ timeout: 20_000 });
      assert.equal(await page.byId('kiosk-name').innerText(), 'Side door');
      await eventually('the video to play', () => page.byId('kiosk-video').evaluate((video) => video.videoWidth > 0 && !video.paused));
      await assertAccessible(page, 'door');

      const second = await openPage(context, `${system.url}/kiosk`);
      await second.byId('kiosk-other-tab').waitFor();
      await page.close();
      await second.byId('kiosk-door').waitFor({ timeout: 20_000 });
      assertClean(second);

      const elsewhere = await openPage(await openBrowser(t, { camera }), `${system.url}/kiosk#${code}`);
      await elsewhere.byId('kiosk-problem').filter({ hasText: 'does not work' }).waitFor({ timeout: 20_000 });
      assert.equal(new URL(elsewhere.url()).hash, '', 'the code is gone from the address');
    });
  });

  it('greets whoever it knows, and takes PIN and badge', { timeout: 240_000 }, async (t) => {
    const admin = await system.admin();
    const face = await enrol(admin, { name: 'Zoë Kiosk', number: 'kiosk-1', file: photo.first });
    const number = await enrol(admin, { name: 'Pia Kiosk', number: '4711', pin: '2580' });
    const bearer = await enrol(admin, { name: 'Bo Kiosk', number: 'kiosk-3' });
    const badge = await admin.post(`/api/v1/people/${bearer}/badges`, {});
    assert.equal(badge.status, 201, badge.text);
    const { code } = await door(admin, 'Front door');
    const camera = join(folder, 'front.y4m');
    await asCamera(photo.firstAgain, camera);
    const context = await openBrowser(t, { camera });
    const page = await pairedKiosk(context, code);
    await picturing('kiosk-online', () => [page], async () => {
      assert.equal(new URL(page.url()).hash, '');
      await greeting(page, /Good (morning|afternoon|evening), Zoë Kiosk/);
      assert.deepEqual(await arrivals(face), [['face']]);

      await checkInByPin(page, '4711', '1111');
      await page.byId('kiosk-problem').filter({ hasText: 'Check the number' }).waitFor({ timeout: 15_000 });
      await assertAccessible(page, 'PIN');
      await type(page, '2580');
      await page.byId('kiosk-next').click();
      await greeting(page, 'Pia Kiosk');
      assert.deepEqual(await arrivals(number), [['pin']]);

      await show(await picturedBadge(context, badge.json.qr_svg), camera);
      await page.reload();
      await page.byId('kiosk-badge-open').click({ timeout: 20_000 });
      await greeting(page, 'Bo Kiosk');
      assert.deepEqual(await arrivals(bearer), [['qr']]);
      assertClean(page);
    });
  });

  it('keeps what comes while the server is away, and opens without it', { timeout: 300_000 }, async (t) => {
    const admin = await system.admin();
    const face = await enrol(admin, { name: 'Olaf Outage', number: 'outage-1', file: photo.second });
    const number = await enrol(admin, { name: 'Ona Outage', number: '4712', pin: '2580' });
    const { code } = await door(admin, 'Back door');
    const camera = join(folder, 'back.y4m');
    await asCamera(await wall(), camera);
    const context = await openBrowser(t, { camera });
    const page = await pairedKiosk(context, code);
    await picturing('kiosk-outage', () => [page], async () => {
      await eventually('the page to be kept', () => page.evaluate(async () => {
        const { active } = await navigator.serviceWorker.ready;
        return active.state === 'activated' && navigator.serviceWorker.controller !== null;
      }), { timeoutMs: 30_000 });

      const { pids } = await system.running();
      process.kill(pids.api, 'SIGSTOP');
      try {
        await show(photo.second, camera);
        await page.reload({ timeout: 60_000 });
        await page.byId('kiosk-door').waitFor({ timeout: 60_000 });
        await page.locator('[data-testid=kiosk-chip][data-state=offline]').waitFor({ timeout: 30_000 });
        await eventually('pictures to be kept', async () => await waiting(page) >= 6, { timeoutMs: 30_000 });
        const pictures = await waiting(page);
        await checkInByPin(page, '4712', '2580');
        await page.byId('kiosk-notice').filter({ hasText: 'Kept' }).waitFor({ timeout: 30_000 });
        await eventually('the check-in to be kept', async () => await waiting(page) > pictures);
      } finally {
        process.kill(pids.api, 'SIGCONT');
      }
      await system.ready();
      const resumed = new Date().toISOString();
      await eventually('everything to be sent', async () => await waiting(page) === 0, { timeoutMs: 120_000 });
      await page.byId('kiosk-chip').waitFor({ state: 'detached', timeout: 30_000 });
      assert.equal((await arrivals(face)).length, 1, 'one arrival by face');
      assert.deepEqual(await arrivals(number), [['pin']]);
      const late = await system.sql(`select person_id from arrivals where person_id in ('${face}', '${number}') and at >= '${resumed}'`);
      assert.deepEqual(late, [], 'they arrived while the server was away');
      assertNoFault(page);
    });
  });
});
