// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '../../src/policy/model.ts';
import { checkPolicyText } from '../../src/policy/index.ts';

/** Where the benchmark's policies hook an open. */
export type HookKind = 'tracepoint' | 'kprobe';

/** The hook's arguments: a path or string, and the flags of the open. */
const HOOKS: Readonly<
  Record<HookKind, { readonly text: string; readonly path: number; readonly flags: number }>
> = {
  tracepoint: {
    text: `
  tracepoints:
  - subsystem: syscalls
    event: sys_enter_openat
    args:
    - {index: 6, type: string}
    - {index: 7, type: uint64}`,
    path: 6,
    flags: 7,
  },
  kprobe: {
    text: `
  kprobes:
  - call: security_file_open
    syscall: false
    args:
    - {index: 0, type: file}
    - {index: 0, type: uint32, resolve: f_flags}`,
    path: 0,
    flags: 1,
  },
};

/** A policy that the program `binary` meets in all but the path; `values` of each kind. */
function policyText(
  kind: HookKind,
  index: number,
  binary: string,
  operator: string,
  values: readonly string[],
): string {
  const { text } = HOOKS[kind];
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: bench-${index}
spec:${text}
    selectors:
    - matchBinaries:
      - {operator: In, values: [${binary}, /nonexistent/${index}]}
      matchArgs:
      - {args: [1], operator: Equal, values: ["0", "32768", "${1_000_000 + index}"]}
      - {args: [0], operator: ${operator}, values: ${JSON.stringify(values)}}
`;
}

/** `count` policies with a path each that nothing opens, a document each. */
export function policyTexts(kind: HookKind, count: number, binary: string): string[] {
  return Array.from({ length: count }, (_, index) =>
    policyText(kind, index, binary, 'Prefix', [`/nonexistent/${index}/`]),
  );
}

export function policySet(kind: HookKind, count: number, binary: string): Policy[] {
  return parse(policyTexts(kind, count, binary).join('---\n'));
}

/** One policy with many values. */
export function policyOfValues(kind: HookKind, operator: string, count: number, binary: string): Policy[] {
  const values = Array.from({ length: count }, (_, index) => `/nonexistent/value/${index}`);
  return parse(policyText(kind, 0, binary, operator, values));
}

function parse(text: string): Policy[] {
  return checkPolicyText('bench.yaml', text, ({ at, message }) => {
    throw new Error(`bench.yaml:${at.line}:${at.column}: ${message}`);
  });
}
