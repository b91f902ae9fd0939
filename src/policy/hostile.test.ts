// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from './format-problem.ts';
import { check, hookOf, withSpec } from './testing.ts';

/** Checks a policy and formats every problem. One that takes for ever is ended by the tests' watchdog. */
function checked(text: string): ReturnType<typeof check> {
  const result = check(text);
  for (const problem of result.problems) formatProblem(problem);
  return result;
}

test('10,000 values in one list, 200 selectors on one hook', () => {
  const values = Array.from({ length: 10_000 }, (_, n) => `        - "/path/${n}"`).join('\n');
  const hook = hookOf(`kprobes:
- call: security_file_open
  syscall: false
  args: [{index: 0, type: file}]
  selectors:
  - matchArgs:
    - index: 0
      operator: Equal
      values:
${values}`);
  const operand = hook.selectors[0]?.args[0]?.operand;
  assert(operand?.op === 'strings' && operand.values.length === 10_000);
  const selector = '{matchBinaries: [{operator: In, values: [/bin/sh]}]}, ';
  assert.equal(hookOf(`kprobes: [{call: f, selectors: [${selector.repeat(200)}]}]`).selectors.length, 200);
});

test('thousands of problems', () => {
  const { problems } = checked(withSpec(`kprobes:\n${'- {call: 5, x: 1}\n'.repeat(5000)}`));
  assert.equal(problems.length, 10_000);
  const values = Array.from({ length: 10_000 }, (_, n) => `"x${n}"`).join(', ');
  const filter = `kprobes: [{call: f, args: [{index: 0, type: int}], selectors: [{matchArgs: [{operator: Equal, values: [${values}]}]}]}]`;
  assert.equal(checked(withSpec(filter)).problems.length, 10_000);
});

test('names, texts and numbers of any length', () => {
  const long = 'x'.repeat(1 << 20);
  const digits = '9'.repeat(1 << 20);
  for (const spec of [
    `${long}: 1`,
    `kprobes: [{call: f, ${long}: 1}]`,
    `kprobes: [{call: ${long}, args: [{index: 0, type: ${long}}]}]`,
    `kprobes: [{call: f, args: [{index: ${digits}, type: int}]}]`,
    `kprobes: [{call: "list:${long}"}]`,
    `options: [{name: ${long}, value: ${long}}]`,
    `kprobes: [{call: f, args: [{index: 0, type: int}], selectors: [{macros: [${long}], matchArgs: [{operator: InRange, values: ["${digits}:${digits}"]}]}]}]`,
    `kprobes: [{call: f, args: [{index: 0, type: sock}], selectors: [{matchArgs: [{operator: SAddr, values: ["${long}", "${'1:'.repeat(1 << 16)}"]}]}]}]`,
    `kprobes: [{call: f, args: [{index: 0, type: int}], selectors: [{matchArgs: [{operator: CelExpr, values: ["${'('.repeat(4000)}"]}]}]}]`,
  ])
    assert(checked(withSpec(spec)).problems.length > 0, spec.slice(0, 60));
  assert(checked(`kind: ${long}\n`).problems.length > 0);
  assert(checked(withSpec('{}').replace('name: test', `name: ${'a.'.repeat(1 << 18)}a`)).problems.length > 0);
});

test('names that JavaScript knows are names like others', () => {
  const { problems } = check(
    withSpec('__proto__: {x: 1}\nconstructor: 1\ntoString: 2\nkprobes: [{call: f, hasOwnProperty: 1}]'),
  );
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['unknown-field', 'unknown-field', 'unknown-field', 'unknown-field'],
  );
  for (const spec of [
    'selectorsMacros: {__proto__: {matchPIDs: [{operator: In, values: [1]}]}, constructor: {}}\nkprobes: [{call: f, selectors: [{macros: [__proto__]}]}]',
    'podSelector: {matchLabels: {__proto__: a, constructor: b}}',
  ])
    assert.deepEqual(check(withSpec(spec)).problems, [], spec);
  assert.equal(check(withSpec('options: [{name: constructor, value: x}]')).problems.length, 1);
  assert.equal(check(withSpec('kprobes: [{call: f, selectors: [{macros: [toString]}]}]')).problems.length, 1);
});

test('aliases share parts of a policy, and cannot multiply it beyond measure', () => {
  const shared = withSpec(`kprobes:
- call: f
  args: &args [{index: 0, type: int}]
  selectors: &selectors [{matchArgs: [{operator: Equal, values: ["1"]}]}]
- call: g
  args: *args
  selectors: *selectors`);
  assert.equal(check(shared).policies[0]?.hooks.length, 2);
  const levels = Array.from(
    { length: 8 },
    (_, n) =>
      `x${n}: &x${n} [${Array<string>(10)
        .fill(n === 0 ? 'a' : `*x${n - 1}`)
        .join(', ')}]`,
  );
  assert.equal(checked(withSpec(levels.join('\n'))).problems.length, 1);
});

test('random changes of a sound policy are judged, never more', () => {
  const sound = withSpec(`selectorsMacros: {m: {matchBinaries: [{operator: In, values: ["/bin/sh"]}]}}
lists: [{name: l, type: syscalls, values: ["sys_read"]}]
kprobes:
- call: "list:l"
  args: [{index: 0, type: "int"}, {index: 1, type: file}]
  selectors:
  - macros: [m]
    matchArgs: [{index: 1, operator: "Prefix", values: ["/etc"]}, {args: [0], operator: InRange, values: ["1:2"]}]
    matchActions: [{action: Post, rateLimit: 5m}]`);
  assert.deepEqual(check(sound).problems, []);
  let state = 7;
  const random = (limit: number): number => (state = (state * 48_271) % 2_147_483_647) % limit;
  const pieces = [
    '',
    '[',
    ']',
    '{',
    '}',
    ': ',
    ', ',
    '- ',
    '"',
    '\n',
    '  ',
    '0',
    '-1',
    'x',
    '~',
    '*a',
    '&a ',
    'int',
    'Equal',
    '\0',
  ];
  for (let round = 0; round < 2000; round++) {
    const at = random(sound.length);
    const text = sound.slice(0, at) + (pieces[random(pieces.length)] ?? '') + sound.slice(at + random(4));
    const { policies, problems } = check(text);
    assert(policies.length === 0 || problems.length === 0, text);
    for (const problem of problems) {
      assert(
        problem.at.line >= 0 && problem.message.length > 0 && !problem.message.includes('undefined'),
        problem.message,
      );
      formatProblem(problem);
    }
  }
});
