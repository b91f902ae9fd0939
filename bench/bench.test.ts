// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spreadOf } from './support/spread.ts';

interface Result {
  readonly name: string;
  readonly host: { readonly kernel: string; readonly cpus: number };
  readonly method: string;
  readonly figures: Record<string, number | { median: number; min: number; max: number; n: number }>;
}

/** Sizes that end within seconds: they show that a benchmark works, not how fast the agent is. */
const TINY = {
  'exec-overhead': ['--pairs', '2', '--execs', '50'],
  pipeline: ['--seconds', '1', '--full-seconds', '1', '--rate', '20000', '--rounds', '1'],
  startup: ['--starts', '1', '--cold', '0'],
  memory: ['--execs', '200'],
};
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
}

function run(name: keyof typeof TINY): Result['figures'] {
  const { status, stdout, stderr } = bench(name, ...TINY[name]);
  assert.equal(status, 0, stderr);
  const result = JSON.parse(stdout) as Result;
  assert.deepEqual(Object.keys(result), ['name', 'host', 'method', 'figures']);
  assert.equal(result.name, name);
  assert.notEqual(result.host.kernel, '');
  for (const [figure, value] of Object.entries(result.figures)) {
    const numbers = typeof value === 'number' ? [value] : [value.min, value.median, value.max];
    assert.ok(numbers.every(Number.isFinite), `${figure}: ${JSON.stringify(value)}`);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  }
  assert.deepEqual(
    readdirSync('/sys/fs/bpf').filter((entry) => entry.startsWith('merlon-bench-')),
    [],
  );
  return result.figures;
}

/** Why the benchmarks cannot run here; false when they can. */
function obstacle(): string | false {
  if (process.getuid?.() !== 0) return 'needs root: loads eBPF programs';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs a kernel with BTF';
  if (availableParallelism() < 2) return 'needs two CPUs';
  return false;
}

test('a spread holds the median, the quartiles and the ends', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, q1: 1.75, q3: 3.25, min: 1, max: 4, n: 4 });
  assert.throws(() => spreadOf([]), RangeError);
});

test('without a name the benchmarks are listed', () => {
  const { status, stdout } = bench();
  assert.equal(status, 0);
  for (const name of Object.keys(TINY)) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
});

test('an unknown name or option is an error that names the nearest', () => {
  const unknown = bench('pipelin');
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /"pipeline"/);
  assert.equal(bench('memory', '--exec', '1').status, 2);
  assert.equal(bench('memory', '--execs', 'many').status, 2);
});

describe('each benchmark at a tiny size', { skip: obstacle() }, () => {
  test('exec-overhead', () => {
    const figures = run('exec-overhead');
    assert.equal((figures.on_off_wall_ratio as { n: number }).n, 2);
  });

  test('pipeline loses nothing without saying so', () => {
    const figures = run('pipeline');
    assert.equal(figures.unreported_lost_events, 0);
    assert.equal(figures.unexplained_events_in_files, 0);
    assert.ok((figures.bytes_per_event as number) > 100);
  });

  test('startup', () => {
    run('startup');
  });

  test('memory', () => {
    const figures = run('memory');
    assert.equal(figures.events_lost, 0);
    assert.equal(figures.map_mib, figures.map_mib_by_status);
  });
});
