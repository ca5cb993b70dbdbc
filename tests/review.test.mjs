// What an administrator does with faces that nobody knows, in a real Chromium: switching the queue on, enrolling a
// stranger from it, giving a face to somebody, throwing one away; and what a photo before a camera that asks for
// movements gets to see.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import axe from 'axe-core';

import { assertClean, faces, noBrowser, openBrowser, openPage, picturing, signIn, startCamera } from './support/browser.mjs';
import { asCamera, asFrame, noPhotos, original, photo } from './support/pictures.mjs';
import { System, eventually, sleep, undoing } from './support/system.mjs';

const undo = undoing(after);
let system;
let folder;

before(async () => {
  if (noBrowser || noPhotos) return;
  folder = await mkdtemp(join(tmpdir(), 'attendance-cameras-'));
  undo.after(() => rm(folder, { recursive: true, force: true }));
  system = await System.start(undo);
});

/** A page of the first administrator. */
async function administrator(t, options) {
  const page = await openPage(await openBrowser(t, options), system.url);
  await signIn(page, await system.firstAdmin());
  return page;
}

/** Shows a face to a feed until it waits for review; the id of its item. */
async function stranger(admin, feed, file, known) {
  const frame = await asFrame(file);
  return eventually('the face to wait for review', async () => {
    await admin.frame(feed, frame);
    const { json } = await admin.get('/api/v1/review');
    return json.items.find(({ id }) => !known.includes(id))?.id;
  }, { everyMs: 200 });
}

const rows = (page) => page.byId('review-item');

describe('the review queue', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('is off until somebody says why', { timeout: 60_000 }, async (t) => {
    const page = await administrator(t);
    await picturing('review-off', () => [page], async () => {
      await page.byId('nav-review').click();
      await page.byId('review-off').waitFor();
      await page.byId('review-reason').fill('because');
      await page.byId('review-on').click();
      await page.getByText('Say why in 10 to 500 characters.').waitFor();
      await page.byId('review-reason').fill('New pupils are enrolled at the gate.');
      await page.byId('review-on').click();
      await page.byId('review-list').waitFor({ state: 'attached' });
      await page.getByText('No unknown faces').waitFor();
      const { json } = await (await system.admin()).get('/api/v1/review/settings');
      assert.deepEqual(json, { enabled: true, reason: 'New pupils are enrolled at the gate.', keep_hours: 72 });
      assertClean(page);
    });
  });

  it('enrols a stranger, whom the camera then knows', { timeout: 120_000 }, async (t) => {
    const camera = join(folder, 'stranger.y4m');
    await asCamera(photo.third, camera);
    const entrance = await administrator(t, { camera });
    const office = await administrator(t);
    await picturing('review-enrol', () => [entrance, office], async () => {
      await startCamera(entrance);
      await eventually('a stranger', async () => (await faces(entrance)).some(({ state }) => state === 'unknown'));
      await office.byId('nav-review').click();
      await rows(office).first().waitFor({ timeout: 30_000 });
      await eventually('the badge', async () => await office.byId('nav-review-badge').innerText() !== '', { timeoutMs: 40_000 });
      await eventually('the picture of the face', () =>
        rows(office).first().locator('img').first().evaluate((image) => image.naturalWidth > 0));

      await rows(office).first().getByTestId('review-e').click();
      await office.byId('person-name').fill('Cora Review');
      await office.byId('person-external-id').fill('review-1');
      await office.byId('review-save').click();
      await office.getByText('Enrolling somebody needs their consent.').waitFor();
      await office.byId('person-consent').check();
      await office.byId('review-save').click();
      await office.byId('review-save').waitFor({ state: 'hidden', timeout: 15_000 });
      await eventually('the queue to be empty', async () => await rows(office).count() === 0);
      await eventually('the stranger to be known', async () =>
        (await faces(entrance)).some(({ state, text }) => state === 'known' && text.includes('Cora Review')));
      assertClean(office);
      assertClean(entrance);
    });
  });

  it('gives a face to somebody who is there, and throws one away, by keyboard', { timeout: 120_000 }, async (t) => {
    const admin = await system.admin();
    const person = await admin.createPerson({ name: 'Dora Review', external_id: 'review-2' });
    assert.equal(person.status, 201, person.text);
    const feed = await admin.post('/api/v1/feeds', { name: 'Side door' });
    const first = await stranger(admin, feed.json.id, photo.first, []);
    await stranger(admin, feed.json.id, photo.second, [first]);

    const page = await administrator(t);
    await picturing('review-keyboard', () => [page], async () => {
      await page.byId('nav-review').click();
      await eventually('two faces', async () => await rows(page).count() === 2);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id }) => id), []);

      await page.keyboard.press('ArrowDown'); // the newest: the second face
      await page.keyboard.press('d');
      await page.byId('confirm-delete').click();
      await eventually('one face', async () => await rows(page).count() === 1);
      assert.ok(await rows(page).first().evaluate((row) => row === document.activeElement), 'the next one is at hand');

      await page.keyboard.press('s');
      await page.byId('review-who').fill('Dora');
      await page.getByRole('radio', { name: 'Dora Review' }).check();
      await page.byId('person-consent').check();
      await page.byId('review-save').click();
      await eventually('no face', async () => await rows(page).count() === 0);
      const { json } = await admin.get(`/api/v1/people/${person.json.id}`);
      assert.ok(json.photos.length > 0 && json.consent, 'the pictures and the consent are Dora’s');
      assertClean(page);
    });
  });
});

describe('a camera that asks for movements', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('tells a photo what to do, and logs nothing', { timeout: 120_000 }, async (t) => {
    const admin = await system.admin();
    const { json: pack } = await admin.get('/api/v1/model');
    if (!pack.challenge) {
      t.skip('the model pack in use gives no challenge');
      return;
    }
    const person = await admin.createPerson({ name: 'Emma Review', external_id: 'review-3', consent: true }, [await original(photo.firstAgain)]);
    assert.ok([201, 409].includes(person.status), person.text);
    for (const { id } of await admin.all('/api/v1/feeds')) await admin.delete(`/api/v1/feeds/${id}`);
    const feed = await admin.post('/api/v1/feeds', { name: 'Challenged door', liveness: 'challenge' });
    const camera = join(folder, 'photo.y4m');
    await asCamera(photo.firstOnceMore, camera);
    const page = await administrator(t, { camera });
    await picturing('challenge', () => [page], async () => {
      await startCamera(page);
      await page.locator('[data-testid=challenge][data-state=asking]').waitFor({ timeout: 20_000 });
      assert.match(await page.byId('challenge-words').innerText(), /head|chin|straight/i);
      await page.locator('[data-testid=challenge][data-state=failed]').waitFor({ timeout: 40_000 });
      await sleep(1000);
      const { json } = await admin.get('/api/v1/arrivals?limit=100');
      assert.deepEqual(json.items.filter((arrival) => arrival.feed.id === feed.json.id), [], 'a photo is never logged');
      assertClean(page);
    });
  });
});
