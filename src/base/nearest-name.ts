// SPDX-License-Identifier: Apache-2.0

/**
 * The candidate that `name` most probably stands for, or undefined when none is near: at most two edits away, or a third
 * of the longer name's length, or one is the beginning of the other. Letter case and `_` for `-` do not count.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  return nearestNames(name, candidates, 1)[0];
}

/** Those at the same smallest distance, the first `count` of them. */
export function nearestNames(name: string, candidates: Iterable<string>, count: number): string[] {
  const wanted = normalise(name);
  let best: string[] = [];
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const other = normalise(candidate);
    const longer = Math.max(wanted.length, other.length);
    const allowed = Math.max(Math.min(2, wanted.length - 1), Math.floor(longer / 3));
    const begins = wanted.length >= 3 && (other.startsWith(wanted) || wanted.startsWith(other));
    const least = Math.abs(wanted.length - other.length);
    if (least > bestDistance || (least > allowed && !begins)) continue;
    const distance = editDistance(wanted, other);
    if (distance > bestDistance || (distance > allowed && !begins)) continue;
    if (distance < bestDistance) best = [];
    bestDistance = distance;
    if (best.length < count && !best.includes(candidate)) best.push(candidate);
  }
  return best;
}

/** `Did you mean "x" or "y"?` as a sentence, with `count` names at most, or undefined when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>, count = 1): string | undefined {
  const nearest = nearestNames(name, candidates, count).map((near) => `"${near}"`);
  const last = nearest.pop();
  if (last === undefined) return undefined;
  return nearest.length === 0 ? `Did you mean ${last}?` : `Did you mean ${nearest.join(', ')} or ${last}?`;
}

/** Insertions, deletions, replacements and swaps of two neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: number[], index: number): number {
  return row[index] ?? Infinity;
}

function normalise(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
