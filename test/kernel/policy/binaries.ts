// SPDX-License-Identifier: Apache-2.0
/** Selectors of the process's binary and its parent's. */
import { type How, type PolicyCase, type Stage, callerCase } from './case.ts';

export function binaryCases({ directory, call, otherCall }: Stage): PolicyCase[] {
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
    callerCase(
      'SE-06 matchParentBinaries In followChildren',
      ['SE-06'],
      `matchParentBinaries: [{ operator: In, values: ["${otherCall}"], followChildren: true }]`,
      { run: other, otherRun: other, before: [`${inChild}fork ; `, `exec ${call} ; `] },
    ),
    callerCase(
      'SE-06 matchParentBinaries NotIn followChildren',
      ['SE-06'],
      `matchParentBinaries: [{ operator: NotIn, values: ["${otherCall}"], followChildren: true }]`,
      { run: other, otherRun: other, before: ['', `${inChild}fork ; `] },
    ),
  ];
}
