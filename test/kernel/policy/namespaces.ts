// SPDX-License-Identifier: Apache-2.0
/** Selectors of namespaces. */
import { NAMESPACE_KINDS } from '../../../src/policy/model.ts';
import { type PolicyCase, type Stage, callerCase } from './case.ts';

/** unshare(1)'s option for each kind of namespace. */
const UNSHARE: Readonly<Record<(typeof NAMESPACE_KINDS)[number], readonly string[]>> = {
  Uts: ['--uts'],
  Ipc: ['--ipc'],
  Mnt: ['--mount'],
  Pid: ['--pid', '--fork'],
  PidForChildren: ['--pid', '--fork'],
  Net: ['--net'],
  Time: ['--time', '--fork'],
  TimeForChildren: ['--time', '--fork'],
  Cgroup: ['--cgroup'],
  User: ['--user', '--map-root-user'],
};

/** CLONE_NEWUTS, CLONE_NEWIPC */
const NEW_UTS = 'unshare 0x04000000 ; ';
const NEW_IPC = 'unshare 0x08000000 ; ';

export function namespaceCases(stage: Stage): PolicyCase[] {
  const changes = (operator: string): string =>
    `matchNamespaceChanges: [{ operator: ${operator}, values: [Uts, Net] }]`;
  return [
    ...NAMESPACE_KINDS.map((kind) =>
      callerCase(
        `SE-07 matchNamespaces ${kind}`,
        ['SE-07'],
        `matchNamespaces: [{ namespace: ${kind}, operator: NotIn, values: ["${stage.namespace(kind)}"] }]`,
        { run: { through: ['unshare', ...UNSHARE[kind]] } },
      ),
    ),
    callerCase(
      'SE-07 matchNamespaces In',
      ['SE-07'],
      `matchNamespaces: [{ namespace: Uts, operator: In, values: ["1", "${stage.namespace('Uts')}"] }]`,
      { otherRun: { through: ['unshare', '--uts'] } },
    ),
    ...(['Net', 'Mnt', 'User'] as const).map((kind) =>
      callerCase(
        `SE-07 matchNamespaces host_ns of ${kind}`,
        ['SE-07'],
        `matchNamespaces: [{ namespace: ${kind}, operator: In, values: [host_ns] }]`,
        { otherRun: { through: ['unshare', ...UNSHARE[kind]] } },
      ),
    ),
    callerCase('SE-08 matchNamespaceChanges In', ['SE-08'], changes('In'), { before: [NEW_UTS, NEW_IPC] }),
    callerCase('SE-08 matchNamespaceChanges NotIn', ['SE-08'], changes('NotIn'), {
      before: [NEW_IPC, NEW_UTS],
    }),
    callerCase('SE-08 matchNamespaceChanges NotIn, without a change', ['SE-08'], changes('NotIn'), {
      before: [NEW_IPC + NEW_UTS, ''],
    }),
  ];
}
