// SPDX-License-Identifier: Apache-2.0
import type { CelArgument, CelNode } from '../policy/cel-node.ts';

/** The expression with something else for each of its arguments. */
export function mapCelArguments(node: CelNode, map: (argument: CelArgument) => CelNode): CelNode {
  if (node.kind === 'argument') return map(node);
  if (node.kind === 'constant') return node;
  return { ...node, operands: node.operands.map((operand) => mapCelArguments(operand, map)) };
}

/** What its arguments name, without repetition. */
export function celEntries(node: CelNode): number[] {
  if (node.kind === 'argument') return [node.entry];
  return node.kind === 'constant' ? [] : [...new Set(node.operands.flatMap(celEntries))];
}
