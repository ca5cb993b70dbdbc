// What a site of docker-compose.yml does and what it does not let happen, asked from outside through the proxy over TLS,
// and of the engine. tests/compose/proof.sh starts it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

import { Client } from '../support/client.mjs';
import { photo } from '../support/pictures.mjs';
import { eventually, root } from '../support/system.mjs';

const run = promisify(execFile);
const { ATTENDANCE_PUBLIC_URL: url, PROOF_OUTSIDE: outside } = process.env;
const parts = ['proxy', 'api', 'recognizer', 'postgres'];

const docker = async (...args) => (await run('docker', args, { maxBuffer: 1 << 24 })).stdout.trim();
const compose = async (...args) =>
  (await run('docker-compose', ['--env-file', process.env.NO_SETTINGS, ...args], { cwd: root, maxBuffer: 1 << 24 })).stdout.trim();
const idOf = (part) => docker('ps', '--all', '--quiet', '--filter', `label=com.docker.compose.service=${part}`);
const inspect = async (part) => JSON.parse(await docker('inspect', await idOf(part)))[0];
/** Whether a container reaches a port of another; none of them has a program for that but bash. */
const reaches = async (part, host, port) => {
  const answer = docker('exec', await idOf(part), 'timeout', '3', 'bash', '-c', `exec 3<>/dev/tcp/${host}/${port}`);
  return answer.then(() => true, () => false);
};

/** Whether something takes a connection from here, the internet. */
const answersAt = (host, port) => new Promise((done) => {
  const socket = connect({ host, port, timeout: 1500 });
  const end = (answered) => () => {
    socket.destroy();
    done(answered);
  };
  socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
});

async function signedIn() {
  const { email, password } = JSON.parse(await docker('exec', await idOf('api'), 'cat', '/data/first-admin.json'));
  const client = new Client(url);
  const answer = await client.post('/api/v1/session', { email, password });
  assert.equal(answer.status, 201, answer.text);
  return client;
}

