// A real Chromium with a fake camera, and a page that fails the test on any policy violation or crash.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { eventually, target } from './system.mjs';

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = candidates.find((path) => path && existsSync(path));
export const noBrowser = executablePath ? false : 'no Chromium on this machine';
const screenshots = join(target, 'screenshots');

/** Opens a browser whose camera shows a y4m file; closed when the test ends. */
export async function openBrowser(t, { camera, viewport = { width: 1280, height: 800 }, permitted = true } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'attendance-browser-'));
  const args = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--use-fake-device-for-media-stream'];
  if (permitted) args.push('--use-fake-ui-for-media-stream');
  if (camera) args.push(`--use-file-for-fake-video-capture=${camera}`);
  if (process.getuid() === 0) args.push('--no-sandbox');
  const context = await chromium.launchPersistentContext(profile, { executablePath, args, viewport });
  t.after(async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  });
  return context;
}

/** Opens the page; `problems` collects what must not happen. */
export async function openPage(context, url) {
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) page.problems.push(`console: ${text}`);
  });
  await page.exposeFunction('reportViolation', (what) => page.problems.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.violatedDirective} blocked ${event.blockedURI || event.sample}`);
    });
  });
  page.byId = (id) => page.getByTestId(id);
  await page.goto(url);
  return page;
}

export async function signIn(page, { email, password }) {
  await page.byId('sign-in-email').fill(email);
  await page.byId('sign-in-password').fill(password);
  await page.byId('sign-in-submit').click();
  await page.byId('nav-live').waitFor();
}

export async function startCamera(page) {
  await page.byId('nav-live').click();
  await page.byId('camera-start').click();
  await eventually('the video to play', () => page.byId('camera-video').evaluate((video) => video.videoWidth > 0 && !video.paused));
}

/** State and words of each face in this browser's camera. */
export const faces = (page) => page.byId('overlay-faces').locator('li').evaluateAll((items) =>
  items.map((item) => ({ state: item.dataset.state, text: item.textContent })));

export function assertClean(page) {
  assert.deepEqual(page.problems, [], 'no policy violation, no uncaught error');
}

/** Runs a test's body; when it fails, leaves pictures of the pages in target/screenshots. */
export async function picturing(name, pages, body) {
  try {
    return await body();
  } catch (error) {
    await mkdir(screenshots, { recursive: true });
    for (const [index, page] of pages().entries()) {
      await page.screenshot({ path: join(screenshots, `${name}-${index}.png`) }).catch(() => {});
    }
    error.message += ` (pictures in ${screenshots})`;
    throw error;
  }
}
