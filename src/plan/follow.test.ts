// SPDX-License-Identifier: Apache-2.0
// What processes inherit: the numbers of conditions, and which of them a lineage has met.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DimensionInput, FollowedPid } from '../events/gen/layouts.ts';
import { FollowedConditions, type Lineage, type Relative } from './follow.ts';
import { AT } from './testing.ts';

const relative = (tgid: number, namespacePid: number, binary?: string): Relative => ({
  ...{ tgid, namespacePid, binary },
});
const pids = (values: number[], isNamespacePid: boolean) => ({
  ...{ negated: false, values, isNamespacePid, followForks: true, at: AT },
});

describe('followed conditions', () => {
  const conditions = new FollowedConditions();
  const host = conditions.numberOfPids(pids([7], false));
  const inNamespace = conditions.numberOfPids(pids([0, 7], true));
  const binary = { negated: false, match: 'exact', values: ['/a'], followChildren: true, at: AT } as const;
  const ofBinary = conditions.numberOfBinary(binary, {
    at: { input: DimensionInput.INPUT_BINARY, entry: 0, other: 0 },
    negated: false,
    accepted: { class: 'strings', values: [Buffer.from('/a')] },
  });
  const all = new Set([host, inNamespace, ofBinary]);
  const met = (lineage: Lineage): { met: number[]; above: number[] } => {
    const found = conditions.metBy(lineage, all);
    const of = (mask: typeof found.met): number[] => [...all].filter((number) => mask.has(number));
    return { met: of(found.met), above: of(found.above) };
  };

  test('the same condition has one number', () => {
    assert.equal(conditions.numberOfPids(pids([7], false)), host);
    assert.equal(conditions.numberOfPids(pids([7], true)), inNamespace);
    assert.equal(all.size, 3);
  });

  test('a process meets them itself, its descendants through it', () => {
    assert.deepEqual(met([relative(7, 0, '/a')]), { met: [host, ofBinary], above: [] });
    assert.deepEqual(met([relative(8, 0, '/b'), relative(7, 0, '/a')]), {
      met: [host, ofBinary],
      above: [host, ofBinary],
    });
  });

  test('a pid in a namespace is not that of the initial one', () => {
    assert.deepEqual(met([relative(900, 7)]), { met: [inNamespace], above: [] });
    assert.deepEqual(met([relative(900, 8), relative(1, 0)]), { met: [], above: [] });
  });

  test('the kernel’s table has a row for each pid', () => {
    const { entries, keys } = conditions.pidTable();
    assert.equal(entries, 2);
    const view = new DataView(keys.buffer, keys.byteOffset);
    assert.deepEqual(
      [view.getUint32(FollowedPid.pid, true), view.getUint32(FollowedPid.inNamespace, true)],
      [7, 0],
    );
    assert.equal(view.getUint32(FollowedPid.sizeof + FollowedPid.inNamespace, true), 1);
  });
});
