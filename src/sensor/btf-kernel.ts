// SPDX-License-Identifier: Apache-2.0
import type { Btf } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import { GENERIC_SYSCALLS, I386_SYSCALLS, X86_64_SYSCALLS } from '../plan/gen/syscalls.ts';
import type {
  ActingCapability,
  AttachFacts,
  FileIdentity,
  KernelFacts,
  KernelFunction,
  OtherTypes,
  ResolvedPath,
  SyscallAbi,
  TracepointField,
  UserFile,
} from '../plan/kernel-facts.ts';
import { UncheckedFact } from '../plan/plan-problem.ts';
import { syscallPrefix } from '../plan/syscall-name.ts';
import { recordFields } from './tracepoint-types.ts';

const SYSCALLS: Partial<Readonly<Record<SyscallAbi, Readonly<Record<string, number>>>>> = {
  ...{ x64: X86_64_SYSCALLS, i386: I386_SYSCALLS, arm64: GENERIC_SYSCALLS },
};

/** Arguments before the event's own in the kernel's function for a tracepoint (__bpf_trace_NAME: void *__data). */
const TRACEPOINT_DATA_ARGUMENTS = 1;

/** Of the types of functions that take a tracepoint's arguments: there is one for each tracepoint. */
const TRACEPOINT_TYPE = 'btf_trace_';

const SYSCALL_EVENT = /^sys_(?:enter|exit)_(\w+)$/;

/**
 * What a kernel's types (BTF) tell of it; they are read when first asked for. It need not be the kernel that runs: files in user
 * space and formats of most tracepoints are not known, and each way to attach is taken to be there.
 */
export class BtfKernel implements KernelFacts {
  readonly refusals = new Map<string, string>();
  readonly #path: string | undefined;
  readonly #functions = new Map<string, KernelFunction | undefined>();
  #types: Btf | undefined;
  #eventNames: readonly string[] | undefined;
  #servesCompat: boolean | undefined;

  /** A file of BTF, or an ELF file with a section .BTF; without one the kernel that runs. */
  constructor(path?: string) {
    this.#path = path;
  }

  /** Throws a BpfError when the file has no types that can be read. */
  protected get types(): Btf {
    return (this.#types ??= new addon.Btf(this.#path));
  }

  get attach(): AttachFacts {
    return { trampoline: true, lsm: true, kprobe: true, kprobeMulti: true };
  }

  canAct(_: ActingCapability): boolean {
    return true;
  }

  /** None: a plan takes 0 for each. */
  get hostNamespaces(): readonly number[] {
    return [];
  }

  findFunction(name: string): KernelFunction | undefined {
    if (!this.#functions.has(name)) this.#functions.set(name, this.types.findFunction(name));
    return this.#functions.get(name);
  }

  functionNames(prefix: string): readonly string[] {
    return this.types.functionNames(prefix);
  }

  resolvePath(structName: string, path: string): ResolvedPath {
    return this.types.resolvePath(structName, path);
  }

  findStruct(name: string): ReturnType<KernelFacts['findStruct']> {
    return this.types.findStruct(name);
  }

  eventNames(): readonly string[] {
    return (this.#eventNames ??= this.types
      .typedefNames(TRACEPOINT_TYPE)
      .map((name) => name.slice(TRACEPOINT_TYPE.length)));
  }

  /** Types do not tell to which subsystem a tracepoint belongs, and a record's form only where its event is no member of a class. */
  tracepointFields(subsystem: string, event: string): readonly TracepointField[] | undefined {
    const call = subsystem === 'syscalls' ? SYSCALL_EVENT.exec(event)?.[1] : undefined;
    const exists =
      call === undefined
        ? this.findFunction(`${TRACEPOINT_TYPE}${event}`) !== undefined
        : this.findFunction(`${syscallPrefix(this)}${call}`) !== undefined;
    if (!exists) return undefined;
    const fields = recordFields(event, this.types);
    if (fields === undefined)
      throw new UncheckedFact(`fields of tracepoint "${subsystem}/${event}": types do not tell its format`);
    return fields;
  }

  rawTracepoint(event: string): KernelFunction['parameters'] | undefined {
    // An event of a class has no function of its own, but a type.
    const found =
      this.findFunction(`__bpf_trace_${event}`) ?? this.findFunction(`${TRACEPOINT_TYPE}${event}`);
    return found?.parameters.slice(TRACEPOINT_DATA_ARGUMENTS);
  }

  userFile(path: string): UserFile {
    throw new UncheckedFact(`hooks in "${path}": it is a file in user space`);
  }

  userTypes(path: string): OtherTypes {
    throw new UncheckedFact(`types of "${path}": it is a file in user space`);
  }

  moduleTypes(name: string): OtherTypes {
    throw new UncheckedFact(`types of module "${name}": they are not among the kernel's own`);
  }

  fileIdentity(path: string): FileIdentity | undefined {
    throw new UncheckedFact(`the inode of "${path}": it is a file of another machine`);
  }

  forgetFiles(): void {
    // There are none.
  }

  get syscallAbis(): readonly SyscallAbi[] {
    if (process.arch !== 'x64') return ['arm64'];
    // CONFIG_IA32_EMULATION
    this.#servesCompat ??= this.functionNames('__ia32_compat_sys_').length > 0;
    return this.#servesCompat ? ['x64', 'i386'] : ['x64'];
  }

  syscallNumber(name: string, abi: SyscallAbi): number | undefined {
    return SYSCALLS[abi]?.[name];
  }

  syscallNames(abi: SyscallAbi): readonly string[] {
    return Object.keys(SYSCALLS[abi] ?? {});
  }

  traceableFunctions(): readonly string[] {
    throw new UncheckedFact('lists of functions by a pattern: types do not tell what can be traced');
  }
}
