// Lines between network namespaces that delay, lose and hold up packets, or carry none.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { root } from './system.mjs';

const run = promisify(execFile);

/** Why there can be no lines here; false where there can. */
export const noLinks = (() => {
  if (process.getuid() !== 0) return 'network namespaces need root';
  const name = `att-${process.pid}-try`;
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    return false;
  } catch (error) {
    return `no network namespaces or no /dev/net/tun: ${error.message}`;
  }
})();

// Addresses for measuring networks (RFC 2544), which nobody routes.
const net = `198.18.${process.pid % 250}`;
let used = 0;

/** A network namespace of its own; `through` is what a program is started through to be in it. */
export async function namespace(undo, name) {
  const full = `att-${process.pid}-${name}`;
  await run('ip', ['netns', 'add', full]);
  undo.after(() => run('ip', ['netns', 'del', full]));
  await run('ip', ['-n', full, 'link', 'set', 'lo', 'up']);
  return { name: full, through: ['ip', 'netns', 'exec', full] };
}

/** A line from a namespace (none: the one of this process) to another; it begins as a good one. */
export async function line(undo, near, far) {
  const number = used;
  used += 1;
  const address = (end) => `${net}.${number * 4 + 1 + end}`;
  const device = (end) => `att${process.pid % 10_000}l${number}${'ab'[end]}`;
  const argument = (space, end) => `${space?.name ?? ''}=${device(end)}=${address(end)}`;
  const child = spawn('python3', [join(root, 'tests/links/line.py'), argument(near, 0), argument(far, 1)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((done) => { child.once('exit', done); });
  undo.after(() => {
    child.stdin.end();
    return ended;
  });
  if ((await lines.next()).value !== 'ready') throw new Error('no line could be made');
  return {
    near: address(0),
    far: address(1),
    /** `{ delay_ms, jitter_ms, loss, rate_kbit, cut }`, what is left out stays; tells what it has carried so far. */
    async set(values) {
      child.stdin.write(`${JSON.stringify(values)}\n`);
      return JSON.parse((await lines.next()).value);
    },
    /** Takes the far end's interface down, as a pulled cable does, and up again. */
    async plug(isIn) {
      await run('ip', ['-n', far.name, 'link', 'set', device(1), isIn ? 'up' : 'down']);
    },
  };
}
