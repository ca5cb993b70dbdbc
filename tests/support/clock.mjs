// A clock that programs run by instead of the machine's, and that passes as quickly as a test wants; see clock/clock.c.

import { execFile, execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { root } from './system.mjs';

const run = promisify(execFile);

/** Why there can be no such clock here; false where there can. */
export const noClock = (() => {
  if (process.platform !== 'linux') return 'the clock is made for Linux';
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no C compiler';
  }
})();

export class Clock {
  #file;
  #base = process.hrtime.bigint();
  #extra = 0n;
  #rate = 1000n;

  /** Makes one that is so many milliseconds ahead; programs that are started with its `env` run by it. */
  static async make(undo, aheadMs = 0) {
    const folder = await mkdtemp(join(tmpdir(), 'attendance-clock-'));
    undo.after(() => rm(folder, { recursive: true, force: true }));
    // PostgreSQL has a user of its own.
    await chmod(folder, 0o755);
    await run('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', join(folder, 'clock.so'), join(root, 'tests/clock/clock.c'), '-ldl']);
    const clock = new Clock();
    clock.#file = await open(join(folder, 'clock'), 'w', 0o644);
    undo.after(() => clock.#file.close());
    clock.env = { TEST_CLOCK: join(folder, 'clock'), LD_PRELOAD: join(folder, 'clock.so') };
    clock.#extra = BigInt(aheadMs) * 1_000_000n;
    clock.rate(1);
    return clock;
  }

  #ahead(now) {
    return this.#extra + ((now - this.#base) / 1000n) * (this.#rate - 1000n);
  }

  /** From now on time passes `times` as quickly as it does. */
  rate(times) {
    const now = process.hrtime.bigint();
    this.#extra = this.#ahead(now);
    this.#base = now;
    this.#rate = BigInt(Math.round(times * 1000));
    const bytes = Buffer.alloc(40);
    [now, this.#base, this.#extra, this.#rate, now].forEach((value, index) => bytes.writeBigInt64LE(value, index * 8));
    writeSync(this.#file.fd, bytes, 0, bytes.length, 0);
  }

  /** What time it is, in milliseconds. */
  now() {
    return Date.now() + Number(this.#ahead(process.hrtime.bigint())) / 1e6;
  }
}
