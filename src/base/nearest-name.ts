// SPDX-License-Identifier: Apache-2.0

/**
 * The candidate that `name` most probably stands for, or undefined when none is near: at most two edits away, or a third
 * of the longer name's length, or one is the beginning of the other. Letter case and `_` for `-` do not count.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = normalise(name);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const other = normalise(candidate);
    const distance = editDistance(wanted, other);
    const allowed = Math.max(
      Math.min(2, wanted.length - 1),
      Math.floor(Math.max(wanted.length, other.length) / 3),
    );
    const begins = wanted.length >= 3 && (other.startsWith(wanted) || wanted.startsWith(other));
    if (distance < bestDistance && (distance <= allowed || begins)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean "x"?` as a sentence, or undefined when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? undefined : `Did you mean "${nearest}"?`;
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
