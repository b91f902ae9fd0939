// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import { checkMetadata } from './check-metadata.ts';
import { checkSchema } from './check-schema.ts';
import { conform } from './conform.ts';
import type { PolicyKind } from './crd.ts';
import { crdSchema } from './crd.ts';
import { Cursor } from './cursor.ts';
import { documentKind } from './document-kind.ts';
import type { Policy } from './model.ts';
import type { OnProblem, PolicyProblem } from './problem.ts';
import { ProblemCode, wholeFile } from './problem.ts';
import { readPolicy } from './read-policy.ts';
import { SourceText } from './source-text.ts';
import type { YamlDocument } from './yaml-tree.ts';
import { parseYaml } from './yaml-tree.ts';

export interface CheckOptions {
  /** only what the CRD, its rules and Kubernetes' metadata say, as an API server judges it; no models come back */
  readonly crdOnly?: boolean;
}

/** A document of a kind that is known, and what was found of it. */
export interface CheckedDocument {
  readonly kind: PolicyKind;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly at: SourcePosition;
  /** whether it has no problem */
  readonly sound: boolean;
  /** undefined with a problem, and with `crdOnly` */
  readonly policy: Policy | undefined;
}

/** Checks every document of a file's text; all problems are reported, in the order of their places. */
export function checkDocuments(
  file: string,
  text: string,
  onProblem: OnProblem,
  options: CheckOptions = {},
): CheckedDocument[] {
  const source = new SourceText(file, text);
  const problems: PolicyProblem[] = [];
  const collect: OnProblem = (problem) => void problems.push(problem);
  const documents = parseYaml(source, collect);
  if (documents.length === 0 && problems.length === 0)
    collect({
      code: ProblemCode.Kind,
      at: wholeFile(file),
      message: 'Cannot find a policy: the file is empty',
    });
  const checked = documents.flatMap((document) => checkDocument(document, source, collect, options) ?? []);
  problems.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column).forEach(onProblem);
  return checked;
}

function checkDocument(
  { root, sound }: YamlDocument,
  source: SourceText,
  onProblem: OnProblem,
  { crdOnly = false }: CheckOptions,
): CheckedDocument | undefined {
  let problems = sound ? 0 : 1;
  const count: OnProblem = (problem) => {
    problems++;
    onProblem(problem);
  };
  const kind = documentKind(root, source, count);
  if (kind === undefined) return undefined;
  const place = conform(root, crdSchema(kind), source, count);
  checkSchema(kind, place, source, count);
  const cursor = Cursor.of(source, place);
  const metadata = cursor.field('metadata');
  if (metadata !== undefined) checkMetadata(kind, metadata, count);
  const policy = crdOnly || cursor.flawed ? undefined : readPolicy(kind, cursor, count);
  return {
    kind,
    name: metadata?.textOf('name') ?? '',
    namespace: metadata?.optionalText('namespace'),
    at: cursor.startAt,
    sound: problems === 0,
    policy: problems === 0 ? policy : undefined,
  };
}
