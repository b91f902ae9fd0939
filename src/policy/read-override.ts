// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { Action } from './model.ts';
import { quote } from './quote.ts';
import type { ActionScope } from './read-action.ts';
import { isAssignment } from './registers.ts';

/** Largest errno that the kernel returns as a number (MAX_ERRNO). */
const LARGEST_ERRNO = 4095;
const JUMPS = ['argNewSymbol', 'argNewAddr', 'argNewOffset'];

/** Reads the action Override: an error for a call of the kernel, a value, registers or another function for a program's. */
export function readOverride(cursor: Cursor, scope: ActionScope): Action | undefined {
  const { refuse } = scope;
  const at = cursor.startAt;
  const action = cursor.field('action')?.at ?? at;
  const error = cursor.field('argError');
  const registers = cursor.list('argRegs');
  const jump = JUMPS.find((name) => cursor.field(name) !== undefined);
  if (scope.kind !== 'uprobe') {
    const user = registers.length > 0 ? 'argRegs' : jump;
    if (user !== undefined) {
      refuse(cursor.field(user)?.nameAt ?? at, `${user} belongs to a uprobe`, {
        remedy: 'Use argError.',
      });
      return;
    }
    if (error === undefined) {
      refuse(action, 'parameter "argError" is missing', {
        remedy: 'Add what the call returns, such as -1 for EPERM.',
      });
      return;
    }
    // Some functions tell something by a positive number; the kernel holds LSM programs to errors.
    if (error.number < -LARGEST_ERRNO || (scope.kind === 'lsm' && error.number > -1)) {
      refuse(error.at, `argError ${error.number} is no error, expected -1 to -${LARGEST_ERRNO}`);
      return;
    }
  } else if (error === undefined && registers.length === 0 && jump === undefined) {
    refuse(
      action,
      'parameter "argError", "argRegs", "argNewSymbol", "argNewAddr" or "argNewOffset" is missing',
      { remedy: 'Add one of them.' },
    );
    return;
  } else if (error !== undefined && (registers.length > 0 || jump !== undefined)) {
    refuse(error.nameAt, `argError has no effect beside ${jump ?? 'argRegs'}`, {
      remedy: 'Delete it.',
    });
    return;
  }
  const wrong = registers.find(({ text }) => !isAssignment(text));
  if (wrong !== undefined) {
    refuse(
      wrong.at,
      `${quote(wrong.text)} assigns to no register, expected such as "rax=11" or "rip=8(%rsp)"`,
    );
    return;
  }
  const symbol = cursor.field('argNewSymbol');
  if (symbol?.text === '') {
    refuse(symbol.at, 'argNewSymbol is empty, expected the name of a function');
    return;
  }
  return {
    kind: 'Override',
    error: error?.number,
    registers: registers.map(({ text }) => text),
    newSymbol: symbol?.text,
    newAddress: cursor.field('argNewAddr')?.integer,
    newOffset: cursor.field('argNewOffset')?.integer,
    at,
  };
}
