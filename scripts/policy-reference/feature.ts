// SPDX-License-Identifier: Apache-2.0

/** What a section of the reference describes, with an example under test. */
export interface Feature {
  readonly title: string;
  /** keys of the schema that its examples show: `argument.type=int`, `selector.matchPIDs`; see schema.ts and vocabulary.ts */
  readonly covers: readonly string[];
  /** what it does and where it may stand, Markdown */
  readonly text: string;
  /** Markdown made from the code's tables */
  readonly table?: () => string;
  /** names of files in docs/examples/; the first is the one to begin with */
  readonly examples: readonly string[];
  /** what Tetragon does otherwise */
  readonly tetragon?: string;
}

export interface Section {
  readonly title: string;
  readonly intro: string;
  /** parts of the schema whose fields it lists */
  readonly parts: readonly string[];
  /** Markdown made from the code's tables, before the features */
  readonly tables?: readonly (() => string)[];
  readonly features: readonly Feature[];
}