describe('docker-compose.yml on a real engine', { concurrency: false }, () => {
  let admin;
  let feed;
  let arrival;

  it('has every part healthy', { timeout: 60_000 }, async () => {
    for (const part of parts) {
      await eventually(`${part} to be healthy`, async () => (await inspect(part)).State.Health.Status === 'healthy', { timeoutMs: 20_000 });
    }
    assert.equal((await inspect('migrate')).State.ExitCode, 0);
  });

  it('publishes the proxy alone', async () => {
    for (const part of parts) {
      const ports = Object.entries((await inspect(part)).NetworkSettings.Ports).filter(([, bound]) => bound).map(([port]) => port);
      assert.deepEqual(ports.sort(), part === 'proxy' ? ['8000/tcp', '8443/tcp'] : [], part);
    }
  });

  it('lets each part reach what it needs and nothing else', { timeout: 60_000 }, async () => {
    assert.ok(await reaches('proxy', 'api', 8080));
    assert.ok(await reaches('api', 'postgres', 5432));
    assert.ok(await reaches('api', 'recognizer', 8081));
    assert.ok(!await reaches('proxy', 'postgres', 5432));
    assert.ok(!await reaches('proxy', 'recognizer', 8081));
    const server = createServer((socket) => socket.end()).listen(0, outside);
    await once(server, 'listening');
    const { port } = server.address();
    const out = await Promise.all(parts.map((part) => reaches(part, outside, port)));
    server.close();
    assert.deepEqual(out, [true, true, false, false], 'the way out is for proxy and API alone');
  });

  it('answers from outside on 80 and 443 and nowhere else', { timeout: 60_000 }, async () => {
    const { hostname } = new URL(url);
    const open = [];
    const all = Array.from({ length: 10_000 }, (_, index) => index + 1);
    while (all.length) {
      const answers = await Promise.all(all.splice(0, 1000).map(async (port) => [port, await answersAt(hostname, port)]));
      open.push(...answers.filter(([, answered]) => answered).map(([port]) => port));
    }
    assert.deepEqual(open, [80, 443]);
    for (const [part, port] of [['api', 8080], ['api', 9464], ['postgres', 5432], ['recognizer', 8081], ['proxy', 9180]]) {
      for (const { IPAddress: address } of Object.values((await inspect(part)).NetworkSettings.Networks)) {
        assert.ok(!await answersAt(address, port), `${part} at ${address}`);
      }
    }
  });

  it('runs without root, without rights, and cannot write where it should not', async () => {
    for (const part of parts) {
      const { Config, HostConfig } = await inspect(part);
      assert.match(Config.User, /^1000[12]:1000[12]$/, part);
      assert.ok(HostConfig.ReadonlyRootfs, part);
      assert.deepEqual(HostConfig.CapDrop, ['ALL'], part);
      assert.ok(!HostConfig.CapAdd?.length && !HostConfig.Privileged, part);
      assert.deepEqual(HostConfig.SecurityOpt, ['no-new-privileges:true'], part);
      assert.ok(HostConfig.Memory > 0 && HostConfig.PidsLimit > 0, part);
      assert.deepEqual(HostConfig.Ulimits.map(({ Name, Hard }) => [Name, Hard]), [['core', 0]], part);
      await assert.rejects(docker('exec', await idOf(part), 'touch', '/usr/planted'), /Read-only file system/, part);
      await assert.rejects(docker('exec', await idOf(part), 'cat', '/etc/shadow'), /Permission denied/, part);
    }
    const secrets = ['app_pgpass', 'owner_pgpass', 'role_passwords', 'recognizer_key', 'postgres_key'];
    const passwords = await Promise.all(secrets.map(async (name) =>
      (await readFile(`${process.env.ATTENDANCE_SECRETS}/${name}`, 'utf8')).trim().split(/[:=\n]/).at(-1)));
    for (const part of [...parts, 'migrate']) {
      const shown = JSON.stringify(await inspect(part));
      for (const password of passwords) assert.ok(!shown.includes(password), `${part} shows a secret`);
    }
  });

  it('serves the page over TLS, with its headers, and sends http there', async () => {
    const page = await fetch(`${url}/people/1`);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    const html = await page.text();
    const [, asset] = html.match(/src="(\/assets\/[^"]+\.js)"/);
    const script = await fetch(url + asset);
    assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.match(script.headers.get('content-type'), /javascript/);
    assert.equal((await fetch(`${url}/assets/none-000000000000.js`)).status, 404);
    const plain = await fetch(`${url.replace('https', 'http')}/people?query=x`, { redirect: 'manual' });
    assert.equal(plain.status, 308);
    assert.equal(plain.headers.get('location'), `${url}/people?query=x`);

    const names = ['content-security-policy', 'permissions-policy', 'x-content-type-options', 'referrer-policy', 'strict-transport-security'];
    const of = (answer) => names.map((name) => answer.headers.get(name));
    const api = await docker('exec', await idOf('proxy'), 'bash', '-c',
      "exec 3<>/dev/tcp/api/8080; printf 'GET /api/v1/health HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3");
    const own = new Map([...api.matchAll(/^([\w-]+): (.*?)\r?$/gm)].map(([, name, value]) => [name.toLowerCase(), value]));
    const wanted = names.map((name) => own.get(name));
    assert.ok(wanted.every(Boolean), 'the API sends all of them');
    for (const path of ['/', asset, '/api/v1/health', '/assets/none.js', '/metrics']) {
      assert.deepEqual(of(await fetch(url + path)), wanted, `${path}: as the API sends them, and once`);
    }
  });

  it('keeps inside what is for the parts among themselves', async () => {
    for (const path of ['/metrics', '/livez', '/readyz', '/peer/v1/feeds/x', '/api/../metrics', '//metrics', '/%6detrics']) {
      const answer = await fetch(url + path);
      assert.ok(answer.status === 404 || (answer.headers.get('content-type') ?? '').startsWith('text/html'), path);
      assert.doesNotMatch(await answer.text(), /attendance_|caddy_|process_/, path);
    }
  });

  it('does the main job through the proxy: a person, a camera, an arrival in the list and as an event', { timeout: 60_000 }, async () => {
    admin = await signedIn();
    const consent = { given_by: 'published photo', at: new Date().toISOString(), text_version: 'test' };
    const person = await admin.createPerson({ name: 'Somebody', external_id: 'c-1', consent }, [await readFile(photo.first)]);
    assert.equal(person.status, 201, person.text);
    feed = (await admin.post('/api/v1/feeds', { name: 'Entrance' })).json;

    const stop = new AbortController();
    const events = admin.events('/api/v1/arrivals/events', { signal: stop.signal });
    const told = (async () => {
      for await (const { event, data } of events) if (event === 'arrival') return JSON.parse(data);
    })();
    const camera = new Client(url, { token: feed.token });
    const frame = await readFile(photo.firstAgain);
    arrival = await eventually('an arrival', async () => {
      const answer = await camera.frame(feed.id, frame);
      assert.equal(answer.status, 200, answer.text);
      return answer.json.faces.find(({ arrival_id: id }) => id)?.arrival_id;
    }, { timeoutMs: 20_000 });
    const { id } = await told;
    stop.abort();
    assert.equal(id, arrival);
    const list = await admin.get('/api/v1/arrivals');
    assert.deepEqual(list.json.items.map(({ id, person: { name } }) => [id, name]), [[arrival, 'Somebody']]);
  });

  it('passes WebSockets on', { timeout: 20_000 }, async () => {
    const socket = new WebSocket(`${url.replace('https', 'wss')}/api/v1/feeds/${feed.id}/live`, ['attendance', `bearer.${feed.token}`]);
    const next = (name) => new Promise((done, fail) => {
      socket.addEventListener(name, done, { once: true });
      socket.addEventListener('error', () => fail(new Error('the WebSocket failed')), { once: true });
    });
    await next('open');
    const answered = next('message');
    socket.send(await readFile(photo.firstAgain));
    assert.equal(JSON.parse((await answered).data).faces.length, 1);
    socket.close();
  });

  it('refuses what is too large, in the words of the API', { timeout: 20_000 }, async () => {
    const answer = await admin.request('POST', '/api/v1/people', { body: Buffer.alloc(101_000_000) }).catch(({ cause }) => cause);
    if (answer instanceof Error) assert.match(String(answer.code), /EPIPE|ECONNRESET/, 'the proxy hung up before it was sent');
    else assert.deepEqual([answer.status, answer.json.error.code], [413, 'too_large']);
  });

  it('logs neither queries nor credentials', async () => {
    await admin.get('/api/v1/people?query=planted-query');
    await fetch(`${url}/people?query=planted-query`);
    const log = await eventually('the log', async () => {
      const text = (await run('docker', ['logs', await idOf('proxy')], { maxBuffer: 1 << 24 })).stdout;
      return text.includes('"uri":"/api/v1/people"') && text;
    });
    for (const secret of ['planted-query', feed.token, admin.cookie.split('=')[1], 'Bearer', 'Cookie']) {
      assert.ok(!log.includes(secret), 'a credential or a query stands in the log');
    }
    for (const line of log.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
  });

  it('measures, for Prometheus inside', { timeout: 20_000 }, async () => {
    const ask = async (part, port) => docker('exec', await idOf(part), 'bash', '-c',
      `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`);
    const seen = { proxy: await ask('proxy', 9180), api: await ask('api', 9464) };
    const [dashboard, rules] = await Promise.all(['grafana/dashboards/attendance.json', 'rules/attendance.yml']
      .map((file) => readFile(`${root}/deploy/monitoring/${file}`, 'utf8')));
    const proxied = new Set((dashboard + rules).match(/\bcaddy_\w+/g));
    for (const name of proxied) assert.ok(seen.proxy.includes(`\n${name}{`), `${name} is asked for and not measured`);
    assert.match(seen.api, /\nattendance_arrivals_total 1\n/);
    assert.match(seen.api, /\nattendance_frames_total\{outcome="answered"\} [1-9]/);
  });

  it('is watched by a Prometheus that knows all alarms, with the profile monitoring', { timeout: 90_000 }, async () => {
    await compose('--profile', 'monitoring', 'up', '-d', '--no-build', 'prometheus', 'alertmanager', 'machine');
    const ask = async (path) => JSON.parse((await docker('exec', await idOf('prometheus'), 'bash', '-c',
      `exec 3<>/dev/tcp/127.0.0.1/9090; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`)).split('\r\n\r\n')[1]);
    const seen = await eventually('all parts to be measured', async () => {
      const { data: { activeTargets: targets } } = await ask('/api/v1/targets');
      const up = targets.filter(({ health }) => health === 'up').map(({ labels }) => labels.job).sort();
      return up.length === 4 ? up : assert.fail(JSON.stringify(targets.map(({ scrapeUrl, lastError }) => [scrapeUrl, lastError])));
    }, { timeoutMs: 45_000, everyMs: 500 });
    assert.deepEqual(seen, ['api', 'machine', 'proxy', 'recognizer']);
    const { data: { groups } } = await ask('/api/v1/rules');
    assert.ok(groups[0].rules.length > 10);
    assert.ok(groups[0].rules.every(({ lastError }) => !lastError), JSON.stringify(groups[0].rules.map(({ lastError }) => lastError)));
    const { data: { activeAlertmanagers } } = await ask('/api/v1/alertmanagers');
    assert.equal(activeAlertmanagers.length, 1);
    for (const part of ['prometheus', 'alertmanager', 'machine']) {
      const { Config, HostConfig, State, NetworkSettings } = await inspect(part);
      assert.ok(State.Running && !Config.User.startsWith('0') && HostConfig.ReadonlyRootfs, part);
      assert.ok(Object.values(NetworkSettings.Ports).every((bound) => !bound), `${part} is not published`);
    }
    await compose('--profile', 'monitoring', 'rm', '--stop', '--force', 'prometheus', 'alertmanager', 'machine');
  });

  it('starts a part again that died, and answers 503 meanwhile', { timeout: 60_000 }, async () => {
    const { State: { Pid }, RestartCount } = await inspect('api');
    process.kill(Pid, 'SIGKILL');
    await eventually('the API to be back', async () => {
      const answer = await new Client(url).get('/api/v1/health');
      assert.ok([200, 503].includes(answer.status) && answer.json, `${answer.status}: ${answer.text}`);
      return answer.status === 200 && (await inspect('api')).RestartCount > RestartCount;
    }, { timeoutMs: 30_000 });
    assert.equal((await admin.get('/api/v1/arrivals')).json.items[0].id, arrival);
  });

  const ready = (what) => eventually(what, async () => {
    const answers = await Promise.all(['/', '/api/v1/health'].map((path) => new Client(url).get(path)));
    return answers.every(({ status }) => status === 200);
  }, { timeoutMs: 40_000, everyMs: 50 });

  it('has each part ready within five seconds of its start', { timeout: 120_000 }, async () => {
    for (const part of parts) {
      const id = await idOf(part);
      await docker('restart', id);
      // The API looks for its database less and less often; how long that takes is not PostgreSQL's time.
      if (part === 'postgres') {
        await eventually(part, () => docker('exec', id, 'pg_isready', '--quiet', '--host=/run/postgresql').then(() => true), { everyMs: 50 });
      } else await ready(part);
      const seconds = (Date.now() - Date.parse((await inspect(part)).State.StartedAt)) / 1000;
      console.log(`  ${part}: ready ${seconds.toFixed(1)} s after its start`);
      assert.ok(seconds < 5, `${part}: ${seconds} s`);
      await ready('the whole site');
    }
  });

  it('comes back from a stop with everything that it knew', { timeout: 120_000 }, async () => {
    await compose('stop');
    const began = Date.now();
    const started = compose('up', '-d', '--no-build');
    await ready('the whole site');
    console.log(`  the whole site: ready ${((Date.now() - began) / 1000).toFixed(1)} s after docker-compose up`);
    await started;
    assert.equal((await admin.get('/api/v1/arrivals')).json.items[0].id, arrival);
  });

  it('makes a backup when it is asked to, and reads it', { timeout: 60_000 }, async () => {
    const said = await compose('run', '--rm', '--no-deps', '-T', '--entrypoint', 'bash', 'backup', '-euc', `umask 077
      attendance backup-key >/tmp/backup.key
      export ATTENDANCE_BACKUPS=file:/tmp/backups ATTENDANCE_BACKUP_SECRET_FILE=/tmp/backup.key
      export ATTENDANCE_BACKUP_RECIPIENT=$(sed -n 's/^# Recipient.*: //p' /tmp/backup.key)
      attendance backup
      attendance restore --check`);
    assert.match(said, /Whole: \d{8}T\d{6}Z: the database of .* with [1-9]\d* rows, [1-9]\d* photos/, said);
  });

  it('shows a sample camera with the profile demo', { timeout: 150_000 }, async () => {
    process.env.DEMO_SECONDS = '4';
    await compose('--profile', 'demo', 'up', '-d', '--no-build', 'demo');
    const state = await eventually('the demo to end', async () => {
      const { State } = await inspect('demo');
      return State.Status === 'exited' && State;
    }, { timeoutMs: 120_000, everyMs: 500 });
    const log = await docker('logs', await idOf('demo'));
    assert.equal(state.ExitCode, 0, log);
    assert.match(log, /Added Eileen Collins/);
    assert.match(log, /\d\d:\d\d:\d\d Somebody/, 'the sample camera shows somebody whom the site knows');
  });
});
