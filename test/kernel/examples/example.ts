// SPDX-License-Identifier: Apache-2.0
/** The policies of docs/examples/: what their leading comments say of them. */
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { load } from 'js-yaml';
import type { Requirement } from '../support/requirements.ts';

const FOLDER = resolve(import.meta.dirname, '../../../docs/examples');

/** Lines of the comment that are for the test, `match: cat /etc/hostname`; the others describe the policy. */
const MARKS = ['match', 'other', 'events', 'shows', 'needs', 'refused', 'unprovoked'] as const;
type Mark = (typeof MARKS)[number];
const MARK = new RegExp(`^(${MARKS.join('|')}): (.*)$`);

export interface Example {
  /** the policy's name and its file's */
  readonly name: string;
  readonly path: string;
  /** what it is for, sentences */
  readonly description: string;
  /** the policy without the comment */
  readonly yaml: string;
  /** the policy as plain data */
  readonly document: Document;
  /** a shell command that the policy has an event of */
  readonly match: string | undefined;
  /** one that it has none of */
  readonly other: string | undefined;
  /** events of `match`; at least one without */
  readonly events: number | undefined;
  /** a part of an event's JSON */
  readonly shows: string | undefined;
  readonly needs: readonly Requirement[];
  /** how the reason begins for which this version refuses the policy */
  readonly refused: string | undefined;
  /** why nothing provokes an event; the policy is loaded only */
  readonly unprovoked: string | undefined;
}

export interface Document {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Every example by its name. Throws for one that cannot be tested as it is written. */
export function readExamples(): Map<string, Example> {
  return new Map(
    readdirSync(FOLDER)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => [file.slice(0, -'.yaml'.length), readExample(file)]),
  );
}

function readExample(file: string): Example {
  const path = resolve(FOLDER, file);
  const lines = readFileSync(path, 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const comment = lines.slice(0, end).map((line) => line.replace(/^# ?/, ''));
  const marks = new Map<Mark, string>();
  const sentences: string[] = [];
  for (const line of comment) {
    const [, mark, value = ''] = MARK.exec(line) ?? [];
    if (mark === undefined) sentences.push(line);
    else marks.set(mark as Mark, value);
  }
  const yaml = lines.slice(end).join('\n').trim();
  const document = load(yaml) as Document;
  const name = file.slice(0, -'.yaml'.length);
  const outcomes = (['match', 'refused', 'unprovoked'] as const).filter((mark) => marks.has(mark));
  if (outcomes.length !== 1 || sentences.length === 0)
    throw new Error(`${path} must say what it is for and one of match, refused and unprovoked`);
  if ((document.metadata as { name?: unknown }).name !== name)
    throw new Error(`${path} must have a policy of its own name`);
  const [match, other, shows, refused, unprovoked] = (
    ['match', 'other', 'shows', 'refused', 'unprovoked'] as const
  ).map((mark) => marks.get(mark));
  return {
    ...{ name, path, description: sentences.join(' '), yaml, document },
    ...{ match, other, shows, refused, unprovoked },
    events: marks.has('events') ? Number(marks.get('events')) : undefined,
    needs: [...needsOf(document), ...((marks.get('needs')?.split(', ') ?? []) as Requirement[])],
  };
}

interface FunctionHook {
  readonly syscall?: boolean;
  readonly ignore?: { readonly callNotFound?: boolean };
}

/** What a kernel must have for the hooks: system calls, tracepoints and user space are served by every one. */
function needsOf({ spec }: Document): Requirement[] {
  const functions = [spec.kprobes, spec.fentries].flatMap(
    (hooks) => (hooks as FunctionHook[] | undefined) ?? [],
  );
  const isFunction = ({ syscall, ignore }: FunctionHook): boolean =>
    syscall === false && ignore?.callNotFound !== true;
  if (spec.lsmhooks !== undefined) return ['trampolines', 'bpfLsm'];
  return functions.some(isFunction) ? ['trampolines'] : [];
}
