// SPDX-License-Identifier: Apache-2.0
import { checkDocuments } from './check-text.ts';
import type { PolicyText } from './load-files.ts';
import { checkFiles, checkTexts } from './load-files.ts';
import type { Policy } from './model.ts';
import type { OnProblem } from './problem.ts';

export { CelProblem, parseCelExpression } from './cel-expression.ts';
export type { CelNode, CelOperation, CelType } from './cel-node.ts';
export type { CheckOptions, CheckedDocument } from './check-text.ts';
export { formatProblem } from './format-problem.ts';
export type { CheckedFile, PolicyText } from './load-files.ts';
export { checkFiles, readFiles } from './load-files.ts';
export type { OnProblem, PolicyProblem } from './problem.ts';
export { ProblemCode } from './problem.ts';

/** The policies of a text that have no problem; every problem of the others is reported. `file` is for positions. */
export function checkPolicyText(file: string, source: string, onProblem: OnProblem): Policy[] {
  return checkDocuments(file, source, onProblem).flatMap(({ policy }) => policy ?? []);
}

/** The policies of files and directories that have no problem; every problem of the others is reported. */
export function loadPolicyFiles(paths: readonly string[], onProblem: OnProblem): Policy[] {
  return checkFiles(paths, onProblem).flatMap(({ documents }) =>
    documents.flatMap(({ policy }) => policy ?? []),
  );
}

/** As loadPolicyFiles(), of texts that were read elsewhere. */
export function loadPolicyTexts(texts: readonly PolicyText[], onProblem: OnProblem): Policy[] {
  return checkTexts(texts, onProblem).flatMap(({ documents }) =>
    documents.flatMap(({ policy }) => policy ?? []),
  );
}
