// SPDX-License-Identifier: Apache-2.0
/**
 * The C++ addon's contract: libbpf objects as JavaScript classes. It knows no policy and no event layout; it takes
 * flat, already checked values (`src/kernel/` is the typed wrapper that everyone else imports).
 *
 * Every failing call throws the error class handed to `initialize`, constructed as `new ErrorClass(message, detail)`. A value
 * of the wrong type is the programmer's mistake: a TypeError or RangeError.
 *
 * Whatever has a `close()` may be collected without it, which closes it; only a BpfLink lives until it is closed.
 */
export interface NativeErrorDetail {
  /** ERR_BPF_LOAD while an object is opened or loaded, else ERR_BPF */
  code: 'ERR_BPF' | 'ERR_BPF_LOAD';
  /** positive errno, 0 when none */
  errno: number;
  /** e.g. "EPERM" */
  errnoName: string;
  program?: string;
  map?: string;
  /** the telling part of the verifier's log: the last instructions before and the message of the refusal */
  verifierLog?: string;
}
export function initialize(errorClass: new (message: string, detail: NativeErrorDetail) => Error): void;

export interface ProgramDescription {
  name: string;
  section: string;
  type: number;
  typeName: string;
  attachType: number;
  autoload: boolean;
}
export interface MapDescription {
  name: string;
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
}

export class BpfObject {
  /**
   * Opens an ELF file; nothing reaches the kernel before load(). Sections of kernels younger than libbpf 1.1 are known too:
   * uprobe.multi, uretprobe.multi, tcx/ingress, tcx/egress, netkit/primary, netkit/peer.
   */
  constructor(path: string);
  readonly programs: ProgramDescription[];
  readonly maps: MapDescription[];
  /** Writes the initial value of a global (`const volatile` in .rodata, or .data/.bss); length must match its size. */
  setGlobal(name: string, value: Uint8Array): void;
  setMap(
    name: string,
    change: {
      type?: number;
      keySize?: number;
      valueSize?: number;
      maxEntries?: number;
      flags?: number;
      autocreate?: boolean;
    },
  ): void;
  /** Makes the object use an existing map in place of its own, of the same type, key size and value size. */
  reuseMap(name: string, map: BpfMap): void;
  setAutoload(program: string, autoload: boolean): void;
  /** Sets the function (fentry, fexit, fmod_ret, lsm, tp_btf; freplace with the fd of its program) that a program attaches to. */
  setAttachTarget(program: string, target: string, targetFd?: number): void;
  /** Once only: after a failure open the file again. */
  load(): void;
  program(name: string): BpfProgram;
  /** A handle of its own: it outlives the object. */
  map(name: string): BpfMap;
  /** Frees libbpf's object (types, relocations) as soon as the programs taken from it are closed too. */
  close(): void;
}

export interface ProgramInfo {
  id: number;
  type: number;
  name: string;
  tag: string;
  runCount: bigint;
  runTimeNs: bigint;
  recursionMisses: bigint;
  verifiedInstructions: number;
  xlatedBytes: number;
  jitedBytes: number;
}

/**
 * Each kind is one BPF_LINK_CREATE. `auto` goes by the section's name through libbpf; `auto`, `usdt` and `freplace` need the
 * program's object, so a program opened from its pin refuses them. `trace` is fentry, fexit, fmod_ret and tp_btf. A `tracepoint`
 * needs tracefs on /sys/kernel/tracing. Without a `pid` a uprobe is on every process.
 */
export type AttachSpec =
  | { kind: 'auto' }
  | { kind: 'trace' }
  | { kind: 'lsm' }
  | { kind: 'kprobe'; function: string; offset?: number; retprobe?: boolean; cookie?: bigint }
  | { kind: 'kprobeMulti'; functions: string[]; cookies?: bigint[]; retprobe?: boolean }
  | { kind: 'ksyscall'; syscall: string; retprobe?: boolean; cookie?: bigint }
  | { kind: 'tracepoint'; category: string; name: string; cookie?: bigint }
  | { kind: 'rawTracepoint'; name: string }
  | {
      kind: 'uprobe';
      path: string;
      offset: bigint;
      pid?: number;
      retprobe?: boolean;
      refCounterOffset?: bigint;
      cookie?: bigint;
    }
  | {
      kind: 'uprobeMulti';
      path: string;
      offsets: bigint[];
      refCounterOffsets?: bigint[];
      cookies?: bigint[];
      pid?: number;
      retprobe?: boolean;
    }
  | { kind: 'usdt'; path: string; provider: string; name: string; pid?: number; cookie?: bigint }
  | { kind: 'perfEvent'; fd: number; cookie?: bigint }
  | { kind: 'cgroup'; fd: number }
  | { kind: 'netns'; fd: number }
  | { kind: 'xdp'; ifindex: number }
  | { kind: 'tcx'; ifindex: number; ingress: boolean }
  | { kind: 'netkit'; ifindex: number; primary: boolean }
  | { kind: 'freplace'; targetFd: number; function: string }
  | { kind: 'iter'; mapFd?: number; pid?: number };

