// SPDX-License-Identifier: Apache-2.0
import type { ScalarValue } from './yaml-scalar.ts';

/** Offsets are those of the first character in the text, UTF-16 units from 0. */
interface NodeBase {
  readonly offset: number;
  /** nodes of the subtree with every alias replaced by what it stands for */
  readonly weight: number;
}

export interface YamlScalar extends NodeBase {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** the scalar as it is written, without quotes */
  readonly text: string;
  /** where `text` stands, when the file has it letter by letter */
  readonly textOffset: number | undefined;
}

export interface YamlSequence extends NodeBase {
  readonly kind: 'sequence';
  readonly items: readonly YamlNode[];
}

export interface YamlMapping extends NodeBase {
  readonly kind: 'mapping';
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: YamlNode;
}

/** An alias is the node it stands for, so its parts are found where they are written. */
export type YamlNode = YamlScalar | YamlSequence | YamlMapping;
