// SPDX-License-Identifier: Apache-2.0
import type { PolicyKind } from './crd.ts';
import { API_VERSION, POLICY_KINDS } from './crd.ts';
import type { OnProblem } from './problem.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import type { SourceText } from './source-text.ts';
import type { YamlNode } from './yaml-node.ts';

/** Which kind of policy a document is; undefined, and reported, when it is none. */
export function documentKind(
  root: YamlNode,
  source: SourceText,
  onProblem: OnProblem,
): PolicyKind | undefined {
  const report = (offset: number, message: string, more: { remedy?: string } = {}): void => {
    onProblem({ code: ProblemCode.Kind, at: source.at(offset), message, ...more });
  };
  if (root.kind !== 'mapping') {
    report(root.offset, 'Cannot use this as a policy: expected a mapping');
    return;
  }
  const [first] = root.entries.values();
  const entry = root.entries.get('kind');
  if (entry === undefined) {
    report(first?.keyOffset ?? root.offset, 'Cannot use the document: field "kind" is missing', {
      remedy: 'Write "kind: TracingPolicy".',
    });
    return;
  }
  const name = entry.value.kind === 'scalar' ? entry.value.text : '';
  const kind = POLICY_KINDS.find((known) => known === name);
  if (kind === undefined) {
    report(
      entry.value.offset,
      `Cannot use the document: unknown kind ${quote(name)}, expected ${alternatives(POLICY_KINDS)}`,
      suggest(name, POLICY_KINDS),
    );
    return;
  }
  checkVersion(root.entries.get('apiVersion') ?? root.entries.get('apiversion'), report, entry.keyOffset);
  return kind;
}

function checkVersion(
  entry: { value: YamlNode } | undefined,
  report: (offset: number, message: string, more?: { remedy?: string }) => void,
  fallback: number,
): void {
  const remedy = { remedy: `Write "apiVersion: ${API_VERSION}".` };
  if (entry === undefined) report(fallback, 'Cannot use the document: field "apiVersion" is missing', remedy);
  else if (entry.value.kind === 'scalar' && entry.value.text !== API_VERSION)
    report(
      entry.value.offset,
      `Cannot use apiVersion ${quote(entry.value.text)}: expected ${API_VERSION}`,
      remedy,
    );
}
