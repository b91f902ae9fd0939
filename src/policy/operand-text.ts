// SPDX-License-Identifier: Apache-2.0
import type { ValueClass } from './argument-types.ts';
import type { Cursor } from './cursor.ts';
import type { Operand } from './model.ts';
import type { Operator } from './operators.ts';
import type { ValueScope } from './value-scope.ts';

const MATCHES = { equal: 'exact', prefix: 'prefix', postfix: 'postfix', substring: 'substring' } as const;

/**
 * Texts. The end of a text in the kernel is no character, so NULs at the end of a value, which policies for Tetragon often
 * have, are dropped where the end is compared; not for a char_buf, which may hold them.
 */
export function textOperand(
  { comparison, ignoreCase }: Operator,
  value: ValueClass,
  values: readonly Cursor[],
  scope: ValueScope,
): Operand | undefined {
  if (!(comparison in MATCHES)) return undefined;
  const match = MATCHES[comparison as keyof typeof MATCHES];
  const trims = value.of !== 'bytes' && (match === 'exact' || match === 'postfix');
  const texts = values.flatMap((written) => {
    const text = trims ? written.text.replace(/\0+$/, '') : written.text;
    if (text !== '' || match === 'exact') return [text];
    scope.refuse(written, 'at least one character, since everything matches an empty text');
    return [];
  });
  return { op: 'strings', match, ignoreCase, values: texts };
}