export class BpfProgram {
  /** `attachType` (of ProgramDescription) is needed to attach it as `cgroup` or `netns`: the kernel does not tell it. */
  static openPinned(path: string, attachType?: number): BpfProgram;
  readonly fd: number;
  info(): ProgramInfo;
  attach(spec: AttachSpec): BpfLink;
  testRun(options: {
    data?: Uint8Array;
    context?: Uint8Array;
    repeat?: number;
    cpu?: number;
    dataOutSize?: number;
  }): { returnValue: number; durationNs: number; data: Uint8Array };
  pin(path: string): void;
  close(): void;
}

/** Stays attached until close() or detach(), also when nothing refers to the object any more. */
export class BpfLink {
  static openPinned(path: string): BpfLink;
  readonly fd: number;
  /** id of the link and of its program; 0 for links that are perf events without a kernel link */
  info(): { id: number; programId: number; type: number };
  /** Not for `usdt`, nor for uprobes, kprobes and tracepoints that `auto` attached. */
  pin(path: string): void;
  /** Replaces the program (BPF_LINK_UPDATE). */
  update(program: BpfProgram): void;
  /** Creates an iterator and reads it to its end; only for iter links. */
  readIterator(): Uint8Array;
  /**
   * Detaches (BPF_LINK_DETACH). Kinds that the kernel cannot detach (tracing, perf events, raw tracepoints) are unpinned, if this
   * handle pinned them or was opened from the pin, and closed; then another holder's reference keeps them attached.
   */
  detach(): void;
  /** Drops this handle. The program stays attached only while the link is pinned. */
  close(): void;
}

export interface MapInfo extends MapDescription {
  id: number;
  memoryBytes: number;
}

/** Keys and values are raw bytes of the map's sizes; for per-CPU maps a value is all CPUs' values, each padded to 8. */
export class BpfMap {
  static openPinned(path: string): BpfMap;
  static create(description: MapDescription & { innerMapFd?: number }): BpfMap;
  readonly fd: number;
  info(): MapInfo;
  /** undefined when there is no such key */
  get(key: Uint8Array, flags?: number): Uint8Array | undefined;
  set(key: Uint8Array, value: Uint8Array, flags?: number): void;
  /** false when there was no such key */
  delete(key: Uint8Array): boolean;
  nextKey(key?: Uint8Array): Uint8Array | undefined;
  /** The cursor is opaque; an undefined one starts, and comes back at the end. ENOSPC: a hash bucket has more than `count`. */
  getBatch(
    cursor: Uint8Array | undefined,
    count: number,
  ): { keys: Uint8Array; values: Uint8Array; count: number; cursor: Uint8Array | undefined };
  setBatch(keys: Uint8Array, values: Uint8Array, count: number): void;
  deleteBatch(keys: Uint8Array, count: number): void;
  /**
   * Maps a BPF_F_MMAPABLE array, each value at a multiple of 8 bytes; the memory is shared with the kernel until close(), which
   * detaches the ArrayBuffer. Once per handle. Writing to memory mapped read-only ends the process with SIGSEGV.
   */
  mmap(writable: boolean): ArrayBuffer;
  freeze(): void;
  pin(path: string): void;
  close(): void;
}

export interface BtfParameter {
  name: string;
  typeName: string;
  kind: string;
  size: number;
}
export interface BtfMember {
  name: string;
  offsetBits: number;
  bitfieldBits: number;
  size: number;
  kind: string;
  typeName: string;
}
export class Btf {
  /** the running kernel's BTF, or (with a path) a raw BTF or ELF file; split BTF of a module takes `base` */
  constructor(path?: string, base?: Btf);
  /** a function, or a typedef of a pointer to functions, whose parameters may have no names */
  findFunction(name: string): { id: number; parameters: BtfParameter[]; returns: BtfParameter } | undefined;
  functionNames(prefix: string): string[];
  typedefNames(prefix: string): string[];
  findStruct(name: string): { size: number; members: BtfMember[] } | undefined;
  /** 'cred.uid.val' from struct task_struct: follows pointers; one step per pointer followed. */
  resolvePath(
    structName: string,
    path: string,
  ): {
    steps: { offset: number; followsPointer: boolean }[];
    bitOffset: number;
    bitSize: number;
    size: number;
    kind: string;
    typeName: string;
  };
  findEnum(name: string): Map<string, bigint> | undefined;
  close(): void;
}

