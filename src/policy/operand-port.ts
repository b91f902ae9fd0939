// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import { parseDecimal } from './integer.ts';
import type { Operand } from './model.ts';
import type { ValueScope } from './value-scope.ts';

const LARGEST = 0xffffn;

/** Ports, and ranges `a:b` of them in any order. */
export function portOperand(
  side: 'source' | 'destination',
  values: readonly Cursor[],
  scope: ValueScope,
): Operand {
  const ranges = values.flatMap((value) => {
    const parts = value.text.split(':').map(parseDecimal);
    const [first, second = first] = parts;
    const fits =
      first !== undefined && second !== undefined && parts.length <= 2 && !parts.includes(undefined);
    if (!fits || first < 0n || second < 0n || first > LARGEST || second > LARGEST) {
      scope.refuse(value, 'a port from 0 to 65535, or MIN:MAX');
      return [];
    }
    const [from, to] = first <= second ? [first, second] : [second, first];
    return [{ from: Number(from), to: Number(to) }];
  });
  return { op: 'ports', side, ranges };
}
