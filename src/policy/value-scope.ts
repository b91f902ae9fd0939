// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { List } from './model.ts';

/** What the parsers of values see of the filter. */
export interface ValueScope {
  readonly lists: ReadonlyMap<string, List>;
  /** Reports that a value cannot be used, with what is expected instead. */
  readonly refuse: (value: Cursor, expected: string, more?: { remedy?: string }) => void;
}
