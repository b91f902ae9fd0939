// SPDX-License-Identifier: Apache-2.0
import type { Section } from './feature.ts';
import { hookTable, mechanismTable } from './tables.ts';

/** Where events come from. */
export const HOOKS: Section = {
  title: 'Hooks',
  intro:
    'A hook is a place in the kernel or in a program. Each event names the process, the policy, the values of `args` and ' +
    '`data`, and `message` and `tags` of the hook. However many policies share a hook, it has one program that judges all of them.',
  parts: ['function', 'tracepoint', 'lsm', 'uprobe', 'usdt'],
  tables: [hookTable, mechanismTable],
  features: [
    {
      title: 'kprobes: functions of the kernel',
      covers: ['spec.kprobes', 'function.call', 'function.args'],
      text:
        'With `syscall: false`, `call` names any function of the kernel. Which functions there are, and their arguments, differs ' +
        'from version to version; the agent compares the policy with the types of the running kernel.',
      examples: ['hook-kprobe'],
    },
    {
      title: 'kprobes: system calls',
      covers: ['function.syscall', 'function.message', 'function.tags', 'function.selectors'],
      text:
        'With `syscall: true`, which is the default, `call` names a system call, with or without `sys_` or `__x64_sys_`. Every ' +
        'kernel can serve it. The values are those of the caller’s registers and memory at the entry.',
      examples: ['hook-kprobe-syscall'],
    },
    {
      title: 'Returns',
      covers: ['function.return', 'function.returnArg'],
      text:
        'With `return: true` the event comes when the function returns; it has the arguments of the entry and the returned value, ' +
        'which `matchReturnArgs` compares.',
      examples: ['hook-kprobe-return'],
    },
    {
      title: 'ignore.callNotFound',
      covers: ['function.ignore', 'function.ignore.callNotFound'],
      text: 'A function that this kernel does not have is left out instead of being the reason to refuse the policy.',
      examples: ['hook-ignore-missing'],
    },
    {
      title: 'fentries',
      covers: ['spec.fentries'],
      text: 'The same as kprobes in all respects: the agent chooses the mechanism, not the policy.',
      examples: ['hook-fentry'],
      tetragon: 'has no events of system calls here on kernels without trampolines.',
    },
    {
      title: 'tracepoints',
      covers: ['spec.tracepoints', 'tracepoint.subsystem', 'tracepoint.event'],
      text:
        'Places that the kernel’s developers have named; `/sys/kernel/tracing/available_events` lists them. The `index` of an ' +
        'argument is the position of a field in the tracepoint’s `format` file, from 0, common fields not counted as special. Types ' +
        'may be left out.',
      examples: ['hook-tracepoint'],
    },
    {
      title: 'Raw tracepoints',
      covers: ['tracepoint.raw', 'tracepoint.args'],
      text:
        'With `raw: true` the arguments are those that the kernel’s code hands to the tracepoint: objects such as a socket or a ' +
        'task, whose members `resolve` reaches.',
      examples: ['hook-raw-tracepoint'],
    },
    {
      title: 'lsmhooks',
      covers: ['spec.lsmhooks', 'lsm.hook', 'lsm.args', 'lsm.message', 'lsm.tags'],
      text:
        'Hooks of the Linux Security Modules, called after the kernel has resolved names and before it permits. They need ' +
        '`bpf` in `lsm=` of the kernel’s command line. They have no `data`; `source: current_task` is taken in `args`. ' +
        'They have no returns and no stack traces.',
      examples: ['hook-lsm'],
    },
    {
      title: 'uprobes',
      covers: ['spec.uprobes', 'uprobe.path', 'uprobe.symbols', 'uprobe.args'],
      text: 'Functions of a program or library, in every process that runs it. `symbols` also takes `NAME+OFFSET`.',
      examples: ['hook-uprobe'],
    },
    {
      title: 'uprobes: by place',
      covers: ['uprobe.offsets', 'uprobe.addrs', 'uprobe.refCtrOffsets'],
      text:
        'Instead of `symbols`: `offsets` in the file, or `addrs` of the ELF file. `refCtrOffsets`, one for each function, are ' +
        'counters that the kernel raises while the probe is attached; 0 is none. The paths under `/opt/shop` stand for programs of ' +
        'the test.',
      examples: ['hook-uprobe-offset', 'hook-uprobe-address', 'hook-uprobe-counter'],
    },
    {
      title: 'uprobes: returns, registers and structs',
      covers: ['uprobe.return', 'uprobe.returnArg', 'uprobe.data', 'uprobe.btfPath'],
      text:
        'Returned values as in kprobes. `data` reads registers (`source: pt_regs`) and the task. Members of structs need the ' +
        'program’s types: `btfPath` names a file with BTF, `btfType` the struct.',
      examples: ['hook-uprobe-return', 'hook-uprobe-registers', 'hook-uprobe-struct'],
    },
    {
      title: 'uprobes: binaryDigests',
      covers: ['uprobe.binaryDigests', 'uprobe.ignore', 'uprobe.ignore.digestVerificationFailure'],
      text:
        'The file is hooked only if it has one of the digests: `sha1`, `sha256`, `sha384`, `sha512` or `build-id`, as ' +
        '`ALGORITHM:HEX`. Without `ignore` a file with none of them is the reason to refuse the policy.',
      examples: ['hook-uprobe-digest'],
    },
    {
      title: 'usdts',
      covers: ['spec.usdts', 'usdt.path', 'usdt.provider', 'usdt.name', 'usdt.args', 'usdt.btfPath'],
      text:
        'Probes that a program defines itself (`readelf -n FILE` lists them as `stapsdt`), at all their places, up to twelve ' +
        'arguments. Their semaphores are raised.',
      examples: ['hook-usdt', 'hook-usdt-struct'],
      tetragon: 'reads five arguments.',
    },
    {
      title: 'loader',
      covers: ['spec.loader'],
      text:
        'A `process_loader` event for each file that is mapped so that it can be executed, with its path and build id. It has no ' +
        'conditions, and the event names no policy.',
      examples: ['hook-loader'],
    },
  ],
};
