// SPDX-License-Identifier: Apache-2.0
// npm test: the checks, the unit tests, and the kernel tests on this machine and in a guest of each kernel.
import { Command } from 'commander';
import { runChecks } from '../scripts/check/steps.ts';
import { KERNEL_NAMES } from '../scripts/vm/kernel.ts';
import { guestTests, hostTests, runTests, unitTests } from './parts.ts';
import { type Totals, formatTotals } from './results.ts';

const PARTS: Record<string, (namePattern?: string) => Promise<Totals>> = {
  check: async () => ({ ...(await runChecks()), skipped: 0 }),
  unit: (namePattern) => runTests(unitTests(), namePattern),
  host: (namePattern) => runTests(hostTests(), namePattern),
  ...Object.fromEntries(
    KERNEL_NAMES.map((kernel) => [
      kernel,
      (namePattern?: string) => runTests(guestTests(kernel), namePattern),
    ]),
  ),
};
const PART_NAMES = Object.keys(PARTS);

const { only, name } = new Command('npm test --')
  .option('--only <part>', `one of ${PART_NAMES.join(', ')}; may be repeated`, collectPart, [])
  .option('--name <pattern>', 'only tests whose name matches this regular expression; leaves out the checks')
  .parse()
  .opts<{ only: string[]; name?: string }>();

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [part, run] of Object.entries(PARTS)) {
  if (only.length > 0 ? !only.includes(part) : name !== undefined && part === 'check') continue;
  const { passed, failed, skipped } = await run(name);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
if (total.passed + total.failed + total.skipped === 0) {
  process.stdout.write('✖ no test ran\n');
  process.exitCode = 1;
}
if (total.failed > 0) process.exitCode = 1;
process.stdout.write(`\n${formatTotals(total)}\n`);

function collectPart(value: string, previous: string[]): string[] {
  if (!PART_NAMES.includes(value)) {
    process.stderr.write(
      `merlon: Unknown part "${value}" of the tests\nUse one of ${PART_NAMES.join(', ')}.\n`,
    );
    process.exit(2);
  }
  return [...previous, value];
}
