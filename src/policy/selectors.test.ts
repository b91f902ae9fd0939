// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCelExpression } from './cel-expression.ts';
import { check, hookOf, policyOf, problemsOf, selectorOf, withSpec } from './testing.ts';

const kprobe = (selector: string): string => `kprobes:
- call: f
  syscall: false
  args: [{index: 1, type: file}, {index: 0, type: int}]
  data: [{index: 7, type: int, source: current_task, resolve: pid}]
  selectors: [${selector}]`;

test('every condition on the process', () => {
  const selector = selectorOf(
    kprobe(`{label: l, matchPIDs: [{operator: NotIn, values: [0, 1], isNamespacePID: true, followForks: true}],
    matchBinaries: [{operator: NotIn, values: [/bin/a, "memfd:x"], followChildren: true}],
    matchParentBinaries: [{operator: NotPostfix, values: [sh]}],
    matchNamespaces: [{namespace: Pid, operator: In, values: [host_ns, "4026531836"]}],
    matchNamespaceChanges: [{operator: In, values: [mnt, PidForChildren]}],
    matchCapabilities: [{operator: In, values: [CAP_CHOWN, cap_kill]}],
    matchCapabilityChanges: [{type: Permitted, operator: NotIn, isNamespaceCapability: true, values: [CAP_BPF]}]}`),
  );
  const without = (items: readonly { at: unknown }[]): unknown[] => items.map(({ at: _, ...rest }) => rest);
  assert.equal(selector.label, 'l');
  assert.deepEqual(without(selector.pids), [
    { negated: true, values: [0, 1], isNamespacePid: true, followForks: true },
  ]);
  assert.deepEqual(without(selector.binaries), [
    { negated: true, match: 'exact', values: ['/bin/a', 'memfd:x'], followChildren: true },
  ]);
  assert.deepEqual(without(selector.parentBinaries), [
    { negated: true, match: 'postfix', values: ['sh'], followChildren: false },
  ]);
  assert.deepEqual(without(selector.namespaces), [
    { namespace: 'Pid', negated: false, values: ['host_ns', 4026531836] },
  ]);
  assert.deepEqual(without(selector.namespaceChanges), [
    { negated: false, values: ['Mnt', 'PidForChildren'] },
  ]);
  assert.deepEqual(without(selector.capabilities), [
    { set: 'Effective', negated: false, isNamespaceCapability: false, mask: 33n },
  ]);
  assert.deepEqual(without(selector.capabilityChanges), [
    { set: 'Permitted', negated: true, isNamespaceCapability: true, mask: 1n << 39n },
  ]);
});

test('a filter names an argument by its position in the function, or by its place in the file', () => {
  const entry = (filter: string): number | undefined =>
    selectorOf(kprobe(`{matchArgs: [{${filter}}]}`)).args[0]?.entry;
  assert.equal(entry('index: 1, operator: Equal, values: [/a]'), 0);
  assert.equal(entry('index: 0, operator: Equal, values: ["1"]'), 1);
  assert.equal(entry('operator: Equal, values: ["1"]'), 1);
  assert.equal(entry('args: [0], operator: Equal, values: [/a]'), 0);
  assert.equal(entry('args: [0], index: 1, operator: Equal, values: [/a]'), 0);
  const { data } = selectorOf(kprobe('{matchData: [{index: 0, operator: Equal, values: ["1"]}]}'));
  assert.equal(data[0]?.entry, 0);
  for (const [filter, problem] of [
    ['matchArgs: [{index: 2, operator: Equal, values: ["1"]}]', 'reference'],
    ['matchArgs: [{args: [2], operator: Equal, values: ["1"]}]', 'reference'],
    ['matchArgs: [{args: [0, 1], operator: Equal, values: ["1"]}]', 'operator'],
    ['matchArgs: [{args: [0], index: 0, operator: Equal, values: ["1"]}]', 'conflict'],
    ['matchData: [{index: 7, operator: Equal, values: ["1"]}]', 'reference'],
    ['matchReturnArgs: [{index: 0, operator: Equal, values: ["1"]}]', 'conflict'],
    ['matchReturnActions: [{action: Post}]', 'conflict'],
    ['matchData: [{index: 0, operator: CelExpr, values: ["true"]}]', 'cel'],
    ['matchArgs: [{index: 1, operator: CelExpr, values: ["true"]}]', 'cel'],
    ['matchArgs: [{operator: CelExpr, values: ["true", "false"]}]', 'cel'],
    ['matchArgs: [{operator: CelExpr}]', 'cel'],
  ] as const)
    assert.deepEqual(
      problemsOf(kprobe(`{${filter}}`)).map((text) => text.split(' ')[1]),
      [problem],
      filter,
    );
});

