// What a person does with the page, in a real Chromium with a fake camera: from sign-in to an arrival, and to being
// forgotten again. Once with photos that set-up fetched, once more with clips of people where they are at hand.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import axe from 'axe-core';

import { assertClean, faces, noBrowser, openBrowser, openPage, picturing, signIn, startCamera } from './support/browser.mjs';
import { asCamera, clipAsCamera, clipFrame, noPhotos, photo } from './support/pictures.mjs';
import { System, eventually, sharedData, sleep, undoing } from './support/system.mjs';

const clips = join(sharedData, 'clips');
const noClips = existsSync(join(clips, 'labels.csv')) ? false : 'no ../shared/data/clips beside the repository';

const undo = undoing(after);
let system;
let folder;

before(async () => {
  if (noBrowser || noPhotos) return;
  folder = await mkdtemp(join(tmpdir(), 'attendance-cameras-'));
  undo.after(() => rm(folder, { recursive: true, force: true }));
  system = await System.start(undo);
});

/** Adds a person through the page. */
async function addPerson(page, { name, externalId, file }) {
  await page.byId('nav-people').click();
  await page.byId('people-add').click();
  await page.byId('person-name').fill(name);
  await page.byId('person-external-id').fill(externalId);
  await page.byId('person-consent').check();
  await page.byId('person-photo-input').setInputFiles(file);
  await page.byId('person-save').click();
  await page.byId('person-save').waitFor({ state: 'hidden', timeout: 15_000 });
  await page.byId('nav-people').click();
  await page.byId('person-row').filter({ hasText: name }).waitFor();
}

async function deletePerson(page, name) {
  await page.byId('nav-people').click();
  await page.byId('person-row').filter({ hasText: name }).click();
  await page.byId('person-delete').first().click();
  await page.locator('#erase-reason').fill('left');
  await page.byId('erase-next').click();
  await page.byId('erase-confirm').click();
  await page.byId('erase-done').click();
  await page.byId('erase-done').waitFor({ state: 'hidden' });
  await page.byId('nav-people').click();
  await eventually(`${name} to be gone from the list`, async () => !await page.byId('person-row').filter({ hasText: name }).count());
}

/** The whole journey of one person and one stranger. */
async function journey(t, { name, externalId, file, personCamera, strangerCamera }) {
  const pages = [];
  await picturing(t.name.replaceAll(/[^a-z0-9]+/gi, '-'), () => pages, async () => {
    const admin = await system.firstAdmin();
    const entrance = await openPage(await openBrowser(t, { camera: personCamera }), system.url);
    const office = await openPage(await openBrowser(t), system.url);
    pages.push(entrance, office);

    await signIn(entrance, admin);
    await signIn(office, admin);
    await addPerson(office, { name, externalId, file });
    await office.byId('nav-live').click();

    await startCamera(entrance);
    await eventually('the name over the picture', async () =>
      (await faces(entrance)).some(({ state, text }) => state === 'known' && text.includes(name)));
    assert.ok(await entrance.byId('overlay').isVisible());
    for (const page of [entrance, office]) {
      await page.byId('arrival-item').filter({ hasText: name }).first().waitFor({ timeout: 5000 }); // pushed: nobody clicked
    }

    await office.byId('search-input').fill(name);
    await office.byId('search-result').filter({ hasText: name }).first().click();
    await office.byId('log-item').first().waitFor();
    assert.equal(await office.byId('log-item').count(), 1, 'one arrival within the window, however many frames');

    const stranger = await openPage(await openBrowser(t, { camera: strangerCamera }), system.url);
    pages.push(stranger);
    await signIn(stranger, admin);
    await startCamera(stranger);
    await eventually('the stranger to be seen', async () => (await faces(stranger)).some(({ state }) => state === 'unknown'));
    for (let look = 0; look < 20; look += 1) {
      for (const face of await faces(stranger)) assert.notEqual(face.state, 'known', `the stranger was taken for ${face.text}`);
      await sleep(200);
    }
    assertClean(stranger);
    await stranger.close();
    pages.pop();

    await deletePerson(office, name);
    await eventually('the camera to know the person no longer', async () => {
      const seen = await faces(entrance);
      return seen.length > 0 && seen.every(({ state }) => state !== 'known');
    }, { timeoutMs: 5000 });
    for (let look = 0; look < 15; look += 1) {
      for (const face of await faces(entrance)) assert.notEqual(face.state, 'known', 'a deleted person is not recognised');
      await sleep(200);
    }
    assert.deepEqual(await system.sql(`select count(*) from people where external_id = '${externalId}'`), [['0']]);
    assertClean(entrance);
    assertClean(office);
  });
}

