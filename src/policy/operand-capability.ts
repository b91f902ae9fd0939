// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import { parseInteger } from './integer.ts';
import { CAPABILITIES } from './names.ts';
import { quote, suggest } from './quote.ts';
import type { ValueScope } from './value-scope.ts';

/** The bit of a capability by its name, in any letter case. */
function capabilityBit(name: string): bigint | undefined {
  const number = CAPABILITIES.get(name.trim().toUpperCase());
  return number === undefined ? undefined : 1n << BigInt(number);
}

/** One mask of all the names; those that are unknown are reported. */
export function capabilityMask(names: readonly Cursor[], refuse: ValueScope['refuse']): bigint {
  return names.reduce((mask, name) => {
    const bit = capabilityBit(name.text);
    if (bit === undefined)
      refuse(name, 'a capability such as CAP_SYS_ADMIN', suggest(name.text, CAPABILITIES.keys()));
    return mask | (bit ?? 0n);
  }, 0n);
}

/** One mask for each value: a number, or names joined by commas. */
export function capabilityMasks(values: readonly Cursor[], scope: ValueScope): bigint[] {
  return values.flatMap((value) => {
    const number = parseInteger(value.text);
    if (number !== undefined && number >= 0n && number < 2n ** 64n) return [number];
    let mask = 0n;
    for (const name of value.text.split(',')) {
      const bit = capabilityBit(name);
      if (bit === undefined) {
        const more = suggest(name.trim(), CAPABILITIES.keys(), `There is no capability ${quote(name)}.`);
        scope.refuse(value, 'a mask such as 0x1f, or capabilities joined by commas', more);
        return [];
      }
      mask |= bit;
    }
    return [mask];
  });
}
