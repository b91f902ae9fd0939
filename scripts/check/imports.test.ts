// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCycles, findWrongDirections, readImports } from './imports.ts';

const edge = (from: string, to: string, typeOnly = false) => ({ from, to, line: 1, typeOnly });

test('reads every form of import, with its line', () => {
  const text = `import a from './a.ts';
import type { B } from '../base/b.ts';
export * from './c.ts';
import { readFile } from 'node:fs';
const d = await import('./d/d.ts');
type E = import('./e.ts').E;
`;
  assert.deepEqual(readImports('src/events/x.ts', text), [
    { from: 'src/events/x.ts', to: 'src/events/a.ts', line: 1, typeOnly: false },
    { from: 'src/events/x.ts', to: 'src/base/b.ts', line: 2, typeOnly: true },
    { from: 'src/events/x.ts', to: 'src/events/c.ts', line: 3, typeOnly: false },
    { from: 'src/events/x.ts', to: 'src/events/d/d.ts', line: 5, typeOnly: false },
    { from: 'src/events/x.ts', to: 'src/events/e.ts', line: 6, typeOnly: true },
  ]);
});

test('accepts imports from the left, in either flow, and within a stage', () => {
  const imports = [
    edge('src/process/table.ts', 'src/base/errors.ts'),
    edge('src/process/table.ts', 'src/process/key.ts'),
    edge('src/sensor/load.ts', 'src/kernel/addon.ts'),
    edge('src/agent.ts', 'src/sensor/load.ts'),
    edge('src/cli/run.ts', 'src/agent.ts'),
    edge('src/kernel/addon.ts', 'native/index.d.ts', true),
    edge('scripts/check.ts', 'src/cli/run.ts'),
  ];
  assert.deepEqual(findWrongDirections(imports), []);
});

test('reports imports to the right, between siblings, across flows and of unknown folders', () => {
  const wrong = [
    edge('src/base/log.ts', 'src/kernel/addon.ts'),
    edge('src/sinks/file.ts', 'src/api/server.ts'),
    edge('src/process/table.ts', 'src/sensor/load.ts', true),
    edge('src/cli/run.ts', 'scripts/check.ts'),
    edge('src/sensor/load.ts', 'native/index.d.ts'),
    edge('src/misc/x.ts', 'src/base/log.ts'),
  ];
  assert.deepEqual(
    findWrongDirections(wrong).map(({ file }) => file),
    wrong.map(({ from }) => from),
  );
});

test('finds a cycle of run-time imports and leaves type imports out', () => {
  const cycle = [edge('a.ts', 'b.ts'), edge('b.ts', 'c.ts'), edge('c.ts', 'b.ts'), edge('a.ts', 'c.ts')];
  assert.deepEqual(
    findCycles(cycle).map(({ message }) => message),
    ['Import cycle: b.ts → c.ts → b.ts'],
  );
  assert.deepEqual(findCycles([edge('a.ts', 'b.ts'), edge('b.ts', 'a.ts', true)]), []);
  assert.equal(findCycles([edge('a.ts', 'a.ts')]).length, 1);
});