describe('the journey of a person', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('with photos', { timeout: 240_000 }, async (t) => {
    const personCamera = join(folder, 'person.y4m');
    const strangerCamera = join(folder, 'stranger.y4m');
    await asCamera(photo.firstAgain, personCamera);
    await asCamera(photo.third, strangerCamera);
    await journey(t, { name: 'Ada Journey', externalId: 'journey-1', file: photo.first, personCamera, strangerCamera });
  });

  it('with clips', { skip: noClips, timeout: 300_000 }, async (t) => {
    const rows = (await readFile(join(clips, 'labels.csv'), 'utf8')).trim().split('\n').slice(1).map((line) => line.trim().split(','));
    const clip = (who, use) => join(clips, rows.find(([, person, why]) => person === who && why === use)[0]);
    const file = join(folder, 'enrol.jpg');
    await writeFile(file, await clipFrame(clip('signer_a', 'enrol'), 1));
    const personCamera = join(folder, 'clip-person.y4m');
    const strangerCamera = join(folder, 'clip-stranger.y4m');
    await clipAsCamera(clip('signer_a', 'recognise'), personCamera);
    await clipAsCamera(clip('signer_c', 'recognise'), strangerCamera);
    await journey(t, { name: 'Berta Journey', externalId: 'journey-2', file, personCamera, strangerCamera });
  });
});

describe('enrolment with the webcam', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('takes a burst and keeps the best', { timeout: 120_000 }, async (t) => {
    const camera = join(folder, 'burst.y4m');
    await asCamera(photo.second, camera);
    const page = await openPage(await openBrowser(t, { camera }), system.url);
    await picturing('burst', () => [page], async () => {
      await signIn(page, await system.firstAdmin());
      await page.byId('nav-people').click();
      await page.byId('people-add').click();
      await page.byId('webcam-open').click();
      await eventually('the camera to be judged', () => page.byId('webcam-take').isEnabled(), { timeoutMs: 20_000 });
      await page.byId('webcam-take').click();
      await page.byId('webcam-outcome').filter({ hasText: /kept/ }).getByText(/The best/).waitFor({ timeout: 30_000 });
      const kept = await page.getByText('Good to use').count();
      assert.ok(kept >= 1 && kept <= 3, `${kept} photos were kept`);
      await page.byId('person-name').fill('Burst Journey');
      await page.byId('person-external-id').fill('journey-3');
      await page.byId('person-consent').check();
      await page.byId('person-save').click();
      await page.byId('person-save').waitFor({ state: 'hidden', timeout: 15_000 });
      const [[photos]] = await system.sql("select count(*) from photos join people on people.id = person_id where external_id = 'journey-3'");
      assert.equal(Number(photos), kept);
      await deletePerson(page, 'Burst Journey');
      assertClean(page);
    });
  });
});

