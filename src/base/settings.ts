// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { AgentError, ErrorCode } from './errors.ts';
import { didYouMean } from './nearest-name.ts';
import { splitList } from './setting-kinds.ts';
import { parseSettingsFile } from './settings-file.ts';
import type { SettingName, Settings } from './settings-table.ts';
import { DEFAULT_CONFIG, settingKey, settingsTable, variableName } from './settings-table.ts';
import { isServiceVariable } from './service-variable.ts';
import type { SourcePosition } from './source-position.ts';

export type { Settings, SettingName } from './settings-table.ts';

export interface SettingSources {
  /** flags by setting name without dashes; their text as given on the command line */
  readonly flags?: Readonly<Record<string, string>>;
  /** where `MERLON_*` variables are looked for */
  readonly env?: NodeJS.ProcessEnv;
  /** the settings file to read when neither flag nor variable names one; it may be missing */
  readonly defaultConfig?: string;
}

/** What is wrong with one setting, and where it was given. */
export interface SettingProblem {
  /** `--flag`, `MERLON_VARIABLE` or `file:line:column` */
  readonly place: string;
  readonly message: string;
  readonly remedy?: string;
  readonly at?: SourcePosition;
}

/** All that is wrong with the given settings, not just the first problem. */
export class SettingsError extends AgentError {
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    super(ErrorCode.Setting, problems.map(formatProblem).join('\n'), {
      remedy: 'Run "merlon run --help" for every setting, its default and its forms.',
    });
    this.problems = problems;
  }
}

/**
 * The settings of this process: flags before `MERLON_*` variables before the settings file before defaults.
 * Throws a SettingsError that names every unknown setting and every value that cannot be used.
 */
export function loadSettings(sources: SettingSources = {}): Settings {
  return new Loader(sources).load();
}

class Loader {
  readonly #sources: SettingSources;
  readonly #env: NodeJS.ProcessEnv;
  readonly #values = new Map<SettingName, unknown>();
  readonly #problems: SettingProblem[] = [];

  constructor(sources: SettingSources) {
    this.#sources = sources;
    this.#env = sources.env ?? {};
  }

  load(): Settings {
    for (const [name, value] of Object.entries(this.#sources.flags ?? {})) this.#flag(name, value);
    for (const [variable, value] of Object.entries(this.#env)) this.#variable(variable, value ?? '');
    this.#file();
    if (this.#problems.length > 0) throw new SettingsError(this.#problems);
    const entries = names().map((name) => {
      const value = this.#values.has(name) ? this.#values.get(name) : settingsTable[name].fallback(this.#env);
      return [settingKey(name), value];
    });
    return Object.freeze(Object.fromEntries(entries)) as Settings;
  }

  #flag(name: string, value: string): void {
    const place = `--${name}`;
    if (isSetting(name)) this.#set(name, value, { place });
    else
      this.#unknown(
        { place },
        place,
        names().map((known) => `--${known}`),
      );
  }

  #variable(variable: string, value: string): void {
    if (!variable.startsWith('MERLON_') || isServiceVariable(variable, this.#env)) return;
    const place = { place: variable };
    const name = names().find((known) => variableName(known) === variable);
    if (name === undefined) this.#unknown(place, variable, names().map(variableName));
    else this.#set(name, value, place);
  }

  #file(): void {
    const named = this.#values.get('config') as string | undefined;
    const file = named ?? this.#sources.defaultConfig ?? DEFAULT_CONFIG;
    const source = this.#read(file, named !== undefined);
    if (source === undefined) return;
    const problem = (at: SourcePosition, message: string) =>
      this.#problems.push({ place: place(at), at, message });
    for (const entry of parseSettingsFile(file, source, ({ at, message }) => problem(at, message))) {
      const { name, at, valueAt } = entry;
      if (!isSetting(name)) this.#unknown({ place: place(at), at }, name, names().filter(inFile));
      else if (!inFile(name))
        problem(at, `Cannot set "${name}" in the settings file: give it as a flag or a variable`);
      else this.#set(name, entry.value, { place: place(valueAt), at: valueAt });
    }
  }

  #read(file: string, mustExist: boolean): string | undefined {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && !mustExist) return undefined;
      this.#problems.push({
        place: file,
        message: `Cannot read the settings file: ${code ?? String(error)}`,
      });
      return undefined;
    }
  }

  #set(name: SettingName, value: string, where: Pick<SettingProblem, 'place' | 'at'>): void {
    const { kind } = settingsTable[name];
    const parsed: unknown = kind.parse(value);
    if (parsed === undefined) {
      const remedy = nearestWord(value, kind.words);
      const message = `Cannot use "${value}" as ${name}: expected ${kind.accepts}`;
      this.#problems.push({ ...where, message, ...(remedy && { remedy }) });
    } else if (!this.#values.has(name)) {
      this.#values.set(name, parsed);
    }
  }

  #unknown(where: Pick<SettingProblem, 'place' | 'at'>, name: string, candidates: string[]): void {
    const remedy = didYouMean(name, candidates);
    this.#problems.push({ ...where, message: `Unknown setting "${name}"`, ...(remedy && { remedy }) });
  }
}

/** The first item of a list (or the one word) that is none of the words, with the word it is near to. */
function nearestWord(value: string, words: readonly string[] | undefined): string | undefined {
  const wrong = splitList(value).find((item) => !words?.includes(item));
  return words && wrong ? didYouMean(wrong, words) : undefined;
}

function formatProblem(problem: SettingProblem): string {
  const { place, message, remedy, at } = problem;
  const lines = [`${place}: ${message}`];
  if (at !== undefined)
    lines.push(`${String(at.line).padStart(4)} | ${at.text}`, `${' '.repeat(at.column + 6)}^`);
  if (remedy !== undefined) lines.push(remedy);
  return lines.join('\n');
}

function place(at: SourcePosition): string {
  return `${at.file}:${at.line}:${at.column}`;
}

function names(): SettingName[] {
  return Object.keys(settingsTable) as SettingName[];
}

function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settingsTable, name);
}

function inFile(name: SettingName): boolean {
  const setting: { inFile?: false } = settingsTable[name];
  return setting.inFile !== false;
}
