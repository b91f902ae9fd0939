// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { List } from './model.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote } from './quote.ts';
import type { Report } from './scope.ts';

const ABIS = ['x64', 'i386', 'arm64', 'arm32'];
/** `sys_read`, `read`, `__x64_sys_read`, `i386/sys_read` */
const SYSCALL = /^(?:([^/]*)\/)?(\w+)$/;

/** Reads spec.lists by name. */
export function readLists(spec: Cursor, report: Report): Map<string, List> {
  const lists = new Map<string, List>();
  for (const cursor of spec.list('lists')) {
    const name = cursor.field('name');
    if (name === undefined) continue;
    if (name.text === '')
      report(ProblemCode.Value, name.at, 'Cannot use a list without a name: "name" is empty', {
        remedy: 'Give it one.',
      });
    else if (lists.has(name.text))
      report(ProblemCode.Duplicate, name.at, `Cannot use the name ${quote(name.text)} for two lists`, {
        remedy: 'Give one of them another name.',
      });
    else lists.set(name.text, readList(cursor, report));
  }
  return lists;
}

function readList(cursor: Cursor, report: Report): List {
  const name = cursor.textOf('name');
  const type = (cursor.optionalText('type') ?? 'plain') as List['type'];
  const pattern = cursor.optionalText('pattern');
  const values = cursor.list('values');
  const title = `list ${quote(name)}`;
  const generated = type === 'generated_syscalls' || type === 'generated_ftrace';
  if (cursor.sound) {
    if (generated && values.length > 0)
      report(
        ProblemCode.Conflict,
        cursor.field('values')?.nameAt ?? cursor.startAt,
        `Cannot use values in ${title}: its type is ${type}`,
        { remedy: 'Delete them: the agent finds them.' },
      );
    if (!generated && values.length === 0)
      report(ProblemCode.MissingField, cursor.startAt, `Cannot use ${title}: "values" is missing or empty`, {
        remedy: 'Add what it holds.',
      });
    if (type === 'generated_ftrace' && pattern === undefined)
      report(ProblemCode.MissingField, cursor.startAt, `Cannot use ${title}: field "pattern" is missing`, {
        remedy: 'Add a regular expression for the names, such as "pattern: ^ksys_".',
      });
    if (type !== 'generated_ftrace' && pattern !== undefined)
      report(
        ProblemCode.Conflict,
        cursor.field('pattern')?.nameAt ?? cursor.startAt,
        `Cannot use a pattern in ${title}: its type is ${type}`,
        {
          remedy: 'A pattern needs "type: generated_ftrace".',
        },
      );
    if (type === 'generated_ftrace' && pattern !== undefined)
      checkPattern(cursor.field('pattern'), title, report);
    for (const value of values) checkValue(value, type, title, report);
  }
  return {
    name,
    type,
    values: values.map(({ text }) => text),
    pattern,
    validated: cursor.isOn('validated'),
    at: cursor.startAt,
  };
}

/** Written for Go, run here: what the two do not have in common is refused. */
function checkPattern(pattern: Cursor | undefined, title: string, report: Report): void {
  if (pattern === undefined) return;
  const refuse = (reason: string): void =>
    report(
      ProblemCode.Value,
      pattern.at,
      `Cannot use pattern ${quote(pattern.text)} in ${title}: ${reason}`,
      {
        remedy: 'Write it with letters, classes such as [a-z_], groups, and the operators . * + ? | ^ $.',
      },
    );
  if (pattern.text === '') refuse('it is empty');
  else if (/\[\[[:.=]/.test(pattern.text)) refuse('classes such as [[:alpha:]] are not served');
  else
    try {
      new RegExp(pattern.text, 'u');
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
    }
}

function checkValue(value: Cursor, type: List['type'], title: string, report: Report): void {
  const [whole, abi] = SYSCALL.exec(value.text) ?? [];
  const refuse = (expected: string): void =>
    report(ProblemCode.Value, value.at, `Cannot use ${quote(value.text)} in ${title}: expected ${expected}`);
  if (type === 'syscalls') {
    if (whole === undefined) refuse('a syscall such as "sys_read" or "i386/sys_read"');
    else if (abi !== undefined && !ABIS.includes(abi)) refuse(`one of the ABIs ${alternatives(ABIS)}`);
  } else if (type === 'plain' && !isFunctionName(value.text)) refuse('the name of a function');
}

/** A system call, after the ABI of its programs or not. */
export function isSyscallName(text: string): boolean {
  const [whole, abi] = SYSCALL.exec(text) ?? [];
  return whole !== undefined && (abi === undefined || ABIS.includes(abi));
}

/** A symbol of the kernel; compilers add parts such as `.isra.0`. */
export function isFunctionName(text: string): boolean {
  return /^[\w.$]+$/.test(text);
}
