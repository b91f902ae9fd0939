// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';

/** Emulation is 10 to 20 times slower; and no test is about time. */
const DEADLINE_MS = process.env.GUEST_KERNEL === undefined ? 60_000 : 300_000;
const POLL_MS = 50;

/** Calls `probe` until it gives a value. Throws, naming what was awaited, when it never does. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await sleep(POLL_MS);
  }
}
