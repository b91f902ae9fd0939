// SPDX-License-Identifier: Apache-2.0
import type { CheckedFile, PolicyProblem } from '../policy/index.ts';
import { checkFiles, formatProblem } from '../policy/index.ts';
import { escapeHidden } from '../encode/escape.ts';
import { endWithReader, write } from './output.ts';

/**
 * Checks policies without a kernel and without privileges: prints each problem, a line for each policy that has none, and
 * what it came to. Exit status 1 with any problem.
 */
export async function policyCheck(
  paths: readonly string[],
  options: { output?: string; crdOnly?: boolean },
): Promise<void> {
  endWithReader();
  const problems: PolicyProblem[] = [];
  const files = checkFiles(paths, (problem) => problems.push(problem), { crdOnly: options.crdOnly === true });
  const ok = problems.length === 0 && files.length > 0;
  await write(options.output === 'json' ? toJson(files, problems, ok) : describe(files, problems));
  if (!ok) process.exitCode = 1;
}

function describe(files: readonly CheckedFile[], problems: readonly PolicyProblem[]): string {
  const byFile = Map.groupBy(problems, ({ at }) => at.file);
  const sections = files.map(({ file, documents }) => {
    const lines = documents
      .filter(({ sound }) => sound)
      .map(({ kind, namespace, name, at }) => {
        const full = namespace === undefined ? name : `${namespace}/${name}`;
        return `OK ${escapeHidden(`${at.file}:${at.line}: ${kind} "${full}"`)}\n`;
      });
    return [...(byFile.get(file) ?? []).map(formatProblem), ...lines].join('');
  });
  const listed = new Set(files.map(({ file }) => file));
  const elsewhere = problems.filter(({ at }) => !listed.has(at.file)).map(formatProblem);
  return [...elsewhere, ...sections, summary(files, problems)].join('');
}

function summary(files: readonly CheckedFile[], problems: readonly PolicyProblem[]): string {
  const sound = files.flatMap(({ documents }) => documents.filter((document) => document.sound)).length;
  if (problems.length === 0)
    return files.length === 0
      ? 'No policy was found\n'
      : `${count(sound, 'policy', 'policies')} without a problem\n`;
  const bad = new Set(problems.map(({ at }) => at.file)).size;
  return (
    `${count(problems.length, 'problem', 'problems')} in ${count(bad, 'file', 'files')}, ` +
    `${count(sound, 'policy', 'policies')} without a problem\n`
  );
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function toJson(files: readonly CheckedFile[], problems: readonly PolicyProblem[], ok: boolean): string {
  const form = {
    ok,
    files: files.map(({ file, documents, sound }) => ({
      file,
      ok: sound,
      policies: documents.map(({ kind, namespace, name, at, sound: fine }) => ({
        kind,
        namespace: namespace ?? null,
        name,
        line: at.line,
        ok: fine,
      })),
    })),
    problems: problems.map(({ code, at, message, remedy }) => ({
      code,
      file: at.file,
      line: at.line,
      column: at.column,
      message,
      remedy: remedy ?? null,
    })),
  };
  return `${JSON.stringify(form)}\n`;
}
