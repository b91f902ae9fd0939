// SPDX-License-Identifier: Apache-2.0
import type { BtfParameter } from '../../native/index.d.ts';
import type { ElfImage } from '../kernel/elf-image.ts';

/** A member, or a member of a member, found in the kernel's types. */
export interface ResolvedPath {
  /** add `offset`; `followsPointer`: then load the pointer that stands there */
  readonly steps: readonly { readonly offset: number; readonly followsPointer: boolean }[];
  /** of a bit-field; 0 bits otherwise */
  readonly bitOffset: number;
  readonly bitSize: number;
  readonly size: number;
  /** BTF's word: int, enum, pointer, struct, array … */
  readonly kind: string;
  readonly typeName: string;
}

/** A field of a classic tracepoint's record, in the order of its format file. */
export interface TracepointField {
  readonly name: string;
  /** as the format file declares it, without the name: `const char *`, `__data_loc char[]`, `char[16]` */
  readonly declaration: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

export interface KernelFunction {
  /** kernel module that it is part of; undefined for the kernel itself */
  readonly module?: string;
  readonly parameters: readonly BtfParameter[];
  readonly returns: BtfParameter;
}

/** Ways to attach that this kernel has. */
export interface AttachFacts {
  readonly trampoline: boolean;
  readonly lsm: boolean;
  readonly kprobe: boolean;
  /** one program on many functions */
  readonly kprobeMulti: boolean;
  /** why a trampoline's program can miss hits, as the end of a sentence; absent when it misses none */
  readonly skipsHits?: string | undefined;
}

/** Ways to act that are looked for when a policy wants one. */
export type ActingCapability = 'bpf_override_return' | 'bpf_probe_write_user' | 'uprobe registers';

/** Whose programs make a system call: its number and its arguments' places depend on it. */
export type SyscallAbi = 'x64' | 'i386' | 'arm64' | 'arm32';

/** What a plan needs of a file that runs in user space; src/kernel/elf-image.ts reads it. */
export type UserFile = Pick<
  ElfImage,
  | 'identity'
  | 'openPath'
  | 'fileOffset'
  | 'isMapped'
  | 'symbol'
  | 'symbolNames'
  | 'buildId'
  | 'digest'
  | 'usdtNotes'
>;

/** Types of a file that runs in user space, or of a kernel module. */
export type OtherTypes = Pick<KernelFacts, 'resolvePath' | 'findStruct'>;

/** What a file is, whatever names and mounts lead to it: as the kernel has it, which stat(2) need not show. */
export interface FileIdentity {
  /** super_block::s_dev */
  readonly device: number;
  /** inode::i_ino */
  readonly inode: bigint;
}

/**
 * What a plan needs to know of a kernel: nothing else about it is asked. `src/sensor/` has that of the running kernel and of
 * one of which only the types are there; tests have plain data. A fact that cannot be known throws an UncheckedFact.
 */
export interface KernelFacts {
  readonly attach: AttachFacts;
  canAct(capability: ActingCapability): boolean;
  /** Targets that the kernel has turned out to refuse, by their key, and why. Whoever attaches adds to it. */
  readonly refusals: Map<string, string>;
  /** inode numbers of the first process's namespaces, in the order of struct process_namespaces */
  readonly hostNamespaces: readonly number[];
  /** A function of the kernel or of a loaded module; undefined when their types have none of that name. */
  findFunction(name: string): KernelFunction | undefined;
  functionNames(prefix: string): readonly string[];
  /** Throws an Error whose message says which member is missing. */
  resolvePath(structName: string, path: string): ResolvedPath;
  /** members of a struct or union, for suggestions */
  findStruct(name: string): { readonly members: readonly { readonly name: string }[] } | undefined;
  /** undefined when there is no such tracepoint */
  tracepointFields(subsystem: string, event: string): readonly TracepointField[] | undefined;
  /** names of tracepoints, for suggestions */
  eventNames(): readonly string[];
  /** arguments of a raw tracepoint */
  rawTracepoint(event: string): readonly BtfParameter[] | undefined;
  /** A file that runs in user space. Throws an Error that says why it cannot be used. */
  userFile(path: string): UserFile;
  /** Types of such a file, from its BTF. Throws an Error that says why there are none. */
  userTypes(path: string): OtherTypes;
  /** Types of a loaded module: its own before the kernel's. Throws an Error that says why there are none. */
  moduleTypes(name: string): OtherTypes;
  /** The file that a path leads to now; undefined when there is none. Throws an Error that says why it cannot be told. */
  fileIdentity(path: string): FileIdentity | undefined;
  /** Closes those files and modules' types: the next plan looks at what is there then. */
  forgetFiles(): void;
  /** those that this kernel serves, its own first; then that of 32-bit programs */
  readonly syscallAbis: readonly SyscallAbi[];
  /** number of a system call by its name without a prefix; undefined when the ABI has none */
  syscallNumber(name: string, abi: SyscallAbi): number | undefined;
  syscallNames(abi: SyscallAbi): readonly string[];
  /** Those of the kernel itself that it can trace, in order. Throws an Error that says why they cannot be told. */
  traceableFunctions(): readonly string[];
}
