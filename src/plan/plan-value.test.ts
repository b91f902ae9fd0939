// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ValueConfigFlag, ValueReader, ValueSource } from '../events/gen/layouts.ts';
import type { Argument, ArgumentType } from '../policy/model.ts';
import type { KernelFacts, ResolvedPath, TracepointField } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { planValue, type Signature } from './plan-value.ts';
import { argument, AT, kernelFacts } from './testing.ts';
import { valueFlags } from './value-plan.ts';

function takes(...types: readonly (readonly [string, string, number])[]): Signature {
  const parameters = types.map(([typeName, kind, size], index) => ({
    name: `p${index}`,
    typeName,
    kind,
    size,
  }));
  return { kind: 'function', title: 'function "f"', parameters, returns: undefined };
}

function refusal(one: Argument, signature: Signature, facts: KernelFacts = kernelFacts()): PlanError {
  try {
    planValue(one, signature, facts);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    assert.equal(error.at, AT);
    return error;
  }
  throw new Error('It was accepted');
}

describe('auto', () => {
  for (const [typeName, kind, size, type] of [
    ['int', 'int', 4, 'int'],
    ['unsigned int', 'int', 4, 'uint32'],
    ['u8', 'int', 1, 'uint8'],
    ['signed char', 'int', 1, 'int8'],
    ['short', 'int', 2, 'int16'],
    ['umode_t', 'int', 2, 'uint16'],
    ['long', 'int', 8, 'long'],
    ['size_t', 'int', 8, 'uint64'],
    ['bool', 'int', 1, 'uint8'],
    ['enum bpf_cmd', 'enum', 4, 'uint32'],
    ['const struct path *', 'pointer', 8, 'path'],
    ['struct file *', 'pointer', 8, 'file'],
    ['const char *', 'pointer', 8, 'string'],
    ['void *', 'pointer', 8, 'uint64'],
    ['struct unheard_of *', 'pointer', 8, 'uint64'],
  ] as const)
    test(`${typeName} is ${type}`, () => {
      const value = planValue(argument(0, 'auto'), takes([typeName, kind, size]), kernelFacts());
      assert.equal(value.shown.type, type);
      assert.equal(value.source, ValueSource.SOURCE_ARGUMENT);
    });

  test('an unknown type is refused by name', () => {
    const { message, remedy } = refusal(argument(0, 'auto'), takes(['struct big', 'struct', 40]));
    assert.match(message, /"struct big"/);
    assert.ok(remedy);
  });

  test('a system call does not tell', () => {
    assert.match(refusal(argument(0, 'auto'), { kind: 'syscall' }).message, /does not tell/);
  });
});

