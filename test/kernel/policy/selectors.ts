// SPDX-License-Identifier: Apache-2.0
/** Selectors of the process: its id, its capabilities; macros. */
import { type How, type PolicyCase, type Stage, callerCase } from './case.ts';

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
    callerCase(
      'SE-01 matchPIDs isNamespacePID in the initial namespace',
      ['SE-01'],
      'matchPIDs: [{ operator: In, values: [0], isNamespacePID: true }]',
      { otherRun: inNamespace },
    ),
    callerCase(
      'SE-01 matchPIDs isNamespacePID followForks',
      ['SE-01'],
      'matchPIDs: [{ operator: In, values: [2], isNamespacePID: true, followForks: true }]',
      { run: inNamespace, otherRun: inNamespace, before: ['fork ; fork ; ', ''] },
    ),
    callerCase(
      'SE-01 matchPIDs NotIn isNamespacePID followForks',
      ['SE-01'],
      'matchPIDs: [{ operator: NotIn, values: [0, 2], isNamespacePID: true, followForks: true }]',
      { run: inNamespace },
    ),
  ];
}

function capabilityCases(): PolicyCase[] {
  const CAP_SYS_TIME = 25;
  const drop = (...sets: string[]): string => sets.map((set) => `drop ${set} ${CAP_SYS_TIME} ; `).join('');
  const raise = `raise inheritable ${CAP_SYS_TIME} ; `;
  const has = (selector: string, type: string, operator: string, more = ''): string =>
    `${selector}: [{ type: ${type}, operator: ${operator}, values: [CAP_SYS_TIME]${more} }]`;
  const namespaced = ', isNamespaceCapability: true';
  const run: How = { through: ['unshare', '--user', '--map-root-user'] };
  const dropped = [drop('effective'), drop('effective')] as const;
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
      'SE-09 matchCapabilities isNamespaceCapability',
      ['SE-09'],
      has('matchCapabilities', 'Effective', 'In', namespaced),
      { run },
    ),
    callerCase(
      'SE-09 matchCapabilities NotIn isNamespaceCapability',
      ['SE-09'],
      has('matchCapabilities', 'Effective', 'NotIn', namespaced),
      { run, before: dropped },
    ),
    callerCase(
      'SE-10 matchCapabilityChanges isNamespaceCapability',
      ['SE-10'],
      has('matchCapabilityChanges', 'Effective', 'In', namespaced),
      { run, before: dropped },
    ),
    callerCase(
      'SE-10 matchCapabilityChanges NotIn',
      ['SE-10'],
      has('matchCapabilityChanges', 'Effective', 'NotIn'),
      { before: ['drop effective 13 ; ', ''] },
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
