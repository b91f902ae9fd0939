// SPDX-License-Identifier: Apache-2.0
// npm test: the checks, the unit tests, and the kernel tests on this machine and in a guest of each kernel.
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { runChecks } from '../scripts/check/steps.ts';
import { KERNEL_NAMES, prepareKernel } from '../scripts/vm/kernel.ts';
import { guestTests, hostTests, runTests, unitTests } from './parts.ts';
import { type TestLine, type Totals, formatFailures, formatTotals } from './results.ts';

type Outcome = Totals & { failures?: readonly TestLine[] };
type Run = (namePattern: string | undefined, output: Writable) => Promise<Outcome>;

const PARTS: Readonly<Record<string, Run>> = {
  check: async () => ({ ...(await runChecks()), skipped: 0 }),
  unit: (namePattern, output) => runTests(unitTests(), namePattern, output),
  host: (namePattern, output) => runTests(hostTests(), namePattern, output),
};
/** Guests have one virtual CPU each, so they run side by side. */
const GUESTS: Readonly<Record<string, Run>> = Object.fromEntries(
  KERNEL_NAMES.map((kernel): [string, Run] => [
    kernel,
    (namePattern, output) => runTests(guestTests(kernel), namePattern, output),
  ]),
);
const PART_NAMES = [...Object.keys(PARTS), ...Object.keys(GUESTS)];

const { only, name } = new Command('npm test --')
  .option('--only <part>', `one of ${PART_NAMES.join(', ')}; may be repeated`, collectPart, [])
  .option('--name <pattern>', 'only tests whose name matches this regular expression; leaves out the checks')
  .parse()
  .opts<{ only: string[]; name?: string }>();

const outcomes: [part: string, Outcome][] = [];
for (const [part, run] of selected(PARTS)) outcomes.push([part, await run(name, process.stdout)]);
// One after the other: each download takes apt's lock.
for (const kernel of KERNEL_NAMES) if (isWanted(kernel)) await prepareKernel(process.cwd(), kernel);
outcomes.push(...(await runTogether(selected(GUESTS))));

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [part, { passed, failed, skipped, failures = [] }] of outcomes) {
  process.stdout.write(formatFailures(part, failures));
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

function isWanted(part: string): boolean {
  return only.length > 0 ? only.includes(part) : name === undefined || part !== 'check';
}

function selected(parts: Readonly<Record<string, Run>>): [part: string, Run][] {
  return Object.entries(parts).filter(([part]) => isWanted(part));
}

/** The first one prints as it goes; what the others print waits until those before them have ended. */
async function runTogether(runs: [part: string, Run][]): Promise<[part: string, Outcome][]> {
  const started = runs.map(([part, run]) => {
    const output = new PassThrough();
    const outcome = run(name, output).finally(() => output.end());
    return { output, outcome: outcome.then((value): [string, Outcome] => [part, value]) };
  });
  for (const { output } of started) await pipeline(output, process.stdout, { end: false });
  return Promise.all(started.map(({ outcome }) => outcome));
}

function collectPart(value: string, previous: string[]): string[] {
  if (!PART_NAMES.includes(value)) {
    process.stderr.write(
      `merlon: Unknown part "${value}" of the tests\nUse one of ${PART_NAMES.join(', ')}.\n`,
    );
    process.exit(2);
  }
  return [...previous, value];
}
