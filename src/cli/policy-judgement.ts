// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../base/errors.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { judgePolicy } from '../plan/judge-policy.ts';
import type { KernelFacts } from '../plan/kernel-facts.ts';
import type { CheckedFile, PolicyProblem } from '../policy/index.ts';
import { ProblemCode } from '../policy/index.ts';
import { BtfKernel } from '../sensor/btf-kernel.ts';
import { LocalKernel } from '../sensor/local-kernel.ts';

/** Files with what a kernel says to their policies. */
export interface JudgedFiles {
  readonly files: readonly CheckedFile[];
  readonly problems: readonly PolicyProblem[];
  /** what could not be checked, each once */
  readonly unchecked: readonly string[];
}

/**
 * Judges the policies that have no problem so far by the types of the kernel that runs, or by those of a file. Throws an
 * AgentError when that file has none.
 */
export function judgeFiles(files: readonly CheckedFile[], btfFile: string | undefined): JudgedFiles {
  const facts = btfFile === undefined ? new LocalKernel() : fileKernel(btfFile);
  const problems: PolicyProblem[] = [];
  const unchecked = new Set<string>();
  const judged = files.map((file) => {
    const documents = file.documents.map((document) => {
      if (document.policy === undefined) return document;
      const judgement = judgePolicy(document.policy, facts);
      for (const what of judgement.unchecked) unchecked.add(what);
      for (const { at, message, remedy } of judgement.problems)
        problems.push({
          ...{ code: ProblemCode.Kernel, at, message },
          ...(remedy !== undefined && { remedy }),
        });
      return judgement.problems.length === 0 ? document : { ...document, sound: false };
    });
    return { ...file, documents, sound: file.sound && documents.every(({ sound }) => sound) };
  });
  return { files: judged, problems, unchecked: [...unchecked] };
}

/** What the types of a file tell of a kernel; they are read at once, so that a wrong file is said before anything else. */
export function fileKernel(path: string): KernelFacts {
  const facts = new BtfKernel(path);
  try {
    facts.findFunction('');
    return facts;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    throw new AgentError(error.code, error.message, {
      cause: error,
      remedy: 'Give a copy of /sys/kernel/btf/vmlinux of that kernel, or its vmlinux with a section .BTF.',
    });
  }
}
