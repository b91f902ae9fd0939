// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { Argument } from './model.ts';
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import { isRegister } from './registers.ts';
import type { ArgumentScope, HookKind, Role } from './scope.ts';

/** Arguments that can be read: those of a syscall, and the registers of a call on x86_64, are six. */
const LAST_ARGUMENT = 5;
/** MAX_BPF_FUNC_ARGS of the kernel: what a BTF tracepoint can have; a USDT probe has as many. */
const LAST_RAW_ARGUMENT = 11;
const RESOLVE = /^\w+(\[\d+\])*(\.\w+(\[\d+\])*)*$|^(\[\d+\])+(\.\w+(\[\d+\])*)*$/;

/** Reports what an argument cannot be on its hook. */
export function checkArgument(argument: Argument, cursor: Cursor, role: Role, scope: ArgumentScope): void {
  checkType(argument, cursor, role, scope);
  checkIndex(argument, cursor, role, scope);
  checkResolve(argument, cursor, role, scope);
  checkSize(argument, cursor, scope);
}

function checkType({ type, resolve }: Argument, cursor: Cursor, role: Role, scope: ArgumentScope): void {
  const { kind, raw = false, report, title } = scope;
  const field = cursor.field('type');
  const refuse = (reason: string, remedy: string): void =>
    report(
      ProblemCode.Value,
      field?.written === true ? field.at : cursor.startAt,
      `Cannot use argument type "${type}" in ${title}: ${reason}`,
      { remedy },
    );
  const name = 'Name the type of the value, such as "int" or "string".';
  switch (type) {
    case 'auto':
      if (role === 'returnArg') refuse('the type of a returned value has to be named', name);
      else if (role === 'args' && (kind === 'kprobe' || kind === 'fentry'))
        refuse('the types of arguments of a function have to be named', name);
      else if (kind === 'uprobe' && resolve === '') refuse('a program does not tell its types', name);
      break;
    case 'const_buf':
      refuse('its size comes from the format of a tracepoint', 'Leave the type to "auto".');
      break;
    case 'data_loc':
      if (kind !== 'tracepoint' || raw)
        refuse('only fields of a tracepoint that is not raw are of this type', name);
      break;
    case 'syscall64':
      if (kind !== 'tracepoint') refuse('only a tracepoint has the number of a syscall', name);
      break;
    default:
  }
}

function lastIndex(kind: HookKind, raw: boolean): number {
  if (kind === 'tracepoint') return raw ? LAST_RAW_ARGUMENT : Infinity;
  return kind === 'usdt' ? LAST_RAW_ARGUMENT : LAST_ARGUMENT;
}

function checkIndex({ index, source }: Argument, cursor: Cursor, role: Role, scope: ArgumentScope): void {
  const last = lastIndex(scope.kind, scope.raw ?? false);
  if (role !== 'args' || source !== 'argument' || index <= last) return;
  scope.report(
    ProblemCode.Value,
    cursor.field('index')?.at ?? cursor.startAt,
    `Cannot read argument ${index} in ${scope.title}: expected 0 to ${last}`,
  );
}

function checkResolve(argument: Argument, cursor: Cursor, role: Role, scope: ArgumentScope): void {
  const { resolve, source, btfType, btfTypeModule } = argument;
  const { kind, report, title } = scope;
  const at = cursor.field('resolve')?.at ?? cursor.startAt;
  const user = kind === 'uprobe' || kind === 'usdt';
  if (source === 'pt_regs') {
    if (resolve === '' || !isRegister(resolve))
      report(
        resolve === '' ? ProblemCode.MissingField : ProblemCode.Value,
        resolve === '' ? cursor.startAt : at,
        `Cannot read ${quote(resolve)} from pt_regs in ${title}: expected "resolve" with a register, such as "rdi"`,
      );
  } else if (resolve === '') {
    if (source === 'current_task')
      report(
        ProblemCode.MissingField,
        cursor.startAt,
        `Cannot read current_task in ${title}: field "resolve" is missing`,
        {
          remedy: 'Name a member of struct task_struct, such as "resolve: comm".',
        },
      );
  } else if (!RESOLVE.test(resolve)) {
    report(
      ProblemCode.Value,
      at,
      `Cannot use resolve ${quote(resolve)} in ${title}: expected members joined by ".", each with [N] for arrays`,
    );
  } else if (kind === 'tracepoint' && scope.raw !== true && role === 'args') {
    report(
      ProblemCode.Conflict,
      at,
      `Cannot resolve ${quote(resolve)} in ${title}: its fields are plain values`,
      {
        remedy: 'Add "raw: true" to read the arguments of the tracepoint.',
      },
    );
  } else if (user && source === 'argument' && (scope.btfPath === undefined || btfType === undefined)) {
    report(
      ProblemCode.MissingField,
      at,
      `Cannot resolve ${quote(resolve)} in ${title}: the types of a program come from "btfPath" and "btfType"`,
      { remedy: 'Add both.' },
    );
  }
  if (btfTypeModule !== undefined && (btfType === undefined || user))
    report(
      ProblemCode.Conflict,
      cursor.field('btfTypeModule')?.nameAt ?? cursor.startAt,
      `Cannot use btfTypeModule in ${title}: ${user ? 'a program has no kernel module' : 'field "btfType" is missing'}`,
      { remedy: user ? 'Delete it.' : 'Add the struct to take the argument for.' },
    );
}

function checkSize({ sizeArgument, returnCopy }: Argument, cursor: Cursor, scope: ArgumentScope): void {
  const { kind, raw = false, report, title } = scope;
  const last = lastIndex(kind, raw);
  if (sizeArgument !== undefined && sizeArgument > last)
    report(
      ProblemCode.Value,
      cursor.field('sizeArgIndex')?.at ?? cursor.startAt,
      `Cannot use sizeArgIndex ${sizeArgument + 1} in ${title}: expected 1 to ${last + 1}, counted from 1`,
    );
  if (returnCopy && kind !== 'kprobe' && kind !== 'fentry' && kind !== 'uprobe')
    report(
      ProblemCode.Conflict,
      cursor.field('returnCopy')?.nameAt ?? cursor.startAt,
      `Cannot use returnCopy in ${title}: this kind of hook does not see the return`,
      { remedy: 'Delete it, or use a kprobe.' },
    );
}
