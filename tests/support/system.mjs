// A whole system of a test's own: PostgreSQL, recognizer and API on free ports with a data folder of their own,
// started by the same scripts that `make start` uses.

import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Client } from './client.mjs';

const run = promisify(execFile);
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'attendance');
export const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
export const sharedData = join(process.env.ATTENDANCE_SHARED ?? resolve(root, '../shared'), 'data');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits until `probe` answers something truthy and returns it; tells `what` was waited for when it does not. */
export async function eventually(what, probe, { timeoutMs = 15_000, everyMs = 100 } = {}) {
  const deadline = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}; last: ${last}`);
    await sleep(everyMs);
  }
}

/**
 * What is to be undone when all tests of a file are over: made at the top of the file with node's `after`, since one
 * that is called inside `before` belongs to that hook alone.
 */
export function undoing(after) {
  const steps = [];
  after(async () => {
    while (steps.length) await steps.pop()();
  });
  return { after: (step) => steps.push(step) };
}

export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise((done, fail) => {
      const server = createServer().once('error', fail);
      server.listen(0, '127.0.0.1', () => done(server));
    })),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

export class System {
  /** Starts one; a test context or what `undoing` gives stops it. ATTENDANCE_DATA is a new folder unless it is given. */
  static async start(owner, settings = {}) {
    const [port, recognizerPort] = await freePorts(2);
    const data = settings.ATTENDANCE_DATA ?? await mkdtemp(join(tmpdir(), 'attendance-e2e-'));
    const system = new System();
    system.data = data;
    system.env = {
      ...process.env,
      ATTENDANCE_HOST: '127.0.0.1',
      ATTENDANCE_PORT: String(port),
      ATTENDANCE_METRICS_PORT: '0',
      ATTENDANCE_TLS: 'off',
      ATTENDANCE_DATA: data,
      RECOGNIZER_PORT: String(recognizerPort),
      ...settings,
    };
    owner.after(() => system.stop());
    await system.script('start.sh', '--built');
    system.url = (await system.running()).url;
    return system;
  }

  async script(name, ...args) {
    try {
      return await run(join(root, 'scripts', name), args, { env: this.env, maxBuffer: 1 << 24 });
    } catch (error) {
      throw new Error(`scripts/${name} failed:\n${error.stdout}\n${error.stderr}`);
    }
  }

  /** Stops it and removes its data; the logs stay in target/e2e-logs until the next time. */
  async stop() {
    await this.script('stop.sh');
    const logs = join(target, 'e2e-logs', basename(process.argv[1], '.mjs'));
    await rm(logs, { recursive: true, force: true });
    await cp(join(this.data, 'log'), logs, { recursive: true });
    await this.script('clean-data.sh');
    await rm(this.data, { recursive: true, force: true });
  }

  /** What run.json says now. */
  async running() {
    return JSON.parse(await readFile(join(this.data, 'run.json'), 'utf8'));
  }

  async firstAdmin() {
    return JSON.parse(await readFile(join(this.data, 'first-admin.json'), 'utf8'));
  }

  /** A client that is signed in as the first admin. */
  async admin() {
    const { email, password } = await this.firstAdmin();
    const client = new Client(this.url);
    const answer = await client.post('/api/v1/session', { email, password });
    if (answer.status !== 201) throw new Error(`sign-in answered ${answer.status}: ${answer.text}`);
    return client;
  }

  anonymous() {
    return new Client(this.url);
  }

  withToken(token) {
    return new Client(this.url, { token });
  }

  /** A client that is signed in as a new user of a role, made on the command line of the server. */
  async user(email, role) {
    const { stdout } = await this.script('attendance.sh', 'user', 'add', '--email', email, '--role', role);
    const password = stdout.trim().split(' ').at(-1);
    const client = new Client(this.url);
    const answer = await client.post('/api/v1/session', { email, password });
    if (answer.status !== 201) throw new Error(`sign-in of ${email} answered ${answer.status}: ${answer.text}`);
    return client;
  }

  /** Kills a part (`api`, `recognizer`, `postgres`) without warning. */
  async kill(part) {
    process.kill((await this.running()).pids[part], 'SIGKILL');
  }

  async ready({ timeoutMs = 30_000 } = {}) {
    await eventually('the system to be healthy', async () => {
      const answer = await this.anonymous().get('/api/v1/health');
      return answer.status === 200;
    }, { timeoutMs });
  }

  /** Rows of an SQL query, as arrays of text. */
  async sql(query) {
    const { stdout } = await this.script('psql.sh', '--no-psqlrc', '--tuples-only', '--no-align', '--field-separator=\t',
      '--command', query);
    return stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
  }

  /** Stops PostgreSQL in order, as an administrator would; answers a function that starts it again. */
  async stopDatabase() {
    const { pids } = await this.running();
    const argv = (await readFile(`/proc/${pids.postgres}/cmdline`, 'utf8')).split('\0').filter(Boolean);
    const [program, , folder] = argv;
    const control = join(dirname(program), 'pg_ctl');
    const asOwner = process.getuid() === 0
      ? ['runuser', ['-u', 'postgres', '--', control]]
      : [control, []];
    await run(asOwner[0], [...asOwner[1], '-D', folder, 'stop', '-m', 'fast'], { cwd: '/' });
    return () => this.script('start.sh', '--built');
  }
}
