// SPDX-License-Identifier: Apache-2.0
/** Tables of the reference that are made from those of the code. */
import { HookLimit } from '../../src/events/gen/layouts.ts';
import { typeFacts } from '../../src/plan/value-plan.ts';
import { ACTION_RULES, type ActionKind } from '../../src/policy/action-rules.ts';
import { foldType, valueClass } from '../../src/policy/argument-types.ts';
import { OPERATORS, operatorsFor, takes } from '../../src/policy/operators.ts';
import { OPTIONS } from '../../src/policy/read-options.ts';
import type { ArgumentType } from '../../src/policy/model.ts';
import { ARGUMENT_TYPES } from '../../src/policy/model.ts';
import { mechanismRows } from './mechanisms.ts';
import { code, codes, table } from './markdown.ts';

const EVENTS: readonly (readonly [kind: string, event: string, name: string])[] = [
  ['kprobes', 'process_kprobe', 'a function of the kernel, a system call'],
  ['fentries', 'process_kprobe', 'the same'],
  ['tracepoints', 'process_tracepoint', 'a tracepoint'],
  ['lsmhooks', 'process_lsm', 'a security hook'],
  ['uprobes', 'process_uprobe', 'a function of a program'],
  ['usdts', 'process_usdt', 'a probe of a program'],
  ['loader', 'process_loader', 'a file that is mapped to be executed'],
];

export function hookTable(): string {
  return table(
    ['hook', 'what it watches', 'event'],
    EVENTS.map(([kind, event, what]) => [code(kind), what, code(event)]),
  );
}

export function mechanismTable(): string {
  const { heads, rows } = mechanismRows();
  return (
    'The agent attaches a hook in the cheapest way that the kernel has; `merlon doctor` says what this one has. Uprobes, USDT ' +
    `probes and the loader are served by every kernel from 6.1.\n\n${table(heads, rows)}`
  );
}

export function optionsTable(): string {
  return table(
    ['option', 'value'],
    Object.entries(OPTIONS).map(([name, expected]) => [code(name), expected]),
  );
}

/** Types that take the same operators share a row. */
export function typesTable(): string {
  const spellings = Map.groupBy(ALL_SPELLINGS, foldType);
  const byOperators = Map.groupBy(ARGUMENT_TYPES, operatorsOf);
  return table(
    ['types', 'operators'],
    [...byOperators].map(([operators, types]) => [
      codes(types.flatMap((type) => [type, ...(spellings.get(type) ?? [])])),
      operators,
    ]),
  );
}

const ALL_SPELLINGS = ['sint8', 'sint16', 'sint32', 'int32', 'sint64', 'int64', 'ulong', 'size_t'];

function operatorsOf(type: ArgumentType): string {
  if (type === 'auto') return 'those of the type that the kernel declares';
  if (type !== 'nop' && typeFacts(type) === undefined) return 'not read by this version';
  const names = operatorsFor(valueClass(type));
  return names.length === 0 ? '–' : codes(names);
}

export function operatorsTable(): string {
  const types = ARGUMENT_TYPES.filter((type) => type !== 'auto');
  return table(
    ['operator', 'types'],
    Object.entries(OPERATORS).map(([name, operator]) => [
      code(name),
      operator.comparison === 'cel'
        ? 'numbers of 32 and 64 bits'
        : codes(types.filter((type) => takes(valueClass(type), operator))),
    ]),
  );
}

export function actionsTable(): string {
  return table(
    ['action', 'required', 'optional', 'hooks'],
    (Object.keys(ACTION_RULES) as ActionKind[]).map((kind) => {
      const { required, optional, hooks } = ACTION_RULES[kind];
      return [code(kind), codes(required), codes(optional), hooks === undefined ? 'all' : codes(hooks)];
    }),
  );
}

/** What a policy and a hook can hold. */
export function limitsTable(): string {
  const { HOOK_VALUES_MAX, HOOK_DIMENSIONS_MAX, HOOK_WORDS_MAX, HOOK_GROUPS_MAX } = HookLimit;
  const rules = HOOK_WORDS_MAX * 64;
  return table(
    ['what', 'limit'],
    [
      ['selectors of a hook, values of a condition', 'none of their own'],
      [
        'one program of a hook',
        `${rules} selectors of all policies together, ${HOOK_VALUES_MAX} different values, ${HOOK_DIMENSIONS_MAX} different ` +
          'things that are compared; what is beyond becomes the next program',
      ],
      ['programs of a hook', String(HOOK_GROUPS_MAX)],
      ['pointers and members of a `resolve` path', String(HookLimit.HOOK_STEPS_MAX)],
      [
        'a text or a path',
        `${HookLimit.HOOK_STRING_MAX - 1} bytes; what is cut is named in \`merlon.truncated\``,
      ],
      ['all values of an event', `${HookLimit.HOOK_DATA_MAX} bytes`],
      ['arguments', '0 to 5 of a function or system call, 0 to 11 of a raw tracepoint or USDT probe'],
      ['a file', '16 MiB'],
    ],
  );
}
