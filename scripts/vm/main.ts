// SPDX-License-Identifier: Apache-2.0
// npm run vm: runs a command inside a guest with one of Debian's kernels.
import { constants } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AgentError } from '../../src/base/errors.ts';
import { runGuest } from './guest.ts';
import { KERNEL_NAMES, type KernelName, prepareKernel } from './kernel.ts';

/** As timeout(1) has it; and for a guest that ended without an exit status of the command. */
const STATUS_TIMEOUT = 124;
const STATUS_CRASHED = 125;

/** What the guest's command gets of this environment, beside PATH of its own and every MERLON_ variable. */
const PASSED_VARIABLES = ['HOME', 'LANG', 'TERM', 'NO_COLOR', 'FORCE_COLOR', 'CI'];

interface Options {
  kernel: KernelName;
  smp: number;
  mem: string;
  append: string;
  timeout: number;
}

const program = new Command('npm run vm --')
  .usage('[options] COMMAND…')
  .argument('<command...>', 'what to run, from the repository root')
  .addOption(new Option('--kernel <name>', "which of Debian's kernels").choices(KERNEL_NAMES).default('6.12'))
  .option('--smp <cpus>', 'virtual CPUs', parseCount, 1)
  .option('--mem <size>', 'memory, as QEMU writes it', '4G')
  .option('--append <text>', "added to the kernel's command line, for example preempt=full", '')
  .option('--timeout <seconds>', 'the guest is ended after this time', parseCount, 900)
  .addHelpText(
    'after',
    `
The guest sees this machine's files. Only the repository is written through; every other change goes with the guest.
It has no network beside loopback. With more than one virtual CPU, QEMU before 8.1 can run kernel code that another CPU
has just patched in its old form, and the guest panics (Oops: int3). Its kernel's modules and configuration are in /lib/modules and /boot, and
GUEST_KERNEL names it. Exit status: the command's; ${STATUS_TIMEOUT} after the timeout; ${STATUS_CRASHED} when the guest panicked or ended by itself.`,
  )
  .passThroughOptions()
  .action(main);

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

async function main(command: string[], options: Options): Promise<void> {
  const repository = process.cwd();
  const stop = new AbortController();
  let stoppedBy: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      stoppedBy = signal;
      stop.abort();
    });
  // The reader of the output is gone, for example after "| head".
  for (const output of [process.stdout, process.stderr])
    output.on('error', () => {
      stoppedBy = 'SIGPIPE';
      stop.abort();
    });
  const kernel = await prepareKernel(repository, options.kernel);
  const end = await runGuest({
    kernel,
    repository,
    command,
    environment: guestEnvironment(options.kernel),
    cpus: options.smp,
    memory: options.mem,
    append: options.append,
    timeoutMs: options.timeout * 1000,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
  });
  if (end.how === 'exited') process.exitCode = end.status;
  else if (end.how === 'stopped') process.exitCode = 128 + constants.signals[stoppedBy ?? 'SIGTERM'];
  else {
    const what =
      end.how === 'timeout' ? `was ended after ${options.timeout} s` : 'ended without an exit status';
    process.stderr.write(
      `${end.console}\nmerlon: The guest (${kernel.release}) ${what}; its console's end is above\n`,
    );
    process.exitCode = end.how === 'timeout' ? STATUS_TIMEOUT : STATUS_CRASHED;
  }
}

function guestEnvironment(kernel: KernelName): Record<string, string> {
  const passed = Object.entries(process.env).filter(
    ([name]) => PASSED_VARIABLES.includes(name) || name.startsWith('MERLON_'),
  );
  return { ...Object.fromEntries(passed as [string, string][]), GUEST_KERNEL: kernel };
}

try {
  await program.parseAsync();
} catch (error) {
  const failure = AgentError.from(error);
  process.stderr.write(
    `merlon: ${failure.message}\n${failure.remedy === undefined ? '' : `${failure.remedy}\n`}`,
  );
  process.exitCode = 1;
}
// A pending read of standard input would keep this process alive; what was written is out (writes are synchronous).
process.exit();
