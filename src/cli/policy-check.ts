// SPDX-License-Identifier: Apache-2.0
import type { CheckedFile, PolicyProblem } from '../policy/index.ts';
import { checkFiles, formatProblem } from '../policy/index.ts';
import type { JudgedFiles } from './policy-judgement.ts';
import { escapeHidden } from '../encode/escape.ts';
import { endWithReader, write } from './output.ts';

/**
 * Checks policies without privileges, also against what is known of a kernel: prints each problem, a line for each policy
 * that has none, what it came to, and what could not be checked. Exit status 1 with any problem.
 */
export async function policyCheck(
  paths: readonly string[],
  options: { output?: string; crdOnly?: boolean; btf?: string },
): Promise<void> {
  endWithReader();
  const crdOnly = options.crdOnly === true;
  const problems: PolicyProblem[] = [];
  const checked = checkFiles(paths, (problem) => problems.push(problem), { crdOnly });
  // The addon, which reads the kernel's types, is loaded only for this.
  const judged: JudgedFiles = crdOnly
    ? { files: checked, problems: [], unchecked: [] }
    : (await import('./policy-judgement.ts')).judgeFiles(checked, options.btf);
  problems.push(...judged.problems);
  const ok = problems.length === 0 && judged.files.length > 0;
  await write(options.output === 'json' ? toJson(judged, problems, ok) : describe(judged, problems));
  if (!ok) process.exitCode = 1;
}

function describe({ files, unchecked }: JudgedFiles, problems: readonly PolicyProblem[]): string {
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
  const open = unchecked.map((what) => `Not checked: ${escapeHidden(what)}\n`);
  return [...elsewhere, ...sections, summary(files, problems), ...open].join('');
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

function toJson({ files, unchecked }: JudgedFiles, problems: readonly PolicyProblem[], ok: boolean): string {
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
    unchecked,
  };
  return `${JSON.stringify(form)}\n`;
}