test('a tracepoint takes an index that is no field for a place in the file, as Tetragon does', () => {
  const selector = selectorOf(
    'tracepoints: [{subsystem: s, event: e, args: [{index: 4, type: syscall64}], selectors: [{matchArgs: [{index: 0, operator: Equal, values: ["1"]}]}]}]',
  );
  assert.equal(selector.args[0]?.entry, 0);
});

test('filters and actions of the return', () => {
  const selector = selectorOf(`kprobes:
- call: f
  return: true
  returnArg: {index: 0, type: int}
  selectors: [{matchReturnArgs: [{operator: NotEqual, values: ["0"]}], matchReturnActions: [{action: Post}]}]`);
  assert.deepEqual([selector.returnArgs[0]?.entry, selector.returnActions.length], [0, 1]);
  const wrong =
    'kprobes: [{call: f, return: true, returnArg: {index: 1, type: int}, selectors: [{matchReturnArgs: [{operator: Equal, values: ["0"]}]}]}]';
  assert.deepEqual(problemsOf(wrong), ['6:103 reference']);
});

test('a CelExpr is kept as it was understood', () => {
  const { args } = selectorOf(kprobe('{matchArgs: [{operator: CelExpr, values: ["arg1 == int32(3)"]}]}'));
  const operand = args[0]?.operand;
  assert.ok(operand?.op === 'cel');
  assert.deepEqual(
    operand.expression,
    parseCelExpression('arg1 == int32(3)', [{ type: 'int' }, { type: 'int' }]),
  );
  assert.equal(operand.at.line, 11);
});

test('macros are expanded into each selector that names them', () => {
  const { hooks } = policyOf(`selectorsMacros:
  shells: {label: shell, matchBinaries: [{operator: In, values: [/bin/sh]}], matchArgs: [{index: 1, operator: Prefix, values: [/etc]}]}
  quiet: {matchActions: [{action: NoPost}]}
${kprobe('{macros: [shells, quiet], matchPIDs: [{operator: In, values: [1]}]}, {label: own, macros: [shells]}')}`);
  const [first, second] = hooks[0]?.selectors ?? [];
  assert.deepEqual(
    [
      first?.label,
      first?.binaries[0]?.values,
      first?.args[0]?.entry,
      first?.pids.length,
      first?.actions[0]?.kind,
    ],
    ['shell', ['/bin/sh'], 0, 1, 'NoPost'],
  );
  assert.deepEqual([second?.label, second?.binaries.length, second?.actions.length], ['own', 1, 0]);
});

test('where a policy and a selector apply', () => {
  const policy =
    policyOf(`podSelector: {matchLabels: {app: web}, matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: In, values: [a]}]}
containerSelector: {matchExpressions: [{key: name, operator: NotIn, values: [x]}]}
hostSelector: {}
nodeSelector: {matchLabels: {gpu: ""}}
${kprobe('{matchWorkloads: {podSelector: {}}}, {matchWorkloads: {}}')}`);
  assert.deepEqual([...(policy.workload.podSelector?.matchLabels ?? [])], [['app', 'web']]);
  assert.deepEqual(policy.workload.containerSelector?.matchExpressions, [
    { key: 'name', operator: 'NotIn', values: ['x'] },
  ]);
  assert.deepEqual(
    [policy.workload.host, [...(policy.nodeSelector?.matchLabels ?? [])]],
    [true, [['gpu', '']]],
  );
  const [first, second] = hookOf(
    kprobe('{matchWorkloads: {podSelector: {}}}, {matchWorkloads: {}}'),
  ).selectors;
  assert.deepEqual([first?.workload?.podSelector?.matchLabels.size, first?.workload?.host], [0, false]);
  assert.equal(second?.workload?.podSelector, undefined);
});

test('annotations of ours are extensions', () => {
  const { policies } = check(
    withSpec('{}').replace(
      'name: test',
      'name: test\n  annotations: {merlon.dev/on-unreadable: match, other: x}',
    ),
  );
  assert.deepEqual([...(policies[0]?.extensions ?? [])], [['on-unreadable', 'match']]);
});