describe('resolve', () => {
  const path = (more: Partial<ResolvedPath>): KernelFacts =>
    kernelFacts({
      resolvePath: (struct, members) => {
        assert.deepEqual([struct, members], ['thing', 'a.b']);
        const steps = [
          { offset: 8, followsPointer: true },
          { offset: 16, followsPointer: false },
        ];
        return { steps, bitOffset: 0, bitSize: 0, size: 4, kind: 'int', typeName: 'int', ...more };
      },
    });
  const thing = takes(['const struct thing *', 'pointer', 8]);
  const member = argument(0, 'auto', { resolve: 'a.b' });

  test('a number has the size and sign of the member', () => {
    const value = planValue(member, thing, path({}));
    assert.deepEqual(value.path, [
      { offset: 8, follow: true },
      { offset: 16, follow: false },
    ]);
    assert.deepEqual(
      [value.bytes, value.reader, valueFlags(value)],
      [4, ValueReader.READ_NUMBER, ValueConfigFlag.CONFIG_SIGNED],
    );
  });

  test('a bit-field', () => {
    const value = planValue(member, thing, path({ bitOffset: 3, bitSize: 2, typeName: 'unsigned int' }));
    assert.deepEqual([value.bitShift, value.bitWidth, value.bytes], [3, 2, 4]);
  });

  test('a pointer to an object is followed, an embedded one is there', () => {
    const pointer = planValue(member, thing, path({ kind: 'pointer', size: 8, typeName: 'struct file *' }));
    assert.equal(pointer.path.at(-1)?.follow, true);
    const embedded = planValue(member, thing, path({ kind: 'struct', size: 16, typeName: 'struct path' }));
    assert.equal(embedded.path.at(-1)?.follow, false);
    assert.equal(embedded.reader, ValueReader.READ_PATH);
  });

  test('a descriptor is read where the path ends; what is too small for one is refused', () => {
    const descriptor = argument(0, 'fd', { resolve: 'a.b' });
    const value = planValue(descriptor, thing, path({}));
    assert.deepEqual([value.reader, value.path.at(-1)?.follow], [ValueReader.READ_FD, false]);
    assert.match(refusal(descriptor, thing, path({ size: 2, typeName: 'short' })).message, /"short"/);
  });

  test('btfType names the struct that the kernel does not', () => {
    const named = { ...member, btfType: 'thing' };
    assert.equal(planValue(named, { kind: 'syscall' }, path({})).path.length, 2);
    assert.match(refusal(member, { kind: 'syscall' }).remedy ?? '', /btfType/);
  });

  test('a struct of a module is looked for in its types: those of the function, or of btfTypeModule', () => {
    const types = path({ size: 2 });
    const facts = kernelFacts({
      moduleTypes: (name) => {
        if (name !== 'overlay') throw new Error('it is not loaded');
        return types;
      },
    });
    assert.equal(planValue(member, { ...thing, types } as Signature, facts).bytes, 2);
    const named = (module: string): Argument => ({ ...member, btfType: 'thing', btfTypeModule: module });
    assert.equal(planValue(named('overlay'), { kind: 'syscall' }, facts).bytes, 2);
    const { message, remedy } = refusal(named('loop'), { kind: 'syscall' }, facts);
    assert.match(message, /btfTypeModule "loop": it is not loaded/);
    assert.match(remedy ?? '', /Load the module/);
  });

  test('a member that is not there is named', () => {
    assert.match(refusal(member, thing).message, /"a.b" from "struct thing": struct thing has no a.b/);
  });

  test('a path of more steps than the kernel side takes is refused', () => {
    const steps = Array.from({ length: 13 }, () => ({ offset: 8, followsPointer: true }));
    assert.match(refusal(member, thing, path({ steps })).message, /13 .*at most 12/);
    assert.equal(planValue(member, thing, path({ steps: steps.slice(1) })).path.length, 12);
  });

  test('the current task', () => {
    const facts = kernelFacts({
      resolvePath: (struct) => {
        assert.equal(struct, 'task_struct');
        return {
          steps: [{ offset: 4, followsPointer: false }],
          bitOffset: 0,
          bitSize: 0,
          size: 4,
          kind: 'int',
          typeName: 'pid_t',
        };
      },
    });
    const value = planValue(argument(0, 'auto', { source: 'current_task', resolve: 'tgid' }), thing, facts);
    assert.equal(value.source, ValueSource.SOURCE_TASK);
  });
});

describe('positions', () => {
  test('beyond the function’s arguments: they are named', () => {
    const { message } = refusal(
      argument(2, 'int'),
      takes(['struct file *', 'pointer', 8], ['int', 'int', 4]),
    );
    assert.match(message, /argument 2: function "f" has 2 \(struct file \*p0, int p1\)/);
  });

  test('beyond the registers', () => {
    const seven = takes(...Array.from({ length: 7 }, () => ['int', 'int', 4] as const));
    assert.match(refusal(argument(6, 'int'), seven).message, /from 0 to 5/);
    assert.match(refusal(argument(6, 'int'), { kind: 'syscall' }).message, /at most 6/);
  });

  test('an object where the kernel has a small number is refused; a number for a pointer is not', () => {
    const int = takes(['int', 'int', 4]);
    assert.match(refusal(argument(0, 'file'), int).message, /as "file": it is "int p0"/);
    assert.equal(planValue(argument(0, 'fd'), int, kernelFacts()).shown.form, 'path');
    const pointer = takes(['struct file *', 'pointer', 8]);
    assert.equal(planValue(argument(0, 'uint64'), pointer, kernelFacts()).shown.form, 'number');
  });
});

