// Many cameras at once, in a real Chromium: nine feeds whose frames this test posts, side by side over one connection
// that asks for those in view alone; one of them in full screen; and an unknown face that gets a name beside the
// cameras.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import axe from 'axe-core';

import { assertClean, noBrowser, openBrowser, openPage, picturing, signIn } from './support/browser.mjs';
import { Client } from './support/client.mjs';
import { asFrame, noPhotos, photo } from './support/pictures.mjs';
import { System, eventually, sleep, undoing } from './support/system.mjs';

const FEEDS = 9;

const undo = undoing(after);
let system;
let cameras;

before(async () => {
  if (noBrowser || noPhotos) return;
  system = await System.start(undo);
  const admin = await system.admin();
  const on = await admin.put('/api/v1/review/settings', { enabled: true, reason: 'New pupils are enrolled at the gate.', keep_hours: 72 });
  assert.ok(on.status < 300, on.text);
  cameras = await Promise.all(Array.from({ length: FEEDS }, async (_, index) => {
    const made = await admin.post('/api/v1/feeds', { name: `Door ${index + 2}` });
    assert.equal(made.status, 201, made.text);
    return { id: made.json.id, name: made.json.name, client: new Client(system.url, { token: made.json.token }) };
  }));
});

/** Sends a picture as every camera, again and again until the test ends. */
function sending(t, frame) {
  let on = true;
  const loops = cameras.map(async ({ id, client }) => {
    while (on) {
      await client.frame(id, frame).catch(() => {});
      // Nine cameras share the two cores of a small machine.
      await sleep(700);
    }
  });
  t.after(async () => {
    on = false;
    await Promise.all(loops);
  });
}

/** An administrator's page; `asked` collects what it asks for over its connection. */
async function office(t, options) {
  const context = await openBrowser(t, options);
  const page = await openPage(context, system.url);
  page.asked = [];
  page.sockets = 0;
  page.on('websocket', (socket) => {
    if (!socket.url().endsWith('/api/v1/watch')) return;
    page.sockets += 1;
    socket.on('framesent', ({ payload }) => page.asked.push(JSON.parse(payload)));
  });
  await signIn(page, await system.firstAdmin());
  await page.byId('nav-live').click();
  return page;
}

const tile = (page, { id }) => page.locator(`[data-testid=tile][data-feed="${id}"]`);
const state = (page, camera) => tile(page, camera).locator('.tile-name').getAttribute('data-state');
const newest = (page) => page.asked.at(-1);

