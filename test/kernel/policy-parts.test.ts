// SPDX-License-Identifier: Apache-2.0
// Policies on one hook that need more kinds of conditions than one program has: programs that run one after the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runWithPolicy } from './support/policy-run.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { runProgram } from './support/subject.ts';

/** Each makes conditions of its own: a value of another type is another value. */
const TYPES = ['int', 'uint32', 'int16', 'uint16', 'int8', 'uint8'];
const PATH = '/merlon-parts/file';

/** Five conditions, of which only the one on the path is shared with the other policies. */
function document(type: string, mode: number): string {
  return `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: ${type}-${mode}
spec:
  kprobes:
  - call: sys_faccessat
    syscall: true
    args:
    - {index: 1, type: string}
    - {index: 2, type: ${type}}
    selectors:
    - matchArgs:
      - {args: [0], operator: Equal, values: ["${PATH}"]}
      - {args: [1], operator: LessThan, values: ["100"]}
      - {args: [1], operator: NotEqual, values: ["99"]}
      - {args: [1], operator: Mask, values: ["${mode}"]}
`;
}

test('every policy of every program sees each hit once', { skip: requires('root', 'btf') }, async () => {
  const policies = TYPES.flatMap((type) => [document(type, 1), document(type, 64)]);
  // Modes 0 to 3, once each: those with bit 0 match half of the policies.
  const events = await runWithPolicy(policies.join('---\n'), () =>
    runProgram(program('repeat-access'), ['1', '1', '4', '0', PATH]),
  );
  const counts = Map.groupBy(events, ({ policy_name }) => policy_name);
  for (const type of TYPES) {
    assert.equal(counts.get(`${type}-1`)?.length, 2, type);
    assert.equal(counts.get(`${type}-64`), undefined, type);
  }
});
