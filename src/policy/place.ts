// SPDX-License-Identifier: Apache-2.0
import type { YamlNode } from './yaml-node.ts';

/** A part of a document: its plain data beside the node it comes from. */
export interface Place {
  readonly node: YamlNode;
  /** objects and arrays are shared with the parent's data, so that defaults which are added to it are seen */
  readonly data: unknown;
  /** of the name of the field whose value this is */
  readonly keyOffset?: number;
  readonly fields?: ReadonlyMap<string, Place>;
  readonly items?: readonly Place[];
  /** set by the schema check: it has a problem itself, or a part of it has */
  flaw?: 'here' | 'below';
}

/** The deepest place on a JSON pointer's way and the places that lead to it, the root first. */
export function followPointer(root: Place, pointer: string): Place[] {
  const way = [root];
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const place = way.at(-1);
    const next = place?.items?.[Number(name)] ?? place?.fields?.get(name);
    if (next === undefined) break;
    way.push(next);
  }
  return way;
}

/** Notes that the last place of the way has a problem. */
export function markFlaw(way: readonly Place[]): void {
  for (const place of way) place.flaw ??= 'below';
  const last = way.at(-1);
  if (last !== undefined) last.flaw = 'here';
}
