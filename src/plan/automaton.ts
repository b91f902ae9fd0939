// SPDX-License-Identifier: Apache-2.0

/** An Aho-Corasick automaton over classes of bytes (Aho and Corasick, 1975): one pass finds every pattern in a string. */
export interface Automaton {
  /** class of each byte; 0 is every byte that stands in no pattern */
  readonly classes: Uint8Array;
  readonly classCount: number;
  /** next state, at state * classCount + class */
  readonly moves: Uint32Array;
  /** by state: the patterns that end there, by their position in the input */
  readonly outputs: ReadonlyMap<number, readonly number[]>;
}

interface State {
  readonly next: Map<number, number>;
  fail: number;
  readonly ends: number[];
}

/** Patterns are not empty, and their bytes all have a class. */
export function buildAutomaton(
  patterns: readonly Uint8Array[],
  classes: Uint8Array,
  classCount: number,
): Automaton {
  const states: State[] = [{ next: new Map(), fail: 0, ends: [] }];
  patterns.forEach((pattern, index) => {
    let state = 0;
    for (const byte of pattern) state = step(states, state, classes[byte] ?? 0);
    states[state]?.ends.push(index);
  });
  const moves = new Uint32Array(states.length * classCount);
  const queue = [0];
  for (let at = 0; at < queue.length; at++) {
    const number = queue[at] ?? 0;
    const state = states[number];
    if (state === undefined) continue;
    // What ends at the longest proper suffix ends here too.
    if (number !== 0) state.ends.push(...(states[state.fail]?.ends ?? []));
    for (let letter = 0; letter < classCount; letter++) {
      const child = state.next.get(letter);
      const beyond = number === 0 ? 0 : (moves[state.fail * classCount + letter] ?? 0);
      moves[number * classCount + letter] = child ?? beyond;
      const childState = child === undefined ? undefined : states[child];
      if (child === undefined || childState === undefined) continue;
      childState.fail = beyond;
      queue.push(child);
    }
  }
  const outputs = new Map<number, readonly number[]>();
  states.forEach(({ ends }, number) => {
    if (ends.length > 0) outputs.set(number, [...new Set(ends)]);
  });
  return { classes, classCount, moves, outputs };
}

/** Classes for all these patterns together: a hook's automatons share them. */
export function classify(
  patterns: readonly Uint8Array[],
  folded: boolean,
): { classes: Uint8Array; classCount: number } {
  const classes = new Uint8Array(256);
  let classCount = 1;
  for (const pattern of patterns)
    for (const byte of pattern) {
      const letter = folded ? fold(byte) : byte;
      if (classes[letter] === 0) classes[letter] = classCount++;
    }
  if (folded) for (let byte = 0; byte < 256; byte++) classes[byte] = classes[fold(byte)] ?? 0;
  return { classes, classCount };
}

/** ASCII capitals to small letters. */
function fold(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function step(states: State[], from: number, letter: number): number {
  const state = states[from];
  const known = state?.next.get(letter);
  if (known !== undefined) return known;
  const added = states.push({ next: new Map(), fail: 0, ends: [] }) - 1;
  state?.next.set(letter, added);
  return added;
}
