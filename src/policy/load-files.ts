// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckOptions, CheckedDocument } from './check-text.ts';
import { checkDocuments } from './check-text.ts';
import type { OnProblem } from './problem.ts';
import { ProblemCode, wholeFile } from './problem.ts';
import { quote } from './quote.ts';

/** A policy is no larger than this: a cluster takes 1.5 MiB, and 10,000 values are 200 KiB. */
const LARGEST_BYTES = 16 << 20;
const EXTENSION = /\.(ya?ml|json)$/;

/** What a file holds; `file` is for positions. */
export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

export interface CheckedFile {
  readonly file: string;
  readonly documents: readonly CheckedDocument[];
  /** whether neither the file nor one of its documents has a problem */
  readonly sound: boolean;
}

/**
 * Checks files, and those of directories that end in .yaml, .yml or .json, in the order of their names; not of directories
 * within, as kubectl does, and not those that are hidden, as the links are that a mounted ConfigMap has. A path that
 * cannot be read is a problem. Unless only the CRD is asked for, so are two policies of one kind, namespace and name.
 */
export function checkFiles(
  paths: readonly string[],
  onProblem: OnProblem,
  options: CheckOptions = {},
): CheckedFile[] {
  const known = new Map<string, CheckedDocument>();
  return paths
    .flatMap((path) => listFiles(path, onProblem))
    .map((file) => checkFile(file, (report) => readText(file, report), onProblem, known, options));
}

/** The text of each file that checkFiles() would check; a path that cannot be read is a problem. */
export function readFiles(paths: readonly string[], onProblem: OnProblem): PolicyText[] {
  return paths
    .flatMap((path) => listFiles(path, onProblem))
    .flatMap((file) => {
      const text = readText(file, onProblem);
      return text === undefined ? [] : [{ file, text }];
    });
}

/** As checkFiles(), of texts that were read elsewhere. */
export function checkTexts(texts: readonly PolicyText[], onProblem: OnProblem): CheckedFile[] {
  const known = new Map<string, CheckedDocument>();
  return texts.map(({ file, text }) => checkFile(file, () => text, onProblem, known, {}));
}

function checkFile(
  file: string,
  read: (onProblem: OnProblem) => string | undefined,
  onProblem: OnProblem,
  known: Map<string, CheckedDocument>,
  options: CheckOptions,
): CheckedFile {
  let sound = true;
  const report: OnProblem = (problem) => {
    sound = false;
    onProblem(problem);
  };
  const text = read(report);
  const documents = text === undefined ? [] : checkDocuments(file, text, report, options);
  const unique = documents.map((document) =>
    options.crdOnly === true ? document : withoutDuplicate(document, known, report),
  );
  return { file, documents: unique, sound };
}

/** A policy whose kind, namespace and name an earlier one has is a problem that names both. */
function withoutDuplicate(
  document: CheckedDocument,
  known: Map<string, CheckedDocument>,
  onProblem: OnProblem,
): CheckedDocument {
  const { kind, namespace = '', name, at } = document;
  if (name === '') return document;
  const key = `${kind}/${namespace}/${name}`;
  const earlier = known.get(key);
  if (earlier === undefined) {
    known.set(key, document);
    return document;
  }
  const full = quote(namespace === '' ? name : `${namespace}/${name}`);
  onProblem({
    code: ProblemCode.Duplicate,
    at,
    message: `Cannot use ${kind} ${full}: it is also in ${earlier.at.file}, line ${earlier.at.line}`,
    remedy: 'Give one of them another name.',
  });
  return { ...document, sound: false, policy: undefined };
}

/** The files of a directory, or the path itself: who reads it finds out why it cannot be read. */
function listFiles(path: string, onProblem: OnProblem): string[] {
  if (!isDirectory(path)) return [path];
  try {
    return readdirSync(path)
      .filter((name) => EXTENSION.test(name) && !name.startsWith('.'))
      .sort()
      .map((name) => join(path, name))
      .filter((file) => !isDirectory(file));
  } catch (error) {
    onProblem(unreadable(path, error));
    return [];
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function readText(file: string, onProblem: OnProblem): string | undefined {
  try {
    const { size } = statSync(file);
    if (size <= LARGEST_BYTES) return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    onProblem({
      code: ProblemCode.File,
      at: wholeFile(file),
      message: `Cannot read the file: it has ${size} bytes, expected at most ${LARGEST_BYTES}`,
    });
  } catch (error) {
    onProblem(unreadable(file, error));
  }
  return undefined;
}

function unreadable(path: string, error: unknown): Parameters<OnProblem>[0] {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'it is no UTF-8 text',
  };
  const reason = reasons[code ?? ''] ?? message;
  return { code: ProblemCode.File, at: wholeFile(path), message: `Cannot read the file: ${reason}` };
}
