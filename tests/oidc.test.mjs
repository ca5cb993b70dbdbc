// Signing in by a provider of OpenID Connect, a real one, in a real Chromium. The provider is at `localhost` and the page
// at 127.0.0.1: to the browser these are two sites, as they are anywhere else.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import axe from 'axe-core';
import { Provider } from 'oidc-provider';

import { assertClean, noBrowser, openBrowser, openPage, picturing } from './support/browser.mjs';
import { System, undoing } from './support/system.mjs';

const CLIENT = { client_id: 'attendance', client_secret: 'known to two' };

const undo = undoing(after);
let system;
let provider;

/** A key that tokens are signed with. */
function signingKey(kid) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

/** A provider that knows everybody by their e-mail address; `answer` is what its server answers with, in the end. */
async function startProvider() {
  let answer = (_, response) => response.writeHead(503).end();
  const server = createServer((request, response) => answer(request, response));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  undo.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://localhost:${server.address().port}`;
  const serve = (page, kid = 'first') => {
    answer = new Provider(issuer, {
      clients: [{ ...CLIENT, redirect_uris: [`${page}/api/v1/session/oidc/callback`] }],
      jwks: { keys: [signingKey(kid)] },
      cookies: { keys: ['signs the cookies of the provider'] },
      pkce: { required: () => true },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      // What most providers do: the claims of the scopes stand in the ID token.
      conformIdTokenClaims: false,
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, name: 'Ann', email: id, email_verified: !id.startsWith('unverified') }),
      }),
    }).callback();
  };
  return { issuer, serve, stop: () => { answer = (request) => request.socket.destroy(); } };
}

before(async () => {
  if (noBrowser) return;
  provider = await startProvider();
  const folder = await mkdtemp(join(tmpdir(), 'attendance-oidc-'));
  undo.after(() => rm(folder, { recursive: true, force: true }));
  const secret = join(folder, 'secret');
  await writeFile(secret, `${CLIENT.client_secret}\n`);
  system = await System.start(undo, {
    ATTENDANCE_OIDC_ISSUER: provider.issuer,
    ATTENDANCE_OIDC_CLIENT_ID: CLIENT.client_id,
    ATTENDANCE_OIDC_CLIENT_SECRET_FILE: secret,
    ATTENDANCE_OIDC_NETWORKS: '127.0.0.0/8',
    ATTENDANCE_OIDC_LABEL: 'School account',
  });
  provider.serve(system.url);
  await system.user('ann@example.org', 'admin');
  await system.user('unverified@example.org', 'guard');
});

/** What somebody does at the provider. */
async function showWho(page, email) {
  await page.waitForURL(`${provider.issuer}/**`);
  await page.locator('input[name=login]').fill(email);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
}

const consent = (page) => page.getByRole('button', { name: 'Continue' }).click();

/** Begins at an address of the page. */
async function toProvider(t, path = '/') {
  const browser = await openBrowser(t);
  // The provider's pages ask for a typeface from elsewhere.
  await browser.route((url) => !['127.0.0.1', 'localhost'].includes(url.hostname), (route) => route.abort());
  const page = await openPage(browser, system.url + path);
  await page.byId('sign-in-provider').waitFor();
  assert.equal((await page.byId('sign-in-provider').innerText()).trim(), 'School account');
  return page;
}

const users = (page) => page.evaluate(async () => (await fetch('/api/v1/users')).status);

describe('a provider of OpenID Connect', { skip: noBrowser, concurrency: false }, () => {
  it('signs somebody in, who comes back to the page they asked for', { timeout: 60_000 }, async (t) => {
    const page = await toProvider(t, '/people');
    await picturing('oidc-sign-in', () => [page], async () => {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id }) => id), []);
      await page.byId('sign-in-provider').click();
      await showWho(page, 'ann@example.org');
      await consent(page);
      await page.byId('nav-live').waitFor();
      assert.equal(page.url(), `${system.url}/people`);
      const cookies = await page.context().cookies(system.url);
      const session = cookies.find(({ name }) => name === 'attendance_session');
      assert.deepEqual([session.httpOnly, session.sameSite], [true, 'Strict']);
      assert.equal(cookies.some(({ name }) => name === 'attendance_oidc'), false);
      assertClean(page);
    });
  });

  it('confirms a session by asking once more who they are', { timeout: 60_000 }, async (t) => {
    const page = await toProvider(t);
    await picturing('oidc-confirm', () => [page], async () => {
      await page.byId('sign-in-provider').click();
      await showWho(page, 'ann@example.org');
      await consent(page);
      await page.byId('nav-live').waitFor();
      await system.sql("UPDATE sessions SET confirmed_at = now() - interval '31 minutes'");
      assert.equal(await users(page), 403);
      await page.evaluate(() => window.location.assign('/api/v1/session/oidc/start?confirm=true&return=/people'));
      await showWho(page, 'ann@example.org');
      await page.waitForURL(`${system.url}/people`);
      await page.byId('nav-live').waitFor();
      assert.equal(await users(page), 200);
      assertClean(page);
    });
  });

  it('says in words why it came to nothing', { timeout: 90_000 }, async (t) => {
    for (const [email, words] of [
      ['nobody@example.org', /no account with your e-mail address/],
      ['unverified@example.org', /does not vouch for your e-mail address/],
      [null, /did not let you in/],
    ]) {
      const page = await toProvider(t);
      await picturing('oidc-refused', () => [page], async () => {
        await page.byId('sign-in-provider').click();
        if (email) {
          await showWho(page, email);
          await consent(page);
        } else {
          await page.getByRole('link', { name: 'Cancel' }).click();
        }
        await page.getByText(words).waitFor();
        assert.equal(page.url(), `${system.url}/`, 'and loading the page again does not say it again');
        assert.equal(await page.evaluate(async () => (await fetch('/api/v1/session')).status), 401);
        assertClean(page);
      });
    }
  });

  it('may change its keys, and be away', { timeout: 60_000 }, async (t) => {
    provider.serve(system.url, 'second');
    const page = await toProvider(t);
    await picturing('oidc-keys', () => [page], async () => {
      await page.byId('sign-in-provider').click();
      await showWho(page, 'ann@example.org');
      await consent(page);
      await page.byId('nav-live').waitFor();
      provider.stop();
      await system.admin();
    });
  });
});
