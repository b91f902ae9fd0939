// SPDX-License-Identifier: Apache-2.0
import type { List } from '../policy/model.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { PlanError, UncheckedFact } from './plan-problem.ts';
import { syscallPrefix } from './syscall-name.ts';

/** What a list holds on this kernel. Throws a PlanError at the list's place when that is nothing, or cannot be told. */
export function expandList(list: List, facts: KernelFacts): readonly string[] {
  const values = namesOf(list, facts);
  if (values.length > 0) return values;
  const why = list.pattern === undefined ? '' : `: no function that can be traced matches "${list.pattern}"`;
  throw new PlanError(list.at, `Cannot use list "${list.name}": it expands to nothing${why}`);
}

function namesOf(list: List, facts: KernelFacts): readonly string[] {
  switch (list.type) {
    case 'generated_syscalls':
      return ownSyscalls(facts);
    case 'generated_ftrace':
      return tracedFunctions(list, facts);
    default:
      return list.values;
  }
}

/** The system calls that this kernel was built with: those of which its types have the function. */
function ownSyscalls(facts: KernelFacts): string[] {
  const [own] = facts.syscallAbis;
  if (own === undefined) return [];
  const prefix = syscallPrefix(facts);
  const built = new Set(facts.functionNames(prefix));
  return facts.syscallNames(own).filter((name) => built.has(`${prefix}${name}`));
}

function tracedFunctions(list: List, facts: KernelFacts): string[] {
  const pattern = new RegExp(list.pattern ?? '', 'u');
  try {
    return facts.traceableFunctions().filter((name) => pattern.test(name));
  } catch (error) {
    if (error instanceof UncheckedFact) throw error;
    throw new PlanError(
      list.at,
      `Cannot expand list "${list.name}": ${error instanceof Error ? error.message : String(error)}`,
      'Name the functions in a list without a type.',
    );
  }
}
