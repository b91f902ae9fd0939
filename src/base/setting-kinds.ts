// SPDX-License-Identifier: Apache-2.0

/**
 * How the text of a setting becomes a value. Every source (flag, variable, YAML scalar) gives text, so one parser serves
 * them all and YAML's own typing (is `on` a boolean, is `0600` octal?) plays no part.
 */
export interface Kind<T, Unit extends string = ''> {
  /** what the key of the typed settings ends with, because a unit belongs in a name */
  readonly unit: Unit;
  /** stands for the value in the help */
  readonly placeholder: string;
  /** completes "expected …" in a refusal */
  readonly accepts: string;
  /** words that the value is made of, for the nearest name */
  readonly words?: readonly string[];
  /** a flag given several times adds to the list */
  readonly repeatable?: true;
  /** undefined refuses the text */
  parse(text: string): T | undefined;
  format(value: T): string;
}

export const text: Kind<string> = {
  unit: '',
  placeholder: 'text',
  accepts: 'a text that is not empty',
  parse: (input) => input || undefined,
  format: (value) => value,
};

/** A path as written; nothing is looked up. */
export const path: Kind<string> = { ...text, placeholder: 'path', accepts: 'a path' };

export const boolean: Kind<boolean> = {
  unit: '',
  placeholder: 'true|false',
  accepts: 'true or false',
  parse: (input) => BOOLEANS.get(input.toLowerCase()),
  format: String,
};

const BOOLEANS = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);

export function integer(minimum: number, maximum: number): Kind<number> {
  return {
    unit: '',
    placeholder: 'number',
    accepts: `a whole number from ${minimum} to ${maximum}`,
    parse(input) {
      if (!/^-?\d{1,15}$/.test(input)) return undefined;
      const value = Number(input);
      return value >= minimum && value <= maximum ? value : undefined;
    },
    format: String,
  };
}

/** One of a few words. */
export function choice<const Word extends string>(...words: Word[]): Kind<Word> {
  return {
    unit: '',
    placeholder: words.join('|'),
    accepts: `one of ${words.join(', ')}`,
    words,
    parse: (input) => words.find((word) => word === input),
    format: (value) => value,
  };
}

/** Some of a few words, separated by commas (a sequence in YAML); empty for none. */
export function wordList<const Word extends string>(...words: Word[]): Kind<readonly Word[]> {
  return {
    unit: '',
    placeholder: 'list',
    accepts: `a list of ${words.join(', ')}`,
    words,
    parse(input) {
      const items = splitList(input).map((item) => words.find((word) => word === item));
      return items.includes(undefined) ? undefined : [...new Set(items as Word[])];
    },
    format: (value) => value.join(',') || 'none',
  };
}

/** Paths as written, separated by commas; a flag may be repeated. Empty for none. */
export const pathList: Kind<readonly string[]> = {
  unit: '',
  placeholder: 'path…',
  accepts: 'a list of paths',
  repeatable: true,
  parse(input) {
    const items = splitList(input);
    return items.includes('') ? undefined : items;
  },
  format: (value) => value.join(',') || 'none',
};

/** CPU numbers as the kernel writes them: `0-2,5`. Empty: no restriction. */
export const cpuList: Kind<readonly number[]> = {
  unit: '',
  placeholder: 'cpus',
  accepts: 'a list of CPU numbers such as 0-2,5',
  parse(input) {
    const cpus = new Set<number>();
    for (const item of splitList(input)) {
      const range = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(item);
      if (range === null) return undefined;
      const first = Number(range[1]);
      const last = Number(range[2] ?? range[1]);
      if (last < first) return undefined;
      for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
    }
    return [...cpus].sort((a, b) => a - b);
  },
  format: (value) => value.join(',') || 'all',
};

/** Permission bits, always octal: `0600` or `600`. */
export const fileMode: Kind<number> = {
  unit: '',
  placeholder: 'mode',
  accepts: 'permission bits in octal such as 0600',
  parse: (input) => (/^[0-7]{3,4}$/.test(input) ? parseInt(input, 8) : undefined),
  format: (value) => value.toString(8).padStart(4, '0'),
};

/** Splits at commas; an empty text has no items. */
export function splitList(input: string): string[] {
  return input.trim() === '' ? [] : input.split(',').map((item) => item.trim());
}
