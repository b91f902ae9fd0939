// SPDX-License-Identifier: Apache-2.0
/**
 * npm run bench -- NAME [--OPTION VALUE]…: runs one benchmark. Progress goes to standard error, the result to standard
 * output as one JSON object. Without a name it lists the benchmarks.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AgentError, ErrorCode } from '../src/base/errors.ts';
import { didYouMean } from '../src/base/nearest-name.ts';
import { enforce } from './enforce.ts';
import { execOverhead } from './exec-overhead.ts';
import { memory } from './memory.ts';
import { pipeline } from './pipeline.ts';
import { policies } from './policies.ts';
import { startup } from './startup.ts';
import type { Benchmark, Outcome } from './support/benchmark.ts';
import { describeHost } from './support/host.ts';

const benchmarks: readonly Benchmark[] = [execOverhead, pipeline, policies, enforce, startup, memory];

async function main([name, ...rest]: string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(help());
    return;
  }
  const chosen = benchmarks.find((each) => each.name === name);
  if (chosen === undefined) {
    const near = didYouMean(
      name,
      benchmarks.map((each) => each.name),
    );
    throw new AgentError(ErrorCode.Usage, `Unknown benchmark ${JSON.stringify(name)}`, {
      remedy: near ?? 'Run "npm run bench" for the list.',
    });
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(describe(chosen));
    return;
  }
  const options = parseOptions(chosen, rest);
  if (process.getuid?.() !== 0) {
    throw new AgentError(ErrorCode.Privilege, `Cannot run the benchmark "${name}": not root`, {
      remedy: 'Run it as root: it loads eBPF programs.',
    });
  }
  const root = fileURLToPath(new URL('..', import.meta.url));
  execFileSync('sh', ['scripts/build.sh'], { cwd: root, stdio: ['ignore', 2, 2] });
  const { method, figures } = await runToEnd(chosen, options);
  process.stdout.write(`${JSON.stringify({ name, host: describeHost(), method, figures }, null, 2)}\n`);
}

/** Leaves nothing behind, however it ends; a signal ends it early. */
async function runToEnd(chosen: Benchmark, options: Record<string, number | string>): Promise<Outcome> {
  const cleanUp = new AsyncDisposableStack();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const onSignal = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
    void cleanUp.disposeAsync().finally(() => process.exit(130));
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await chosen.run(options, cleanUp);
  } finally {
    await cleanUp.disposeAsync();
  }
}

function parseOptions({ name, options }: Benchmark, args: string[]): Record<string, number | string> {
  const flags = Object.fromEntries(
    Object.keys(options).map((option) => [option, { type: 'string' as const }]),
  );
  const given = parse(args, flags, name);
  const entries = Object.entries(options).map(([option, { fallback }]) => {
    const text = given[option];
    if (text === undefined || typeof fallback === 'string') return [option, text ?? fallback];
    if (/^-?\d+$/.test(text)) return [option, Number(text)];
    throw new AgentError(ErrorCode.Usage, `Cannot use "${text}" as --${option}: expected a whole number`, {
      remedy: `Run "npm run bench -- ${name} --help" for every option.`,
    });
  });
  return Object.fromEntries(entries) as Record<string, number | string>;
}

function parse(
  args: string[],
  options: Record<string, { type: 'string' }>,
  name: string,
): Record<string, string | undefined> {
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (cause) {
    throw new AgentError(ErrorCode.Usage, AgentError.from(cause).message, {
      cause,
      remedy: `Run "npm run bench -- ${name} --help" for every option.`,
    });
  }
}

function help(): string {
  const width = Math.max(...benchmarks.map(({ name }) => name.length));
  const lines = benchmarks.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: npm run bench -- NAME [--OPTION VALUE]…\n\n${lines.join('\n')}\n\nnpm run bench -- NAME --help shows its options.\n`;
}

function describe({ name, summary, options }: Benchmark): string {
  const lines = Object.entries(options).map(
    ([option, { help: text, fallback }]) =>
      `  --${option}  ${text} (${fallback === '' ? 'default: the system’s temporary directory' : `default: ${fallback}`})`,
  );
  return `${name}: ${summary}\n\n${lines.join('\n')}\n`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const { code, message, remedy, cause } = AgentError.from(error);
  process.stderr.write(`${code}: ${message}\n${remedy === undefined ? '' : `${remedy}\n`}`);
  if (code === ErrorCode.Internal && cause instanceof Error) process.stderr.write(`${cause.stack}\n`);
  process.exitCode = code === ErrorCode.Usage ? 2 : 1;
}
