// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HookLimit } from '../events/gen/layouts.ts';
import type { Policy } from '../policy/model.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { planInstances } from './plan-instances.ts';
import { planPolicy } from './plan-policies.ts';
import { PlanError } from './plan-problem.ts';
import { argument, condition, kernelFacts, policy, rawHook, selector } from './testing.ts';

const FILES = new Map([
  ['/a', { device: 8, inode: 11n }],
  ['/b', { device: 8, inode: 12n }],
]);
const FACTS = kernelFacts({ fileIdentity: (path) => FILES.get(path) });

function guarding(
  values: readonly string[],
  match: 'exact' | 'prefix' = 'exact',
  extensions = new Map([['match-inode', 'true']]),
): Policy {
  const operand = { op: 'strings', match, values, ignoreCase: false } as const;
  return policy('p', [rawHook([argument(0, 'file')], [selector({ args: [condition(0, operand)] })])], {
    extensions,
  });
}

/** Keys of files in the table of the one dimension, as [inode, device], and its flag. */
function fileKeys(subject: Policy, facts: KernelFacts = FACTS): [flag: boolean, keys: [bigint, bigint][]] {
  const hooks = [...planPolicy(subject, facts).values()].flat();
  const [dimension] = planInstances(hooks, [1n, 2n])[0]?.dimensions ?? [];
  assert.ok(dimension !== undefined);
  const { keys, keyBytes, entries } = dimension.table;
  const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
  const found: [bigint, bigint][] = [];
  for (let at = 0; at < entries * keyBytes; at += keyBytes)
    if (view.getUint32(at + 16, true) === HookLimit.HOOK_FILE_KEY)
      found.push([view.getBigUint64(at, true), view.getBigUint64(at + 8, true)]);
  return [dimension.flag, found];
}

test('files stand in the table beside their paths; one that is not there only by its path', () => {
  assert.deepEqual(fileKeys(guarding(['/a', '/b', '/absent'])), [
    true,
    [
      [11n, 8n],
      [12n, 8n],
    ],
  ]);
  assert.deepEqual(fileKeys(guarding(['/absent'])), [false, []]);
});

test('without the annotation no file is looked for', () => {
  const facts = kernelFacts({ fileIdentity: () => assert.fail() });
  assert.deepEqual(fileKeys(guarding(['/a'], 'exact', new Map()), facts), [false, []]);
});

test('a policy that compares no whole path has no use for it', () => {
  assert.throws(() => planPolicy(guarding(['/a'], 'prefix'), FACTS), PlanError);
});

test('a file that cannot be looked at is told at its place', () => {
  const facts = kernelFacts({
    fileIdentity: () => {
      throw new Error('EACCES');
    },
  });
  assert.throws(() => planPolicy(guarding(['/a']), facts), {
    name: 'PlanError',
    message: 'Cannot tell the inode of "/a": EACCES',
  });
});
