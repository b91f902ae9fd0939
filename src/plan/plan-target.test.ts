// SPDX-License-Identifier: Apache-2.0
// The way to attach that each kind of kernel leads to.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hook, KprobeHook, LsmHook } from '../policy/model.ts';
import type { AttachTarget } from './attach-target.ts';
import type { KernelFacts, KernelFunction } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { whyKprobe } from './function-target.ts';
import { planTargets } from './plan-target.ts';
import { argument, AT, kernelFacts, rawHook } from './testing.ts';

const FUNCTION: KernelFunction = {
  parameters: [{ name: 'file', typeName: 'struct file *', kind: 'pointer', size: 8 }],
  returns: { name: '', typeName: 'int', kind: 'int', size: 4 },
};
const NAMES = ['security_file_open', 'bpf_lsm_file_open', '__x64_sys_openat'];

const SYSCALLS: Partial<Record<string, Record<string, number>>> = {
  x64: { openat: 257, close: 3, gone: 4 },
  i386: { openat: 295 },
};
const TRACED = Array.from({ length: 12 }, (_, n) => `ksys_${n}`);

function kernel(attach: Partial<KernelFacts['attach']>, refused: readonly string[] = []): KernelFacts {
  return kernelFacts({
    refusals: new Map(refused.map((key) => [key, 'EBUSY'])),
    attach: { trampoline: false, lsm: false, kprobe: false, kprobeMulti: false, ...attach },
    findFunction: (name) => (NAMES.includes(name) ? FUNCTION : undefined),
    functionNames: (prefix) => NAMES.filter((name) => name.startsWith(prefix)),
    syscallNumber: (name, abi) => SYSCALLS[abi]?.[name],
    syscallNames: (abi) => Object.keys(SYSCALLS[abi] ?? {}),
    traceableFunctions: () => TRACED,
    tracepointFields: (subsystem, event) =>
      subsystem === 'sched' && event === 'sched_switch' ? [] : undefined,
  });
}

function kprobe(name: string, more: Partial<KprobeHook> = {}): KprobeHook {
  return {
    ...{
      kind: 'kprobe',
      call: { kind: 'function', name, at: AT },
      syscall: false,
      ignoreCallNotFound: false,
    },
    ...{ returnArg: undefined, returnArgAction: undefined, args: [], data: [], selectors: [] },
    ...{ message: '', tags: [], at: AT },
    ...more,
  };
}

const lsm = (hook: string): LsmHook => ({
  ...{ kind: 'lsm', hook, args: [], data: [], selectors: [], message: '', tags: [], at: AT },
});
const targets = (
  hook: Hook,
  attach: Partial<KernelFacts['attach']>,
  refused: readonly string[] = [],
): AttachTarget[] => planTargets(hook, kernel(attach, refused)).map((target) => target.attach);
const returns = { returnArg: argument(0, 'int') };
const all = { trampoline: true, lsm: true, kprobe: true };

function refusal(
  hook: Hook,
  attach: Partial<KernelFacts['attach']> = all,
  refused: readonly string[] = [],
): PlanError {
  try {
    targets(hook, attach, refused);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return error;
  }
  throw new Error('It was accepted');
}

