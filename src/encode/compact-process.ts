// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path/posix';
import { at, listAt, textAt } from './compact-json.ts';
import type { ExportEvent } from './compact-json.ts';
import { escapeHidden, quoteWord } from './escape.ts';

/** Ancestors that a line names; `…` stands for those beyond. */
const SHOWN_ANCESTORS = 3;

/** What a line says about a process; every text is escaped. */
export interface CompactProcess {
  readonly pid: string;
  readonly user: string;
  /** `sshd→bash→`, empty when nothing is known */
  readonly chain: string;
  readonly binary: string;
  /** the arguments, after the name that the process goes by if that is not the binary's */
  readonly args: string;
}

/** `body` is what stands under the event's type, for example under `process_exec`. */
export function compactProcess(event: ExportEvent, body: unknown): CompactProcess {
  const process = at(body, 'process');
  const binary = textAt(process, 'binary');
  return {
    pid: escapeHidden(textAt(process, 'pid')) || '?',
    user: userOf(process),
    chain: chainOf(event, body),
    binary: binary === '' ? '(unknown)' : quoteWord(binary),
    args: argumentsOf(event, process, binary),
  };
}

function userOf(process: unknown): string {
  const name = textAt(process, 'user', 'name');
  const uid = textAt(process, 'uid');
  if (name !== '') return quoteWord(name);
  if (uid === '0') return 'root';
  return uid === '' ? '?' : `uid ${escapeHidden(uid)}`;
}

/**
 * The nearest ancestors, farthest first. Pid 1 is named only as the parent: it is everyone's ancestor. A run of the same
 * name, such as nested shells, shows once.
 */
function chainOf(event: ExportEvent, body: unknown): string {
  const known = listAt(event, 'merlon', 'ancestry');
  const ancestry = known.length > 0 ? known : [at(body, 'parent')];
  const names: string[] = [];
  for (const [distance, ancestor] of ancestry.entries()) {
    const pid = textAt(ancestor, 'pid');
    if (pid === '' || pid === '0' || (pid === '1' && distance > 0)) continue;
    const binary = textAt(ancestor, 'binary');
    const name = binary === '' ? `pid ${escapeHidden(pid)}` : ancestorName(binary);
    if (names.at(-1) !== name) names.push(name);
  }
  const shown = names.slice(0, SHOWN_ANCESTORS).reverse();
  if (names.length > SHOWN_ANCESTORS) shown.unshift('…');
  else if (textAt(event, 'merlon', 'ancestry_incomplete') !== '') shown.unshift('?');
  return shown.map((name) => `${name}→`).join('');
}

/** A file can be named `sshd→bash`: then the arrow is escaped, so that no name looks like two. */
function ancestorName(binary: string): string {
  return quoteWord(basename(binary)).replaceAll('→', '\\u2192');
}

function argumentsOf(event: ExportEvent, process: unknown, binary: string): string {
  const argv = argvOf(event);
  if (argv.length === 0) return escapeHidden(textAt(process, 'arguments'));
  const [name, ...rest] = argv;
  const words = rest.map(quoteWord);
  // A login shell, a multi-call binary, or a process that pretends to be another.
  if (name !== undefined && !isNameOf(name, binary)) words.unshift(`(as ${quoteWord(name)})`);
  return words.join(' ');
}

/** `python3` names python3.11 too. */
function isNameOf(name: string, binary: string): boolean {
  const [given, real] = [basename(name), basename(binary)];
  return (
    given === real || (given !== '' && real.startsWith(given) && /^[-.\d]+$/.test(real.slice(given.length)))
  );
}

function argvOf(event: ExportEvent): string[] {
  return listAt(event, 'merlon', 'argv').map((argument) => String(argument));
}
