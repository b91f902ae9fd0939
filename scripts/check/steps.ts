// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Problem, findCycles, findWrongDirections, readImports } from './imports.ts';

/** What a step found: whether all is well, and what to print when not. */
interface Outcome {
  passed: boolean;
  output: string;
}

interface Step {
  name: string;
  run: () => Promise<Outcome> | Outcome;
}

export interface Tally {
  passed: number;
  failed: number;
}

const PRETTIER_FILES = ['**/*.{ts,js,json,yaml}', '.prettierrc.json'];
/** Kernel style, wherever the C file lies. */
const C_FILES = ['bpf/**/*.{c,h}', 'bench/**/*.c', 'test/**/*.c', 'tools/**/*.c', 'native/test/*.{c,h}'];
/** native/.clang-format's style. */
const CPP_FILES = ['native/src/*.{cc,h}'];
/** What the generators write; compared with what is committed when CI is set. */
const GENERATED = [':(glob)src/**/gen/**', 'proto'];

/** With `fix` the formats are written instead of compared. */
function listSteps(fix: boolean): Step[] {
  const prettier = [fix ? '--write' : '--check', '--log-level=warn', ...PRETTIER_FILES];
  const steps: Step[] = [
    { name: 'format', run: () => node('prettier/bin/prettier.cjs', ...prettier) },
    { name: 'format of C', run: () => clangFormat(fix, 'file:.clang-format', C_FILES) },
    { name: 'format of C++', run: () => clangFormat(fix, 'file', CPP_FILES) },
    { name: 'lint', run: () => node('eslint/bin/eslint.js', ...(fix ? ['--fix'] : []), '.') },
    { name: 'types', run: () => node('typescript/bin/tsc', '--noEmit', '--pretty', 'false', '-p', '.') },
    { name: 'imports', run: checkImports },
    { name: 'generated layouts', run: () => run(process.execPath, 'scripts/gen-layouts.ts', '--check') },
    { name: 'generated protobuf', run: () => run(process.execPath, 'scripts/gen-proto.ts', '--check') },
    {
      name: 'generated policy support',
      run: () => run(process.execPath, 'scripts/gen-policy-support.ts', '--check'),
    },
    {
      name: 'generated policy reference',
      run: () => run(process.execPath, 'scripts/gen-policy-reference.ts', '--check'),
    },
  ];
  const committed = (): Promise<Outcome> => run('git', 'diff', '--exit-code', '--', ...GENERATED);
  if (process.env.CI !== undefined) steps.push({ name: 'generated files committed', run: committed });
  return steps;
}

/** Runs every check, as many at once as there are CPUs; prints a line for each and the output of what failed. */
export async function runChecks({ fix = false } = {}): Promise<Tally> {
  const tally = { passed: 0, failed: 0 };
  const waiting = listSteps(fix);
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const started = performance.now();
      const { passed, output } = await step.run();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${passed ? '✔' : '✖'} ${step.name} (${seconds} s)\n`);
      if (!passed) process.stdout.write(`${output.trimEnd()}\n`);
      tally[passed ? 'passed' : 'failed']++;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return tally;
}

function node(script: string, ...args: string[]): Promise<Outcome> {
  return run(process.execPath, `node_modules/${script}`, ...args);
}

function clangFormat(fix: boolean, style: string, patterns: string[]): Promise<Outcome> | Outcome {
  const files = globSync(patterns);
  if (files.length === 0) return { passed: true, output: '' };
  const mode = fix ? ['-i'] : ['--dry-run', '-Werror'];
  return run('clang-format-19', ...mode, `--style=${style}`, ...files);
}

function run(program: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', (error) => resolve({ passed: false, output: `${program}: ${error.message}` }));
    child.on('close', (status) => resolve({ passed: status === 0, output }));
  });
}

function checkImports(): Outcome {
  const imports = globSync('src/**/*.ts').flatMap((file) => readImports(file));
  const problems = [...findWrongDirections(imports), ...findCycles(imports)];
  const show = ({ file, line, message }: Problem): string => `${file}:${line}: ${message}\n`;
  return { passed: problems.length === 0, output: problems.map(show).join('') };
}
