// SPDX-License-Identifier: Apache-2.0
// Policies on one LSM hook that need several programs, run one after the other: whichever of them denies, the operation is
// denied, and each program's events still come.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CallReport } from './policy/case.ts';
import { OpenStage } from './policy/stage.ts';
import { runWithPolicy } from './support/policy-run.ts';
import { requires } from './support/requirements.ts';

/** Each makes conditions of its own: a value of another type is another value. */
const TYPES = ['int', 'uint32', 'int16', 'uint16', 'int8', 'uint8'];
const MAY_READ = 4;

/** Denies reading its file, with an error of its own. */
function document(path: string, call: string, type: string, index: number): string {
  return `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: part-${index}}
spec:
  lsmhooks:
  - hook: file_permission
    args:
    - {index: 0, type: file}
    - {index: 1, type: ${type}}
    selectors:
    - matchBinaries: [{operator: In, values: ["${call}"]}]
      matchArgs:
      - {args: [0], operator: Equal, values: ["${path}"]}
      - {args: [1], operator: LessThan, values: ["100"]}
      - {args: [1], operator: NotEqual, values: ["99"]}
      - {args: [1], operator: Mask, values: ["${MAY_READ}"]}
      matchActions: [{action: Override, argError: ${-1 - index}}]
`;
}

test('a denial by any of several programs', { skip: requires('root', 'btf', 'bpfLsm') }, async () => {
  const stage = await OpenStage.open();
  try {
    const paths = TYPES.map((type) => `${stage.directory}/of-${type}`);
    for (const path of paths) writeFileSync(path, 'secret');
    const reports: CallReport[] = [];
    const policies = TYPES.map((type, index) => document(paths[index] ?? '', stage.call, type, index));
    const events = await runWithPolicy(policies.join('---\n'), async () => {
      for (const path of [...paths, `${stage.directory}/other`])
        reports.push(await stage.run(`openat -100 =${path} 0 ; read $0 size:16 16`));
    });
    assert.deepEqual(
      reports.map(({ results }) => results[1]),
      [...TYPES.keys()].map((index) => -1 - index).concat(0),
    );
    assert.deepEqual(
      events.map(({ policy_name: name, process, merlon }) => [
        name,
        process.pid,
        merlon.verdict,
        merlon.error,
      ]),
      reports.slice(0, -1).map(({ pid }, index) => [`part-${index}`, pid, 'denied', -1 - index]),
    );
  } finally {
    await stage.close();
  }
});
