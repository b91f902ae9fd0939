// SPDX-License-Identifier: Apache-2.0
import type { Spread } from './spread.ts';

/** An option of a benchmark: a whole number, or a text. */
export interface BenchmarkOption {
  readonly help: string;
  readonly fallback: number | string;
}

type OptionValues<O extends OptionTable> = {
  readonly [K in keyof O]: O[K]['fallback'] extends number ? number : string;
};

/** Every name ends with its unit where it has one. */
export type Figures = Readonly<Record<string, number | boolean | Spread>>;

export interface Outcome {
  /** what was run, with the values of the options: enough to repeat it */
  readonly method: string;
  readonly figures: Figures;
}

type OptionTable = Readonly<Record<string, BenchmarkOption>>;

interface Definition<O extends OptionTable, Values> {
  readonly name: string;
  /** one line */
  readonly summary: string;
  readonly options: O;
  /** Prints progress on standard error only. What it makes goes onto `cleanUp`, which is undone also after a signal. */
  readonly run: (options: Values, cleanUp: AsyncDisposableStack) => Promise<Outcome>;
}

/** A benchmark as main.ts lists and runs it. */
export type Benchmark = Definition<OptionTable, Record<string, number | string>>;

/** Lets `run` know its options by name and type. */
export function benchmark<const O extends OptionTable>(
  definition: Definition<O, OptionValues<O>>,
): Benchmark {
  // main.ts makes the values from the same table.
  return definition as unknown as Benchmark;
}

/** One line on standard error. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
