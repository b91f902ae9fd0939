// SPDX-License-Identifier: Apache-2.0
import type { Feature, Section } from './feature.ts';
import { operatorsTable } from './tables.ts';

function operators(names: string[], text: string, examples: string[], tetragon?: string): Feature {
  return {
    title: names.join(', '),
    covers: names.map((name) => `values.operator=${name}`),
    text,
    examples,
    ...(tetragon !== undefined && { tetragon }),
  };
}

/** How values are compared. */
export const OPERATORS_SECTION: Section = {
  title: 'Operators',
  intro:
    'What `matchArgs`, `matchData` and `matchReturnArgs` compare. One of the `values` is enough; of a negated operator, none may ' +
    'hold. Values are texts in YAML: quote numbers.',
  parts: [],
  tables: [operatorsTable],
  features: [
    operators(
      ['Equal', 'NotEqual'],
      'Numbers (decimal, `0x`, `0o` or with a leading 0 octal), texts, paths, names of capabilities.',
      ['operator-equal'],
      'takes four numbers.',
    ),
    operators(['GreaterThan', 'GT', 'LessThan', 'LT'], 'One number, in the order of the value’s type.', [
      'operator-order',
    ]),
    operators(['Mask'], 'Numbers and sets of capabilities: one of the bits is set.', ['operator-mask']),
    operators(
      ['InRange', 'NotInRange'],
      '`MIN:MAX`, both included.',
      ['operator-range'],
      'takes four ranges.',
    ),
    operators(['InMap', 'NotInMap'], 'Numbers, ranges and `list:NAME`; ten thousand of them cost as one.', [
      'operator-map',
      'list-in-filter',
    ]),
    operators(
      ['Prefix', 'NotPrefix'],
      'The beginning of a text.',
      ['operator-prefix'],
      'takes 256 characters.',
    ),
    operators(['Postfix', 'NotPostfix'], 'The end of a text.', ['operator-postfix'], 'takes 127 characters.'),
    operators(['SubString'], 'A part of a text.', ['operator-substring']),
    operators(
      ['SubStringIgnCase', 'SubStringIgnoreCase'],
      'A part of a text, whatever the case of its ASCII letters.',
      ['operator-substring-case'],
      'documents `SubStringIgnoreCase` and refuses it.',
    ),
    operators(
      ['SAddr', 'NotSAddr', 'SPort', 'NotSPort'],
      'Addresses or networks (`10.0.0.0/8`, `fd00::/8`) and ports or ranges of them (`8000:8999`) of the local end, or of a ' +
        '`sockaddr`.',
      ['operator-source'],
    ),
    operators(['DAddr', 'NotDAddr', 'DPort', 'NotDPort'], 'The same of the remote end.', [
      'operator-destination',
    ]),
    operators(
      ['SPortPriv', 'NotSPortPriv', 'NotSportPriv'],
      'A local port below 1024; they take no values.',
      ['operator-source-privileged', 'operator-source-unprivileged'],
      'documents `NotSPortPriv` and takes only `NotSportPriv`.',
    ),
    operators(['DPortPriv', 'NotDPortPriv'], 'A remote port below 1024; they take no values.', [
      'operator-destination-privileged',
      'operator-destination-unprivileged',
    ]),
    operators(['Protocol'], '`IPPROTO_…`, numbers and ranges of them.', ['operator-protocol']),
    operators(['Family'], '`AF_…`, numbers and ranges of them.', ['operator-family']),
    operators(['State'], '`TCP_…`, numbers and ranges of them.', ['operator-state']),
    operators(
      ['CapabilitiesGained'],
      'The second of the two entries in `args` has a capability that the first has not.',
      ['operator-capabilities-gained'],
    ),
    operators(
      ['FileType', 'NotFileType'],
      '`reg`, `dir`, `lnk`, `chr`, `blk`, `fifo`, `sock`, and their long names.',
      ['operator-file-type'],
    ),
    operators(
      ['CelExpr'],
      'A condition over several arguments, `arg0` being the first in `args`: `+`, `-`, comparisons, `&&`, `||`, `!`, `int32()`, ' +
        '`uint32()`, `and()`, `or()`, `xor()`, `not()`.',
      ['operator-cel'],
    ),
  ],
};