describe('a function', () => {
  const functionName = 'security_file_open';
  test('by trampoline where there are some', () => {
    assert.deepEqual(targets(kprobe(functionName), all), [{ by: 'fentry', functionName }]);
    assert.deepEqual(targets(kprobe(functionName, returns), all), [{ by: 'fexit', functionName }]);
  });
  test('by kprobe', () => {
    assert.deepEqual(targets(kprobe(functionName), { kprobe: true }), [{ by: 'kprobe', functionName }]);
    assert.deepEqual(targets(kprobe(functionName, returns), { kprobe: true }), [
      { by: 'kretprobe', functionName },
    ]);
  });
  test('by kprobe where the kernel has refused a trampoline, and in no way where it refuses both', () => {
    const refused = [`fentry:${functionName}`, `fexit:${functionName}`];
    for (const [by, more] of [
      ['kprobe', {}],
      ['kretprobe', returns],
    ] as const) {
      const hook = kprobe(functionName, more);
      assert.deepEqual(targets(hook, all, refused), [{ by, functionName }]);
      assert.match(whyKprobe({ by, functionName }, kernel(all, refused)) ?? '', /EBUSY/);
      assert.match(whyKprobe({ by, functionName }, kernel({ kprobe: true })) ?? '', /no trampolines/);
      assert.match(
        refusal(hook, all, [...refused, `${by}:${functionName}`]).message,
        new RegExp(`EBUSY, ${by}: EBUSY`),
      );
    }
    assert.equal(whyKprobe({ by: 'fentry', functionName }, kernel(all)), undefined);
  });
  test('in no way', () =>
    assert.match(refusal(kprobe(functionName), {}).remedy ?? '', /kprobes or BPF trampolines/));
  test('that is not there: the nearest name', () => {
    assert.match(refusal(kprobe('security_file_opn')).remedy ?? '', /"security_file_open"/);
  });
  test('that may be missing', () => {
    assert.deepEqual(targets(kprobe('nothing', { ignoreCallNotFound: true }), all), []);
  });
});

describe('a system call', () => {
  const functionName = '__x64_sys_openat';
  const openat = (name: string, more: Partial<KprobeHook> = {}): KprobeHook =>
    kprobe(name, { syscall: true, ...more });
  for (const name of ['openat', 'sys_openat', '__x64_sys_openat', '__arm64_sys_openat', 'x64/sys_openat'])
    test(`${name} is openat`, () => {
      assert.deepEqual(targets(openat(name), {}), [{ by: 'sys_enter', syscall: 257 }]);
    });
  test('by trampoline, by kprobe, by the raw tracepoint', () => {
    assert.deepEqual(targets(openat('sys_openat'), all), [{ by: 'fentry', functionName }]);
    assert.deepEqual(targets(openat('sys_openat', returns), all), [{ by: 'fexit', functionName }]);
    assert.deepEqual(targets(openat('sys_openat'), { kprobe: true }), [{ by: 'kprobe', functionName }]);
    for (const attach of [{}, { kprobe: true }])
      assert.deepEqual(targets(openat('sys_openat', returns), attach), [{ by: 'sys_exit', syscall: 257 }]);
    const refused = [`fentry:${functionName}`];
    assert.deepEqual(targets(openat('sys_openat'), all, refused), [{ by: 'kprobe', functionName }]);
    assert.deepEqual(targets(openat('sys_openat'), all, [...refused, `kprobe:${functionName}`]), [
      { by: 'sys_enter', syscall: 257 },
    ]);
  });
  test('whose function the kernel’s types do not have', () => {
    assert.deepEqual(targets(openat('sys_close'), { trampoline: true }), [{ by: 'sys_enter', syscall: 3 }]);
  });
  test('that the architecture does not have', () =>
    assert.match(refusal(openat('sys_nothing')).message, /none of that name/));
  for (const name of ['i386/openat', 'i386/sys_openat', '__ia32_sys_openat', '__ia32_compat_sys_openat'])
    test(`${name} is that of 32-bit programs, by its number`, () => {
      const place = 512 + 295;
      assert.deepEqual(targets(openat(name), all), [{ by: 'sys_enter', syscall: place }]);
      assert.deepEqual(targets(openat(name, returns), all), [{ by: 'sys_exit', syscall: place }]);
    });
  test('of an ABI that the kernel does not serve', () => {
    assert.match(refusal(openat('arm32/openat')).message, /"arm32\/openat".*ABI arm32/);
    assert.match(refusal(openat('i386/opena')).remedy ?? '', /"i386\/sys_openat"/);
  });
  test('a list gives a target each', () => {
    const list = {
      name: 'l',
      type: 'syscalls',
      values: ['sys_openat', 'sys_close'],
      pattern: undefined,
    } as const;
    const call = { kind: 'list', list: { ...list, validated: true, at: AT }, at: AT } as const;
    assert.deepEqual(targets(kprobe('', { call }), {}), [
      { by: 'sys_enter', syscall: 257 },
      { by: 'sys_enter', syscall: 3 },
    ]);
    assert.match(
      refusal(kprobe('', { call: { ...call, list: { ...call.list, values: [] } } })).message,
      /expands to nothing/,
    );
  });
});

