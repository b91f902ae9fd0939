// SPDX-License-Identifier: Apache-2.0
/** Selectors that look at the process. */
import { NAMESPACE_KINDS } from '../../../src/policy/model.ts';
import { type PolicyCase, type CallCase, type Run, type Stage, callCase } from './case.ts';

type How = Omit<Exclude<Run, string>, 'steps'>;

/** A case that tells its runs apart by who calls, or by what the caller did before. */
function callerCase(
  name: string,
  rows: string[],
  selector: string,
  more: Pick<CallCase, 'before' | 'hook' | 'spec' | 'expect'> & { run?: How; otherRun?: How } = {},
): PolicyCase {
  return callCase({ name, rows, selector, matching: '1', differing: '1', ...more });
}

function binaryCases({ directory, call, otherCall }: Stage): PolicyCase[] {
  const other = { program: otherCall };
  const from = (program: string): How => ({ program });
  const binaries = (operator: string, value: string, more = ''): string =>
    `matchBinaries: [{ operator: ${operator}, values: ["${value}"]${more} }]`;
  const inChild = `fork ; exec ${call} ; `;
  const name = otherCall.slice(otherCall.lastIndexOf('/'));
  return [
    callerCase('SE-05 matchBinaries In', ['SE-05'], binaries('In', otherCall), { run: other }),
    callerCase('SE-05 matchBinaries NotIn', ['SE-05'], binaries('NotIn', otherCall), { otherRun: other }),
    callerCase('SE-05 matchBinaries Prefix', ['SE-05'], binaries('Prefix', `${directory}/o`), { run: other }),
    callerCase('SE-05 matchBinaries NotPrefix', ['SE-05'], binaries('NotPrefix', `${directory}/o`), {
      otherRun: other,
    }),
    callerCase('SE-05 matchBinaries Postfix', ['SE-05'], binaries('Postfix', name), { run: other }),
    callerCase('SE-05 matchBinaries NotPostfix', ['SE-05'], binaries('NotPostfix', name), {
      otherRun: other,
    }),
    callerCase(
      'SE-05 matchBinaries In followChildren',
      ['SE-05'],
      binaries('In', otherCall, ', followChildren: true'),
      { run: other, before: [inChild, inChild] },
    ),
    callerCase(
      'SE-05 matchBinaries NotIn followChildren',
      ['SE-05'],
      binaries('NotIn', otherCall, ', followChildren: true'),
      { otherRun: other, before: [inChild, inChild] },
    ),
    ...(['In', 'Prefix', 'Postfix'] as const).map((operator) =>
      callerCase(
        `SE-06 matchParentBinaries ${operator}`,
        ['SE-06'],
        `matchParentBinaries: [{ operator: ${operator}, values: ["${operator === 'Postfix' ? name : otherCall}"] }]`,
        { run: from(otherCall), before: [inChild, inChild] },
      ),
    ),
    callerCase(
      'SE-06 matchParentBinaries NotIn',
      ['SE-06'],
      `matchParentBinaries: [{ operator: NotIn, values: ["${otherCall}"] }]`,
      { otherRun: other, before: [inChild, inChild] },
    ),
  ];
}

function pidCases({ waiting }: Stage): PolicyCase[] {
  const [first, second, third] = waiting;
  const inNamespace: How = { through: ['unshare', '--pid', '--fork'] };
  return [
    callerCase('SE-01 matchPIDs In', ['SE-01'], `matchPIDs: [{ operator: In, values: [${first}, 1] }]`, {
      run: { waiting: 0 },
    }),
    callerCase('SE-01 matchPIDs NotIn', ['SE-01'], `matchPIDs: [{ operator: NotIn, values: [${second}] }]`, {
      otherRun: { waiting: 1 },
    }),
    callerCase(
      'SE-01 matchPIDs followForks',
      ['SE-01'],
      `matchPIDs: [{ operator: In, values: [${third}], followForks: true }]`,
      { run: { waiting: 2 }, before: ['fork ; ', 'fork ; '] },
    ),
    callerCase(
      'SE-01 matchPIDs isNamespacePID',
      ['SE-01'],
      'matchPIDs: [{ operator: In, values: [1], isNamespacePID: true }]',
      { run: inNamespace },
    ),
  ];
}

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

function namespaceCases(stage: Stage): PolicyCase[] {
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
    {
      ...callerCase(
        'SE-07 matchNamespaces host_ns',
        ['SE-07'],
        'matchNamespaces: [{ namespace: Net, operator: In, values: [host_ns] }]',
        { otherRun: { through: ['unshare', '--net'] } },
      ),
      needs: ['hostNamespaces'],
    },
    callerCase('SE-08 matchNamespaceChanges In', ['SE-08'], changes('In'), { before: [NEW_UTS, NEW_IPC] }),
    callerCase('SE-08 matchNamespaceChanges NotIn', ['SE-08'], changes('NotIn'), {
      before: [NEW_IPC, NEW_UTS],
    }),
  ];
}

function capabilityCases(): PolicyCase[] {
  const CAP_SYS_TIME = 25;
  const drop = (...sets: string[]): string => sets.map((set) => `drop ${set} ${CAP_SYS_TIME} ; `).join('');
  const raise = `raise inheritable ${CAP_SYS_TIME} ; `;
  const has = (selector: string, type: string, operator: string): string =>
    `${selector}: [{ type: ${type}, operator: ${operator}, values: [CAP_SYS_TIME] }]`;
  return [
    callerCase('SE-09 matchCapabilities Effective', ['SE-09'], has('matchCapabilities', 'Effective', 'In'), {
      before: ['', drop('effective')],
    }),
    callerCase('SE-09 matchCapabilities NotIn', ['SE-09'], has('matchCapabilities', 'Effective', 'NotIn'), {
      before: [drop('effective'), ''],
    }),
    callerCase('SE-09 matchCapabilities Permitted', ['SE-09'], has('matchCapabilities', 'Permitted', 'In'), {
      before: [drop('effective'), drop('effective', 'permitted')],
    }),
    callerCase(
      'SE-09 matchCapabilities Inheritable',
      ['SE-09'],
      has('matchCapabilities', 'Inheritable', 'In'),
      { before: [raise, ''] },
    ),
    callerCase(
      'SE-10 matchCapabilityChanges Effective',
      ['SE-10'],
      has('matchCapabilityChanges', 'Effective', 'In'),
      { before: [drop('effective'), raise] },
    ),
    callerCase(
      'SE-10 matchCapabilityChanges Permitted',
      ['SE-10'],
      has('matchCapabilityChanges', 'Permitted', 'In'),
      { before: [drop('effective', 'permitted'), drop('effective')] },
    ),
    callerCase(
      'SE-10 matchCapabilityChanges Inheritable',
      ['SE-10'],
      has('matchCapabilityChanges', 'Inheritable', 'In'),
      { before: [raise, drop('effective')] },
    ),
  ];
}

export function selectorCases(stage: Stage): PolicyCase[] {
  return [
    ...pidCases(stage),
    ...binaryCases(stage),
    ...namespaceCases(stage),
    ...capabilityCases(),
    callerCase('SE-12 macros', ['SE-12', 'HK-11'], 'macros: [by-other]', {
      spec: [
        'selectorsMacros:',
        '  by-other:',
        `    matchBinaries: [{ operator: In, values: ["${stage.otherCall}"] }]`,
      ].join('\n'),
      run: { program: stage.otherCall },
    }),
  ];
}