/** Address and module of each symbol with that name; empty when it is unknown or kptr_restrict hides it. */
export function findKernelSymbols(
  names: string[],
): { name: string; address: bigint; module: string; type: string }[];

/**
 * libbpf_probe_bpf_prog_type and friends: true when the kernel has it. A tracing program is tried as fentry. EOPNOTSUPP: libbpf
 * cannot tell (types it does not know; helpers of tracing, lsm, ext and struct_ops programs).
 */
export function probeProgramType(type: number): boolean;
export function probeMapType(type: number): boolean;
export function probeHelper(programType: number, helper: number): boolean;
export function libbpfVersion(): string;
export function possibleCpus(): number;
/** Has the kernel count runs and time of all eBPF programs (ProgramInfo) until the descriptor is closed. */
export function enableRunStatistics(): number;

export interface RingReaderOptions {
  /** one ring buffer map per lane; the index is the lane that a batch names */
  rings: BpfMap[];
  /** bytes of one batch buffer */
  batchBytes: number;
  /** buffers in all: when JavaScript holds them all, records stay in the kernel's ring (and are counted there) */
  batches: number;
  /** after a wake-up the thread waits so long, so that one batch takes more records, unless a ring is half full; 0 = none */
  coalesceMs: number;
}
/** A batch: records back to back, each 8-byte aligned, each as `u32 length, u32 lane` then the record's bytes. */
export type BatchCallback = (buffer: ArrayBuffer, bytes: number, records: number, index: number) => void;
/**
 * Reads rings on a thread of its own. What the thread has taken out of a ring always reaches `onBatch`, in order. Each batch is
 * filled from lane 0 first. Between two turns of the event loop no more batches come than were ready at the first.
 * An exception of `onBatch` is an uncaught exception; its batch counts as handed over.
 */
export class RingReader {
  constructor(options: RingReaderOptions, onBatch: BatchCallback);
  /** A running reader keeps the process alive and itself from being collected. */
  start(): void;
  /** Hands a batch buffer back; its contents may change at once. After close() it does nothing. */
  release(index: number): void;
  /**
   * Reads what is in the rings now, on the calling thread, after stop(). Returns the number of batches handed over, 0 when the
   * rings are empty; when that is as many as there are buffers, release them and call again. ENOBUFS: none was free.
   */
  drain(): number;
  /**
   * Signals the thread, joins it, calls `onBatch` for what it had taken, and returns when no further callback will come. Records
   * still in the rings stay there for drain(), start() or another process.
   */
  stop(): void;
  /**
   * `oversized` records could be in no batch and were skipped (the hole in their sequence shows them); `waitedForBuffer` is how
   * often the thread found every buffer in JavaScript's hands.
   */
  stats(): {
    wakeups: bigint;
    batches: bigint;
    records: bigint;
    bytes: bigint;
    waitedForBuffer: bigint;
    oversized: bigint;
  };
  /** Bytes that wait in each ring, by lane. */
  pendingBytes(): number[];
  /** stop(), then frees everything. */
  close(): void;
}

/** Credentials of the peer of a connected unix socket (SO_PEERCRED). */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number };
/** flock(LOCK_EX|LOCK_NB) on a file that is created when missing; undefined when another process holds it. Closing the fd releases. */
export function lockFile(path: string): number | undefined;
/** Seconds-free clocks, in nanoseconds. */
export function clockBoottimeNs(): bigint;
export function clockRealtimeNs(): bigint;
/** Opens a pidfd; throws ESRCH when the process is gone. */
export function pidfdOpen(pid: number): number;
/** Mounts a filesystem (mount(2)); used for bpffs. */
export function mountFs(type: string, target: string): void;
/** Restricts the calling thread and every thread it starts later to the given CPUs (sched_setaffinity). */
export function pinToCpus(cpus: number[]): void;
/**
 * Returns when every eBPF program that was running has ended: membarrier(2) waits for an RCU grace period. At once and false
 * on a kernel with nohz_full, which has no such wait.
 */
export function waitForRunningPrograms(): boolean;
/**
 * Lets SIGTRAP have no effect. A perf event of another process can send it from within the kernel (sigtrap of
 * perf_event_attr), past what refuses signals; since Linux 5.19 it can be ignored (send_sig_perf, kernel/signal.c).
 */
export function ignoreTraps(): void;
/**
 * Gives the calling thread and every thread it starts later the policy SCHED_BATCH: the same share of the CPU, but a
 * wake-up does not interrupt what runs there (check_preempt_wakeup_fair, kernel/sched/fair.c).
 */
export function useBatchScheduling(): void;