describe('the page in trouble', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  it('explains a camera that was refused', { timeout: 60_000 }, async (t) => {
    const context = await openBrowser(t, { permitted: false });
    const page = await openPage(context, system.url);
    await picturing('refused', () => [page], async () => {
      await signIn(page, await system.firstAdmin());
      await page.byId('nav-live').click();
      await page.byId('camera-start').click();
      await page.getByRole('alert').filter({ hasText: /camera/i }).first().waitFor({ timeout: 10_000 });
      assertClean(page);
    });
  });

  it('shows that the recognizer is away and goes on when it is back', { timeout: 120_000 }, async (t) => {
    const camera = join(folder, 'trouble.y4m');
    await asCamera(photo.third, camera);
    const page = await openPage(await openBrowser(t, { camera }), system.url);
    await picturing('recognizer-away', () => [page], async () => {
      await signIn(page, await system.firstAdmin());
      await startCamera(page);
      await eventually('a face', async () => (await faces(page)).length > 0);
      const { pids } = await system.running();
      process.kill(pids.recognizer, 'SIGSTOP');
      try {
        await page.getByText(/recognizer/i).first().waitFor({ timeout: 15_000 });
      } finally {
        process.kill(pids.recognizer, 'SIGCONT');
      }
      await eventually('a face again', async () => (await faces(page)).length > 0);
    });
  });

  it('reconnects after the API was killed', { timeout: 120_000 }, async (t) => {
    const camera = join(folder, 'killed.y4m');
    await asCamera(photo.third, camera);
    const page = await openPage(await openBrowser(t, { camera }), system.url);
    await picturing('api-killed', () => [page], async () => {
      await signIn(page, await system.firstAdmin());
      await startCamera(page);
      await eventually('a face', async () => (await faces(page)).length > 0);
      await system.kill('api');
      await eventually('no face from a dead server', async () => (await faces(page)).length === 0);
      await system.ready();
      await eventually('a face again', async () => (await faces(page)).length > 0, { timeoutMs: 30_000 });
    });
  });
});

describe('the page for everybody', { skip: noBrowser || noPhotos, concurrency: false }, () => {
  before(async () => {
    const admin = await system.admin();
    const answer = await admin.createPerson({ name: 'Somebody With A Rather Long Name Indeed', external_id: 'page-1', groups: ['Day shift'], consent: true }, [await readFile(photo.second)]);
    assert.equal(answer.status, 201, answer.text);
  });

  for (const colorScheme of ['light', 'dark']) {
    it(`has no serious accessibility violation (${colorScheme})`, { timeout: 120_000 }, async (t) => {
      const page = await openPage(await openBrowser(t), system.url);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const check = async (where) => {
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => window.axe.run());
        const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
          .map(({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
        assert.deepEqual(serious, []);
      };
      await picturing(`everybody-${colorScheme}`, () => [page], async () => {
        await page.byId('sign-in-email').waitFor();
        await check('sign-in');
        await signIn(page, await system.firstAdmin());
        await check('live');
        await page.byId('nav-people').click();
        await page.byId('person-row').first().waitFor();
        await check('people');
        await page.byId('person-row').first().click();
        await page.byId('person-delete').first().waitFor();
        await check('person');
        await page.byId('nav-people').click();
        await page.byId('people-add').click();
        await page.byId('person-name').waitFor();
        await sleep(300);
        await check('add person');
        await page.keyboard.press('Escape');
        await page.byId('nav-review').click();
        await page.byId('review-off').waitFor();
        await check('review');
        await page.byId('nav-settings').click();
        await sleep(500);
        await check('settings');
        await page.byId('feed-create').click();
        await page.byId('feed-name').waitFor();
        await sleep(300);
        await check('add feed');
        await page.keyboard.press('Escape');
        await page.getByRole('link', { name: 'Model' }).click();
        await page.byId('pack-row').first().waitFor();
        await check('model');
      });
      assertClean(page);
    });
  }

  it('does not scroll sideways from a phone to a wall display', { timeout: 120_000 }, async (t) => {
    const context = await openBrowser(t);
    const page = await openPage(context, system.url);
    await signIn(page, await system.firstAdmin());
    for (const [width, height] of [[360, 740], [390, 844], [768, 1024], [1280, 800], [1920, 1080], [3840, 2160]]) {
      await page.setViewportSize({ width, height });
      for (const nav of ['nav-live', 'nav-people', 'nav-review', 'nav-settings']) {
        // A phone's tabs have no room for the review: it stands in the bar at the top there.
        await page.locator(`[data-testid=${nav}]:visible, [data-testid=${nav.replace('nav', 'topbar')}]:visible`).click();
        await sleep(200);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${nav} at ${width} px is ${overflow} px too wide`);
      }
    }
    assertClean(page);
  });
});
