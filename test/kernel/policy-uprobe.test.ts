// SPDX-License-Identifier: Apache-2.0
// Uprobes: by symbol, offset and address; arguments, registers, returns; which binaries they are attached to.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ElfImage } from '../../src/kernel/elf-image.ts';
import type { Agent } from './support/agent.ts';
import { hookEvents, hookEventsOf, policyFailures, startWithPolicies } from './support/hook-events.ts';
import { programWith } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, runProgram } from './support/subject.ts';

/** With its types, for btfPath. */
const CALLS = programWith('user-calls', ['-gbtf']);

interface Report {
  pid: number;
}

function run(number: number, text: string): Promise<Report> {
  return runProgram<Report>(CALLS, [String(number), text]);
}

/** A policy with one uprobe on the program; `lines` are its fields beside the path, YAML in flow style. */
function policy(name: string, ...lines: string[]): string {
  return [
    'apiVersion: cilium.io/v1alpha1',
    'kind: TracingPolicy',
    `metadata: { name: ${name} }`,
    'spec:',
    '  uprobes:',
    `  - path: ${CALLS}`,
    ...lines.map((line) => `    ${line}`),
  ].join('\n');
}

const ONLY_7 = 'selectors: [{ matchArgs: [{ index: 0, operator: Equal, values: ["7"] }] }]';
const FIRST = 'args: [{ index: 0, type: int }]';