describe('buffers', () => {
  const call = takes(
    ['struct iov_iter *', 'pointer', 8],
    ['struct iovec *', 'pointer', 8],
    ['int', 'int', 4],
  );
  const sized = (type: ArgumentType, index: number, more: Partial<Argument> = {}): Argument =>
    argument(index, type, { sizeArgument: 2, ...more });

  test('an int that holds a size is read as one', () => {
    const value = planValue(sized('char_buf', 1), call, kernelFacts());
    assert.deepEqual([value.sizeArgument, value.bytes], [3, 4]);
    const wide = planValue(sized('char_buf', 1), { kind: 'syscall' }, kernelFacts());
    assert.deepEqual([wide.sizeArgument, wide.bytes], [3, 8]);
  });

  test('segments are counted by an argument; an iterator knows its own', () => {
    assert.equal(planValue(sized('char_iovec', 1), call, kernelFacts()).reader, ValueReader.READ_IOVEC);
    assert.match(refusal(argument(1, 'char_iovec'), call).message, /"sizeArgIndex" is missing/);
    const iterator = planValue(argument(0, 'auto'), call, kernelFacts());
    assert.deepEqual([iterator.reader, iterator.sizeArgument], [ValueReader.READ_IOV_ITER, 0]);
  });

  test('what the function fills: an iterator is not where it was', () => {
    const value = planValue(sized('char_iovec', 1, { returnCopy: true }), call, kernelFacts());
    assert.equal(valueFlags(value), ValueConfigFlag.CONFIG_RETURN_COPY);
    assert.match(refusal(argument(0, 'iov_iter', { returnCopy: true }), call).message, /iterator on/);
  });

  test('maxData is for buffers whose size something says', () => {
    const value = planValue(sized('char_buf', 1, { maxData: true }), call, kernelFacts());
    assert.equal(valueFlags(value), ValueConfigFlag.CONFIG_WIDE);
    assert.ok(planValue(argument(0, 'iov_iter', { maxData: true }), call, kernelFacts()).maxData);
    assert.match(refusal(argument(1, 'char_buf', { maxData: true }), call).message, /nothing says/);
    for (const type of ['int', 'string', 'sockaddr_un', 'file'] as const)
      assert.match(
        refusal(argument(1, type, { maxData: true }), { kind: 'syscall' }).message,
        /expected char_buf/,
      );
  });

  test('a size that cannot be had is refused', () => {
    const beyond = sized('char_buf', 1, { sizeArgument: 3 });
    assert.match(refusal(beyond, call).message, /sizeArgIndex 4: function "f" has 3/);
    assert.match(refusal(sized('char_buf', 0, { sizeArgument: 6 }), { kind: 'syscall' }).message, /1 to 6/);
    const field = { name: 'b', declaration: 'char *', offset: 8, size: 8, signed: false };
    const record = { kind: 'record', fields: [field] } as const;
    assert.match(refusal(sized('char_buf', 0), record).message, /a tracepoint/);
  });
});

describe('fields of a tracepoint', () => {
  const field = (
    name: string,
    declaration: string,
    offset: number,
    size: number,
    signed = false,
  ): TracepointField => ({
    ...{ name, declaration, offset, size, signed },
  });
  const record = {
    kind: 'record' as const,
    fields: [
      field('common_pid', 'int', 4, 4, true),
      field('filename', '__data_loc char[]', 8, 4),
      field('comm', 'char[16]', 12, 16),
      field('name', 'const char *', 32, 8),
      field('mask', 'unsigned long', 40, 8),
    ],
  } satisfies Signature;
  for (const [index, type, source] of [
    [0, 'int', ValueSource.SOURCE_FIELD],
    [1, 'data_loc', ValueSource.SOURCE_FIELD],
    [2, 'string', ValueSource.SOURCE_FIELD_ADDRESS],
    [3, 'string', ValueSource.SOURCE_FIELD],
    [4, 'uint64', ValueSource.SOURCE_FIELD],
  ] as const)
    test(`field ${index}`, () => {
      const value = planValue(argument(index, 'auto'), record, kernelFacts());
      assert.deepEqual([value.shown.type, value.source], [type, source]);
      assert.equal(value.field, record.fields[index]?.offset);
    });

  test('one that is not there: the others are named', () => {
    assert.match(refusal(argument(5, 'int'), record).message, /0 common_pid, 1 filename/);
  });
});