describe('tracepoints and LSM hooks', () => {
  test('a tracepoint and a raw one', () => {
    const hook = { ...rawHook([], []), subsystem: 'sched', event: 'sched_switch', raw: false };
    assert.deepEqual(targets(hook, {}), [{ by: 'tracepoint', subsystem: 'sched', event: 'sched_switch' }]);
    assert.deepEqual(targets(rawHook([], []), {}), [{ by: 'raw_tracepoint', event: 'test' }]);
    assert.match(refusal({ ...hook, event: 'nothing' }).message, /"sched\/nothing"/);
    assert.match(refusal(rawHook([], [], 'nothing')).message, /"nothing"/);
  });
  test('an LSM hook', () => {
    assert.deepEqual(targets(lsm('file_open'), { lsm: true }), [{ by: 'lsm', functionName: 'file_open' }]);
    assert.match(refusal(lsm('file_open'), { trampoline: true }).remedy ?? '', /lsm=/);
    assert.match(refusal(lsm('file_opn')).remedy ?? '', /"file_open"/);
  });
});

describe('generated lists', () => {
  const of = (
    type: 'generated_syscalls' | 'generated_ftrace',
    pattern?: string,
  ): Pick<KprobeHook, 'call'> => ({
    call: {
      kind: 'list',
      list: { name: 'l', type, values: [], pattern, validated: true, at: { ...AT, line: 7 } },
      at: AT,
    },
  });
  const ftrace = (pattern: string, more: Partial<KprobeHook> = {}): KprobeHook =>
    kprobe('', { ...of('generated_ftrace', pattern), ...more });

  test('system calls are those whose function the kernel has', () => {
    assert.deepEqual(targets(kprobe('', of('generated_syscalls')), {}), [{ by: 'sys_enter', syscall: 257 }]);
  });

  test('many functions share a program, where the kernel has a way', () => {
    const multi = { trampoline: true, kprobeMulti: true };
    assert.deepEqual(targets(ftrace('^ksys_'), multi), [{ by: 'kprobe_multi', functions: TRACED }]);
    assert.equal(targets(ftrace('^ksys_'), { kprobe: true }).length, 12);
    assert.equal(targets(ftrace('^ksys_[0-7]$'), { kprobe: true, kprobeMulti: true }).length, 8);
  });

  test('a function that the kernel’s types have left out is hooked by kprobe', () => {
    assert.deepEqual(targets(ftrace('^ksys_3$'), { trampoline: true, kprobe: true }), [
      { by: 'kprobe', functionName: 'ksys_3' },
    ]);
    assert.match(refusal(ftrace('^ksys_3$'), { trampoline: true }).message, /"ksys_3"/);
  });

  test('that expand to nothing are refused at their place', () => {
    const { at, message } = refusal(ftrace('^nothing$'));
    assert.equal(at.line, 7);
    assert.match(message, /"l": it expands to nothing.*\^nothing\$/);
  });

  test('that cannot be told are refused at their place', () => {
    const facts = {
      ...kernel(all),
      traceableFunctions: () => {
        throw new Error('EPERM: operation not permitted');
      },
    };
    assert.throws(
      () => planTargets(ftrace('^ksys_'), facts),
      (error: PlanError) => {
        assert.match(error.message, /"l": EPERM/);
        return error.at.line === 7;
      },
    );
  });
});

test('many system calls share a program and keep their names', () => {
  const names = Array.from({ length: 9 }, (_, n) => `call${n}`);
  const list = {
    name: 'l',
    type: 'syscalls',
    values: names,
    pattern: undefined,
    validated: true,
    at: AT,
  } as const;
  const facts = { ...kernel(all), syscallNumber: (name: string) => names.indexOf(name) };
  const [target, ...others] = planTargets(kprobe('', { call: { kind: 'list', list, at: AT } }), facts);
  assert.deepEqual(others, []);
  assert.deepEqual(target?.attach, { by: 'syscalls_enter', places: [0, 1, 2, 3, 4, 5, 6, 7, 8] });
  assert.equal(target.names?.get(8), '__x64_sys_call8');
});
