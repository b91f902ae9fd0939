// SPDX-License-Identifier: Apache-2.0
// What a policy's operands become once the value's type is known.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DimensionInput } from '../events/gen/layouts.ts';
import type { ArgumentType, Operand, Selector } from '../policy/model.ts';
import type { Accepted, Condition } from './condition.ts';
import { planPolicy } from './plan-policies.ts';
import { PlanError } from './plan-problem.ts';
import { argument, AT, condition, kernelFacts, policy, rawHook, selector } from './testing.ts';

const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;
const word = (number: bigint): bigint => BigInt.asUintN(64, number);

function accepted(type: ArgumentType, operand: Operand): Accepted | undefined {
  const one = policy('p', [rawHook([argument(0, type)], [selector({ args: [condition(0, operand)] })])]);
  const [hook] = [...planPolicy(one, kernelFacts()).values()].flat();
  return hook?.rules[0]?.conditions[0]?.accepted;
}

function refusal(type: ArgumentType, operand: Operand): PlanError {
  try {
    accepted(type, operand);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error('It was accepted');
}

const numbers = (...values: bigint[]): Operand => ({ op: 'numbers', values, lists: [] });
const range = (from: bigint, to: bigint): Operand => ({ op: 'ranges', ranges: [{ from, to }] });
const texts = (match: 'exact' | 'prefix' | 'postfix' | 'substring', ...values: string[]): Operand => ({
  ...{ op: 'strings', match, ignoreCase: false, values },
});

describe('numbers', () => {
  test('are extended by the sign of the value', () => {
    assert.deepEqual(accepted('int', numbers(-1n, 5n)), { class: 'numbers', values: [MOST, 5n] });
    assert.deepEqual(accepted('uint32', numbers(2n ** 32n - 1n)), {
      class: 'numbers',
      values: [0xffff_ffffn],
    });
    assert.deepEqual(accepted('int8', numbers(-128n)), { class: 'numbers', values: [word(-128n)] });
  });

  test('that the value has under the other sign only are those of the same bits', () => {
    assert.deepEqual(accepted('int', numbers(0xffff_ff9cn)), { class: 'numbers', values: [word(-100n)] });
    assert.deepEqual(accepted('uint32', numbers(-1n)), { class: 'numbers', values: [0xffff_ffffn] });
  });

  test('that the value cannot have equal nothing', () => {
    assert.deepEqual(accepted('uint8', numbers(300n, 7n, -200n)), { class: 'numbers', values: [7n] });
  });
});

describe('ranges', () => {
  const of = (type: ArgumentType, operand: Operand): unknown => {
    const made = accepted(type, operand);
    return made?.class === 'ranges' ? made.ranges : undefined;
  };

  test('of a value whose type was not known end where the type ends', () => {
    assert.deepEqual(of('int', range(101n, MOST)), [{ from: 101n, to: 2n ** 31n - 1n }]);
    assert.deepEqual(of('int', range(LEAST, 4n)), [{ from: word(-(2n ** 31n)), to: 4n }]);
    assert.deepEqual(of('uint32', range(LEAST, 4n)), [{ from: 0n, to: 4n }]);
    assert.deepEqual(of('uint64', range(5n, MOST)), [{ from: 5n, to: MOST }]);
    assert.deepEqual(of('long', range(5n, MOST)), [{ from: 5n, to: 2n ** 63n - 1n }]);
  });

  test('that the value cannot be in are none', () => {
    assert.deepEqual(of('uint8', range(300n, 400n)), []);
    assert.deepEqual(of('uint8', range(-5n, -1n)), []);
  });

  test('of the unsigned numbers above a signed value are those of the same bits', () => {
    assert.deepEqual(of('int', range(0xffff_fff0n, 0xffff_ffffn)), [{ from: word(-16n), to: word(-1n) }]);
  });
});

describe('what does not fit is refused at its place', () => {
  for (const [type, operand] of [
    ['string', numbers(1n)],
    ['string', range(1n, 2n)],
    ['int', texts('prefix', '/etc')],
    ['file', { op: 'mask', values: [1n] }],
    ['uint64', { op: 'ports', side: 'source', ranges: [] }],
    ['string', { op: 'fileType', values: [8] }],
  ] as const)
    test(`${operand.op} on ${type}`, () => {
      const { at, message, remedy } = refusal(type, operand);
      assert.equal(at, AT);
      assert.match(message, new RegExp(`type "${type}"`));
      assert.match(remedy ?? '', /type/);
    });

  test('a prefix or postfix longer than a trie; not an exact text', () => {
    for (const match of ['prefix', 'postfix'] as const) {
      assert.match(refusal('string', texts(match, 'é'.repeat(128) + 'a')).message, /257 bytes: at most 256/);
      assert.ok(accepted('string', texts(match, 'a'.repeat(256))));
    }
    assert.ok(accepted('string', texts('exact', 'a'.repeat(4000))));
  });

  test('of binaries too', () => {
    const binaries = [
      { negated: false, match: 'prefix', values: ['a'.repeat(257)], followChildren: false, at: AT },
    ] as const;
    const one = policy('p', [rawHook([], [selector({ binaries })])]);
    assert.throws(() => planPolicy(one, kernelFacts()), PlanError);
  });
});

test('lists of system calls become their numbers', () => {
  const list = {
    name: 'l',
    type: 'syscalls',
    values: ['read', 'write'],
    pattern: undefined,
  } as const;
  const operand: Operand = { op: 'numbers', values: [7n], lists: [{ ...list, validated: true, at: AT }] };
  const one = policy('p', [rawHook([argument(0, 'uint64')], [selector({ args: [condition(0, operand)] })])]);
  const facts = kernelFacts({ syscallNumber: (name) => ({ read: 0, write: 1 })[name] });
  const [hook] = [...planPolicy(one, facts).values()].flat();
  assert.deepEqual(hook?.rules[0]?.conditions[0]?.accepted, { class: 'numbers', values: [7n, 0n, 1n] });
});

test('the host’s namespaces may be hidden: the policy is refused, not more', () => {
  const namespaces = [{ namespace: 'Mnt', negated: false, values: ['host_ns'], at: AT }] as const;
  const one = policy('p', [rawHook([], [selector({ namespaces })])]);
  const hidden = kernelFacts();
  Object.defineProperty(hidden, 'hostNamespaces', {
    get: () => {
      throw new Error('EACCES');
    },
  });
  assert.throws(() => planPolicy(one, hidden), PlanError);
});

describe('selectors of the process', () => {
  function conditions(parts: Partial<Selector>): readonly Condition[] {
    const [hook] = [
      ...planPolicy(policy('p', [rawHook([], [selector(parts)])]), kernelFacts()).values(),
    ].flat();
    return hook?.rules[0]?.conditions ?? [];
  }
  const at = (input: Condition['at']['input'], entry = 0): Condition['at'] => ({ input, entry, other: 0 });
  const caps = { set: 'Effective', mask: 6n, at: AT } as const;

  test('isNamespaceCapability asks for another user namespace, whatever the operator', () => {
    for (const negated of [false, true])
      assert.deepEqual(conditions({ capabilities: [{ ...caps, negated, isNamespaceCapability: true }] }), [
        { at: at(DimensionInput.INPUT_CAP_EFFECTIVE), negated, accepted: { class: 'bits', mask: 6n } },
        {
          at: at(DimensionInput.INPUT_NAMESPACE, 9),
          negated: true,
          accepted: { class: 'numbers', values: [0xefff_fffdn] },
        },
      ]);
  });

  test('NotIn of changes asks for a change of something else', () => {
    const input = DimensionInput.INPUT_CAP_EFFECTIVE_CHANGES;
    assert.deepEqual(
      conditions({ capabilityChanges: [{ ...caps, negated: true, isNamespaceCapability: false }] }),
      [
        { at: at(input), negated: true, accepted: { class: 'bits', mask: 6n } },
        { at: at(input), negated: false, accepted: { class: 'bits', mask: MOST & ~6n } },
      ],
    );
    assert.deepEqual(conditions({ namespaceChanges: [{ negated: true, values: ['Ipc', 'Net'], at: AT }] }), [
      {
        at: at(DimensionInput.INPUT_NAMESPACE_CHANGES),
        negated: false,
        accepted: { class: 'bits', mask: 0x3ffn & ~0b10_0010n },
      },
    ]);
  });

  test('followForks of pids in a namespace leaves processes of the initial one out', () => {
    const pids = [{ negated: true, values: [0, 1], isNamespacePid: true, followForks: true, at: AT }];
    assert.deepEqual(conditions({ pids }), [
      {
        at: at(DimensionInput.INPUT_NAMESPACE_PID),
        negated: true,
        accepted: { class: 'numbers', values: [0n] },
      },
      { at: at(DimensionInput.INPUT_FOLLOWED), negated: true, accepted: { class: 'bits', mask: 1n } },
    ]);
  });

  test('followChildren of parents looks at ancestors only', () => {
    const binary = { negated: false, match: 'exact', values: ['/a'], followChildren: true, at: AT } as const;
    const found = conditions({ binaries: [binary], parentBinaries: [binary] });
    const { INPUT_FOLLOWED, INPUT_FOLLOWED_ABOVE } = DimensionInput;
    assert.deepEqual(
      found.map((condition) => condition.at),
      [at(INPUT_FOLLOWED), at(INPUT_FOLLOWED_ABOVE)],
    );
    assert.deepEqual(found[0]?.accepted, found[1]?.accepted);
  });
});
