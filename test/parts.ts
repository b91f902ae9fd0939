// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Writable } from 'node:stream';
import { type ExpectedSkips, type Results, formatTotals, readResults } from './results.ts';

/** Tests that run together in one place. */
export interface Part {
  /** as --only and test/expected-skips.json name it */
  name: string;
  files: string[];
  /** files at once */
  concurrency: number;
  /** a file that runs longer fails */
  fileLimitS: number;
  /** what the runner's command line is appended to; empty for this machine */
  launcher: string[];
}

const UNIT_TESTS = ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/*.test.ts', 'native/test/*.test.ts'];
const KERNEL_TESTS = ['test/kernel/*.test.ts'];
const GUEST_TESTS = [...KERNEL_TESTS, 'native/test/*.test.ts'];

/** A guest's tests may take so long; emulation is 10 to 20 times slower than the machine. */
const GUEST_TIMEOUT_S = 3600;

export function unitTests(): Part {
  const files = globSync(UNIT_TESTS).sort();
  return { name: 'unit', files, concurrency: availableParallelism(), fileLimitS: 120, launcher: [] };
}

/** The kernel tests change the kernel's state that others see, so one file at a time. */
export function hostTests(): Part {
  return {
    name: 'host',
    files: globSync(KERNEL_TESTS).sort(),
    concurrency: 1,
    fileLimitS: 300,
    launcher: [],
  };
}

/** The same inside a guest, and the addon's tests, which there find every kind of program. */
export function guestTests(kernel: string): Part {
  const launcher = ['sh', 'scripts/vm.sh', '--kernel', kernel, '--timeout', String(GUEST_TIMEOUT_S)];
  return { name: kernel, files: globSync(GUEST_TESTS).sort(), concurrency: 1, fileLimitS: 900, launcher };
}

/** Runs a part's tests whose names match; prints them as they end, then what the part came to. */
export async function runTests(
  part: Part,
  namePattern?: string,
  output: Writable = process.stdout,
): Promise<Results> {
  output.write(`\n── ${part.name}: ${part.files.length} test files\n`);
  const path = `build/test/${part.name}.jsonl`;
  mkdirSync('build/test', { recursive: true });
  rmSync(path, { force: true });
  // Without files the runner would look for some by itself.
  const status =
    part.files.length === 0 ? 0 : await runCommand(runnerCommand(part, path, namePattern), output);
  const results: Results =
    part.files.length === 0
      ? { passed: 0, failed: 0, skipped: 0, unexpectedSkips: [], failures: [], problem: undefined }
      : readResults(path, status, expectedSkips(part.name));
  for (const { test, reason } of results.unexpectedSkips)
    output.write(`✖ unexpected skip: ${test}: ${reason}\n`);
  if (results.problem !== undefined) output.write(`✖ ${results.problem}\n`);
  output.write(`── ${part.name}: ${formatTotals(results)}\n`);
  return results;
}

function runnerCommand(part: Part, results: string, namePattern: string | undefined): string[] {
  return [
    ...part.launcher,
    ...['env', `TEST_FILE_LIMIT_S=${part.fileLimitS}`],
    ...[process.execPath, '--import=./test/watchdog.ts'],
    ...['--test', `--test-concurrency=${part.concurrency}`],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./test/reporter.ts', `--test-reporter-destination=${results}`],
    ...(namePattern === undefined ? [] : [`--test-name-pattern=${namePattern}`]),
    ...part.files,
  ];
}

function runCommand([program = '', ...args]: string[], output: Writable): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => output.write(bytes));
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on('SIGTERM', forward);
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGTERM', forward);
      resolve(code ?? 1);
    });
  });
}

function expectedSkips(environment: string): ExpectedSkips {
  const all = JSON.parse(readFileSync('test/expected-skips.json', 'utf8')) as Record<string, ExpectedSkips>;
  return all[environment] ?? {};
}