describe('uprobes', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;
  let offset: number;

  before(async () => {
    const image = new ElfImage(CALLS);
    const address = image.symbol('hooked_numbers') ?? 0;
    offset = image.fileOffset(address) ?? 0;
    const buildId = image.buildId() ?? 'none';
    image.close();
    const sha256 = createHash('sha256').update(readFileSync(CALLS)).digest('hex');
    agent = await startWithPolicies([
      policy(
        'numbers',
        'symbols: [hooked_numbers]',
        'message: numbers',
        'tags: [observability.function]',
        'args:',
        '- { index: 0, type: int, label: number }',
        '- { index: 1, type: uint64 }',
        '- { index: 2, type: int16 }',
        '- { index: 3, type: string }',
        '- { index: 4, type: uint8 }',
        '- { index: 5, type: int64 }',
        ONLY_7,
      ),
      policy(
        'text',
        'symbols: [hooked_numbers]',
        'args: [{ index: 3, type: string }]',
        'selectors:',
        '- matchArgs: [{ index: 3, operator: Prefix, values: ["yes"] }]',
      ),
      policy('offset', `offsets: [${offset}]`, FIRST, ONLY_7),
      policy('address', `addrs: [${address}]`, FIRST, ONLY_7),
      policy('several', 'symbols: [hooked_numbers, hooked_buffer]'),
      policy('returns', 'symbols: [hooked_return]', 'return: true', 'returnArg: { index: 0, type: int64 }'),
      policy(
        'returns-args',
        'symbols: [hooked_return]',
        'return: true',
        'returnArg: { index: 0, type: int64 }',
        'args: [{ index: 0, type: int64 }, { index: 1, type: string }]',
        'selectors:',
        '- matchArgs: [{ index: 0, operator: Equal, values: ["2"] }]',
        '  matchReturnArgs: [{ operator: Equal, values: ["2"] }]',
      ),
      policy(
        'buffer',
        'symbols: [hooked_buffer]',
        'args: [{ index: 0, type: char_buf, sizeArgIndex: 2 }, { index: 1, type: size_t }]',
      ),
      policy(
        'registers',
        'symbols: [hooked_numbers]',
        'data:',
        '- { index: 0, type: uint64, source: pt_regs, resolve: rsi }',
        '- { index: 1, type: uint32, source: pt_regs, resolve: edi }',
        '- { index: 2, type: string, source: current_task, resolve: comm }',
        'selectors: [{ matchData: [{ index: 1, operator: Equal, values: ["7"] }] }]',
      ),
      policy(
        'struct',
        'symbols: [hooked_struct]',
        `btfPath: ${CALLS}`,
        'args: [{ index: 0, type: int, btfType: outer, resolve: inner.number }]',
        ONLY_7,
      ),
      policy('digest', 'symbols: [hooked_numbers]', `binaryDigests: ["sha256:${sha256}"]`),
      policy('build-id', 'symbols: [hooked_numbers]', `binaryDigests: ["build-id:${buildId}"]`),
      policy('other-digest', 'symbols: [hooked_numbers]', `binaryDigests: ["sha256:${'0'.repeat(64)}"]`),
      policy(
        'digest-ignored',
        'symbols: [hooked_numbers]',
        `binaryDigests: ["sha1:${'0'.repeat(40)}"]`,
        'ignore: { digestVerificationFailure: true }',
      ),
      policy('unknown', 'symbols: [hooked_nubmers]'),
      policy('outside', 'offsets: [0x7fffffff]'),
    ]);
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  test('arguments of a function by its symbol, and no event for others', async () => {
    const other = await run(6, 'yes');
    const { pid } = await run(7, 'text');
    const [event, ...more] = await hookEventsOf(agent, 'numbers', pid);
    assert.deepEqual(more, []);
    assert.ok(event !== undefined);
    assert.equal(event.type, 'process_uprobe');
    assert.equal(event.path, CALLS);
    assert.equal(event.symbol, 'hooked_numbers');
    assert.equal(event.message, 'numbers');
    assert.deepEqual(event.tags, ['observability.function']);
    assert.equal(event.process.binary, CALLS);
    assert.deepEqual(event.args, [
      { int_arg: 7, label: 'number' },
      { size_arg: '18446744073709551600' },
      { int_arg: -2 },
      { string_arg: 'text' },
      { uint_arg: 200 },
      { long_arg: '-5' },
    ]);
    assert.equal(
      hookEvents(agent).filter(
        ({ policy_name: name, process }) => name === 'numbers' && process.pid === other.pid,
      ).length,
      0,
    );
  });

  test('another policy on the same function has its own condition', async () => {
    const no = await run(7, 'no');
    const { pid } = await run(1, 'yes, this one');
    const [event] = await hookEventsOf(agent, 'text', pid);
    assert.deepEqual(event?.args, [{ string_arg: 'yes, this one' }]);
    assert.ok(
      !hookEvents(agent).some(({ policy_name: name, process }) => name === 'text' && process.pid === no.pid),
    );
  });

  for (const name of ['offset', 'address'])
    test(`a place by its ${name}`, async () => {
      const other = await run(8, '');
      const { pid } = await run(7, '');
      const [event] = await hookEventsOf(agent, name, pid);
      assert.equal(event?.offset, String(offset));
      assert.equal(event.symbol, undefined);
      assert.deepEqual(event.args, [{ int_arg: 7 }]);
      assert.ok(
        !hookEvents(agent).some(
          ({ policy_name, process }) => policy_name === name && process.pid === other.pid,
        ),
      );
    });

  test('several symbols of one hook', async () => {
    const { pid } = await run(1, 'a');
    const events = await hookEventsOf(agent, 'several', pid, 2);
    assert.deepEqual(
      events.map(({ symbol }) => symbol),
      ['hooked_numbers', 'hooked_buffer'],
    );
  });

  test('return values, the innermost call first', async () => {
    const { pid } = await run(3, 'abc');
    const events = await hookEventsOf(agent, 'returns', pid, 4);
    assert.deepEqual(
      events.map(({ args }) => args),
      ['-1', '0', '2', '5'].map((value) => [{ long_arg: value }]),
    );
  });

  test('arguments of a call that returns, although others are open', async () => {
    const other = await run(1, 'a');
    const { pid } = await run(3, 'abc');
    const [event, ...more] = await hookEventsOf(agent, 'returns-args', pid);
    assert.deepEqual(more, []);
    assert.deepEqual(event?.args, [{ long_arg: '2' }, { string_arg: 'bc' }, { long_arg: '2' }]);
    assert.ok(
      !hookEvents(agent).some(
        ({ policy_name: name, process }) => name === 'returns-args' && process.pid === other.pid,
      ),
    );
  });

  test('a buffer of the size that another argument says', async () => {
    const { pid } = await run(1, 'bytes');
    const [event] = await hookEventsOf(agent, 'buffer', pid);
    assert.deepEqual(event?.args, [
      { bytes_arg: Buffer.from('bytes').toString('base64') },
      { size_arg: '5' },
    ]);
  });

  test('registers and the task', async () => {
    const other = await run(6, '');
    const { pid } = await run(7, '');
    const [event] = await hookEventsOf(agent, 'registers', pid);
    assert.deepEqual(event?.data, [
      { size_arg: '18446744073709551600' },
      { uint_arg: 7 },
      { string_arg: 'user-calls' },
    ]);
    assert.ok(
      !hookEvents(agent).some(
        ({ policy_name: name, process }) => name === 'registers' && process.pid === other.pid,
      ),
    );
  });

  test('members of a struct, by the types of the file', async () => {
    const other = await run(6, '');
    const { pid } = await run(7, '');
    const [event] = await hookEventsOf(agent, 'struct', pid);
    assert.deepEqual(event?.args, [{ int_arg: 7 }]);
    assert.ok(
      !hookEvents(agent).some(
        ({ policy_name, process }) => policy_name === 'struct' && process.pid === other.pid,
      ),
    );
  });

  test('only a binary with the digest', async () => {
    const { pid } = await run(1, '');
    await hookEventsOf(agent, 'digest', pid);
    await hookEventsOf(agent, 'build-id', pid);
    assert.ok(
      !hookEvents(agent).some(({ policy_name: name }) => /^(other-digest|digest-ignored)$/.test(name)),
    );
  });

  test('what cannot be attached is said', () => {
    const failures = policyFailures(agent);
    assert.deepEqual(
      failures.map(({ policy: name }) => name),
      ['other-digest', 'unknown', 'outside'],
    );
    assert.equal(failures[1]?.remedy, 'Did you mean "hooked_numbers"?');
  });
});
