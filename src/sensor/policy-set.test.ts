// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlanError } from '../plan/plan-problem.ts';
import { AT, policy } from '../plan/testing.ts';
import type { Policy } from '../policy/model.ts';
import { PolicyRefusal } from './policy-refusal.ts';
import type { Mode } from './policy-modes.ts';
import type { FailedPolicies } from './policy-sensor.ts';
import { PolicySet } from './policy-set.ts';

/** A kernel that refuses the policies of some names. */
class FakeSensor {
  readonly refused = new Set<string>();
  inForce: string[] = [];
  readonly modes = new Map<string, Mode>();

  apply(policies: readonly Policy[]): FailedPolicies {
    const failed = this.#failed(policies);
    this.inForce = policies.filter((each) => !failed.has(each)).map(({ name }) => name);
    return failed;
  }

  change(policies: readonly Policy[]): FailedPolicies {
    const failed = this.#failed(policies);
    if (failed.size === 0) this.inForce = policies.map(({ name }) => name);
    return failed;
  }

  setModes(modes: ReadonlyMap<Policy, Mode>): void {
    for (const [{ name }, mode] of modes) this.modes.set(name, mode);
  }

  #failed(policies: readonly Policy[]): Map<Policy, PlanError> {
    const refused = policies.filter(({ name }) => this.refused.has(name));
    return new Map(refused.map((each) => [each, new PlanError(AT, `refused ${each.name}`, 'the log')]));
  }
}

function setOf(...names: string[]): { sensor: FakeSensor; set: PolicySet } {
  const sensor = new FakeSensor();
  const set = new PolicySet(sensor);
  set.begin(
    names.map((name) => policy(name, [])),
    'static',
  );
  return { sensor, set };
}

const named = (name: string, domain = '') => ({ namespace: '', name, domain });
const states = (set: PolicySet): string[] =>
  set.entries.map(({ policy: { name }, state }) => `${name} ${state}`);
const refusal = (reason: PolicyRefusal['reason']) => (error: unknown) =>
  error instanceof PolicyRefusal && error.reason === reason;

test('policies are added all at once or not at all', () => {
  const { sensor, set } = setOf('a');
  sensor.refused.add('c');
  assert.throws(
    () => set.add([policy('b', []), policy('c', [])], 'grpc'),
    (error: PolicyRefusal) => {
      assert.deepEqual(error.problems, [{ code: 'kernel', at: AT, message: 'refused c', remedy: 'the log' }]);
      return true;
    },
  );
  assert.deepEqual([sensor.inForce, states(set)], [['a'], ['a enabled']]);
  set.add([policy('b', []), policy('d', [])], 'grpc');
  assert.deepEqual(sensor.inForce, ['a', 'b', 'd']);
  assert.deepEqual(
    set.entries.map(({ domain }) => domain),
    ['static', 'grpc', 'grpc'],
  );
});

test('one of the same name is refused, but for one that could not be loaded, or when it is to be replaced', () => {
  const { sensor, set } = setOf('a', 'b');
  assert.throws(() => set.add([policy('a', [])], 'grpc'), refusal('exists'));
  const better = policy('a', []);
  set.add([better], 'grpc', { replace: true });
  assert.deepEqual(sensor.inForce, ['b', 'a']);
  assert.equal(set.entries.at(-1)?.policy, better);
  sensor.refused.add('a');
  assert.throws(() => set.add([policy('a', [])], 'grpc', { replace: true }), refusal('invalid'));
  assert.equal(set.entries.at(-1)?.policy, better);

  const failing = new FakeSensor();
  failing.refused.add('a');
  const other = new PolicySet(failing);
  other.begin([policy('a', [])], 'static');
  assert.deepEqual(states(other), ['a load_error']);
  failing.refused.clear();
  other.add([policy('a', [])], 'grpc');
  assert.deepEqual(states(other), ['a enabled']);
});

test('disable keeps a policy out of force, enable brings it back, and a failure changes nothing', () => {
  const { sensor, set } = setOf('a', 'b');
  set.disable(named('a'));
  set.disable(named('a'));
  assert.deepEqual([sensor.inForce, states(set)], [['b'], ['a disabled', 'b enabled']]);
  sensor.refused.add('a');
  assert.throws(() => set.enable(named('a')), refusal('invalid'));
  assert.deepEqual(states(set), ['a disabled', 'b enabled']);
  sensor.refused.clear();
  set.enable(named('a'));
  set.enable(named('b'));
  assert.deepEqual(
    [sensor.inForce, states(set)],
    [
      ['b', 'a'],
      ['b enabled', 'a enabled'],
    ],
  );
});

test('a name that is not loaded, or not in this domain, is missing', () => {
  const { sensor, set } = setOf('a');
  for (const change of [() => set.delete(named('x')), () => set.enable(named('a', 'grpc'))])
    assert.throws(change, refusal('missing'));
  set.delete(named('a', 'static'));
  assert.deepEqual([sensor.inForce, set.entries], [[], []]);
});

test('a policy has its own mode, that which it was added with, or that which was set last', () => {
  const sensor = new FakeSensor();
  const set = new PolicySet(sensor);
  set.add([policy('a', [])], 'grpc');
  set.add([policy('b', [])], 'grpc', { mode: 'monitor' });
  assert.deepEqual(
    [...sensor.modes],
    [
      ['a', 'enforce'],
      ['b', 'monitor'],
    ],
  );
  set.add([policy('b', [])], 'grpc', { replace: true });
  assert.equal(sensor.modes.get('b'), 'enforce');
});

test('an agent that only monitors lets no policy enforce', () => {
  const sensor = new FakeSensor();
  const set = new PolicySet(sensor, { monitorOnly: true });
  set.add([policy('a', [])], 'grpc');
  assert.equal(sensor.modes.get('a'), 'monitor');
  assert.throws(() => set.add([policy('b', [])], 'grpc', { mode: 'enforce' }), refusal('invalid'));
  assert.deepEqual(sensor.inForce, ['a']);
});