describe('nine cameras', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('are live side by side over one connection', { timeout: 120_000 }, async (t) => {
    const frame = await asFrame(photo.second, { width: 640, height: 360 });
    sending(t, frame);
    const page = await office(t, { viewport: { width: 1920, height: 1080 } });
    await picturing('nine-cameras', () => [page], async () => {
      await eventually('nine live tiles', async () =>
        (await Promise.all(cameras.map((camera) => state(page, camera)))).every((now) => now === 'live'), { timeoutMs: 40_000 });
      assert.equal(page.sockets, 1, 'one connection for all');
      assert.deepEqual([...newest(page).feeds].sort(), cameras.map(({ id }) => id).sort());
      assert.ok(newest(page).fps >= 5 && newest(page).fps <= 10, `${newest(page).fps} pictures a second`);
      assert.equal(page.asked.filter(({ arrivals }) => arrivals !== undefined).length, 1, 'arrivals are asked for once');
      const order = await page.byId('tile').evaluateAll((tiles) => tiles.map((one) => one.dataset.feed).filter(Boolean));
      assert.deepEqual(order, cameras.map(({ id }) => id), 'Door 2 stands before Door 10');
      const shapes = await page.locator('[data-testid=tile][data-feed]').evaluateAll((tiles) => tiles.map((one) => {
        const { width, height } = one.getBoundingClientRect();
        return width / height;
      }));
      for (const shape of shapes) assert.ok(Math.abs(shape - 16 / 9) < 0.02, `a tile of ${shape}`);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id }) => id), []);
      assertClean(page);
    });
  });

  it('are asked for only where they are in view', { timeout: 120_000 }, async (t) => {
    sending(t, await asFrame(photo.second, { width: 640, height: 360 }));
    const page = await office(t, { viewport: { width: 390, height: 844 } });
    await picturing('cameras-in-view', () => [page], async () => {
      await eventually('a request', () => newest(page)?.feeds.length > 0);
      assert.ok(newest(page).feeds.length < FEEDS, 'a phone shows only some of them');
      assert.ok(newest(page).feeds.includes(cameras[0].id));
      const last = cameras.at(-1);
      assert.ok(!newest(page).feeds.includes(last.id));
      await tile(page, last).scrollIntoViewIfNeeded();
      await eventually('the last one to be asked for', () => newest(page).feeds.includes(last.id));
      await eventually('the first one to be left out', () => !newest(page).feeds.includes(cameras[0].id));
      await page.locator('[data-testid=nav-settings]:visible').click();
      await eventually('nothing to be asked for on another page', () => newest(page).feeds.length === 0);
      assert.equal(page.sockets, 1);
      assertClean(page);
    });
  });

  it('are walked with the arrow keys; one fills the screen and is then asked for alone', { timeout: 120_000 }, async (t) => {
    sending(t, await asFrame(photo.second, { width: 640, height: 360 }));
    const page = await office(t, { viewport: { width: 1920, height: 1080 } });
    await picturing('camera-full-screen', () => [page], async () => {
      await eventually('a live tile', async () => await state(page, cameras[1]) === 'live', { timeoutMs: 40_000 });
      await tile(page, cameras[0]).focus();
      await page.keyboard.press('ArrowRight');
      assert.ok(await tile(page, cameras[1]).evaluate((one) => one === document.activeElement), 'the next tile');
      await page.keyboard.press('Enter');
      await eventually('that one alone', () => newest(page).feeds.length === 1 && newest(page).feeds[0] === cameras[1].id);
      assert.equal(newest(page).fps, undefined, 'as many pictures as there are');
      await page.keyboard.press('Escape');
      await eventually('all again', () => newest(page).feeds.length === FEEDS);
      assertClean(page);
    });
  });
});

describe('an unknown face', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('gets a name beside the cameras', { timeout: 180_000 }, async (t) => {
    sending(t, await asFrame(photo.third));
    const page = await office(t, { viewport: { width: 1920, height: 1080 } });
    await picturing('unknown-beside', () => [page], async () => {
      const seen = (camera) => tile(page, camera).getByTestId('feed-overlay-faces').locator('li').evaluateAll((faces) =>
        faces.map((face) => ({ state: face.dataset.state, text: face.textContent })));
      await eventually('an unknown face', async () => (await seen(cameras[0])).some((face) => face.state === 'unknown'), { timeoutMs: 40_000 });
      await page.byId('unknown-waiting').click({ timeout: 40_000 });
      const panel = page.byId('unknown-panel');
      await panel.getByTestId('review-item').first().waitFor({ timeout: 30_000 });
      await panel.getByTestId('review-e').first().click();
      await page.byId('person-name').fill('Cora Camera');
      await page.byId('person-external-id').fill('cameras-1');
      await page.byId('person-consent').check();
      await page.byId('review-save').click();
      await page.byId('review-save').waitFor({ state: 'hidden', timeout: 15_000 });
      await eventually('the face to be known', async () =>
        (await seen(cameras[0])).some((face) => face.state === 'known' && face.text.includes('Cora Camera')), { timeoutMs: 40_000 });
      await page.byId('arrival-item').filter({ hasText: 'Cora Camera' }).first().waitFor({ timeout: 20_000 });
      const ids = await page.byId('arrival-item').count();
      assert.ok(ids <= FEEDS, `${ids} arrivals: one for each camera at most`);
      await page.keyboard.press('Escape');
      await panel.waitFor({ state: 'hidden' });
      assertClean(page);
    });
  });
});
