// SPDX-License-Identifier: Apache-2.0
/**
 * A TracingPolicy after it was read, checked and normalised: defaults are filled in, macros are expanded, aliases of types
 * and operators are folded into one name, values are parsed. What needs facts of the kernel (does the function exist, what
 * is the argument's type, what does a list expand to) is left to src/plan/, which finds the place of each part in `at`.
 */
import type { SourcePosition } from '../base/source-position.ts';
import type { CelNode } from './cel-node.ts';

export interface Policy {
  readonly kind: 'TracingPolicy' | 'TracingPolicyNamespaced';
  readonly name: string;
  /** of a TracingPolicyNamespaced */
  readonly namespace: string | undefined;
  /** `merlon.dev/NAME` annotations by NAME */
  readonly extensions: ReadonlyMap<string, string>;
  readonly at: SourcePosition;
  readonly hooks: readonly Hook[];
  /** spec.loader: a process_loader event for each ELF file that is mapped executable */
  readonly loader: boolean;
  readonly lists: readonly List[];
  readonly enforcers: readonly Enforcer[];
  readonly workload: Workload;
  readonly nodeSelector: LabelSelector | undefined;
  readonly options: PolicyOptions;
}

export interface PolicyOptions {
  readonly disableKprobeMulti: boolean;
  readonly disableUprobeMulti: boolean;
  /** `policy-mode`; undefined leaves it to the agent */
  readonly mode: 'enforce' | 'monitor' | undefined;
  readonly overrideMethod: 'fmod-ret' | 'override-return' | undefined;
  /** entries that Tetragon would have for texts of user space; absent leaves it to the agent */
  readonly sleepablePreloadSize?: number;
}

export interface LabelSelector {
  readonly matchLabels: ReadonlyMap<string, string>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values: readonly string[];
  }[];
}

/** Where a policy or one selector applies; all undefined: everywhere. */
export interface Workload {
  readonly podSelector: LabelSelector | undefined;
  readonly containerSelector: LabelSelector | undefined;
  /** hostSelector: {} */
  readonly host: boolean;
  readonly at: SourcePosition;
}

export interface List {
  readonly name: string;
  readonly type: 'plain' | 'syscalls' | 'generated_syscalls' | 'generated_ftrace';
  readonly values: readonly string[];
  readonly pattern: string | undefined;
  readonly validated: boolean;
  readonly at: SourcePosition;
}

export interface Enforcer {
  readonly calls: readonly Call[];
  readonly at: SourcePosition;
}

/** A function or syscall by name, or a list of them. */
export type Call =
  | { readonly kind: 'function'; readonly name: string; readonly at: SourcePosition }
  | { readonly kind: 'list'; readonly list: List; readonly at: SourcePosition };

interface HookCommon {
  readonly at: SourcePosition;
  readonly args: readonly Argument[];
  /** from current_task or pt_regs */
  readonly data: readonly Argument[];
  readonly selectors: readonly Selector[];
  readonly message: string;
  readonly tags: readonly string[];
}

interface ReturnHook {
  /** `return: true`: the hook reports when the function returns */
  readonly returnArg: Argument | undefined;
  readonly returnArgAction: 'TrackSock' | 'UntrackSock' | undefined;
}

export interface KprobeHook extends HookCommon, ReturnHook {
  readonly kind: 'kprobe' | 'fentry';
  readonly call: Call;
  /** `call` names a syscall, with or without its sys_ prefix or that of an architecture */
  readonly syscall: boolean;
  readonly ignoreCallNotFound: boolean;
}

export interface TracepointHook extends HookCommon {
  readonly kind: 'tracepoint';
  readonly subsystem: string;
  readonly event: string;
  readonly raw: boolean;
}

export interface LsmHook extends HookCommon {
  readonly kind: 'lsm';
  /** without bpf_lsm_ */
  readonly hook: string;
}

export interface UprobeHook extends HookCommon, ReturnHook {
  readonly kind: 'uprobe';
  readonly path: string;
  readonly btfPath: string | undefined;
  readonly target:
    | { readonly by: 'symbol'; readonly symbols: readonly string[] }
    | { readonly by: 'offset'; readonly offsets: readonly bigint[] }
    | { readonly by: 'address'; readonly addresses: readonly bigint[] };
  readonly refCtrOffsets: readonly bigint[];
  readonly binaryDigests: readonly { readonly algorithm: string; readonly value: string }[];
  readonly ignoreDigestVerificationFailure: boolean;
}

export interface UsdtHook extends HookCommon {
  readonly kind: 'usdt';
  readonly path: string;
  readonly btfPath: string | undefined;
  readonly provider: string;
  readonly name: string;
}

export type Hook = KprobeHook | TracepointHook | LsmHook | UprobeHook | UsdtHook;

/** The CRD's names with their aliases folded: sint32 and int32 are int, sint64 and int64 are long, size_t is uint64. */
export const ARGUMENT_TYPES = [
  ...['auto', 'int8', 'uint8', 'int16', 'uint16', 'int', 'uint32', 'long', 'uint64'],
  ...[
    'string',
    'char_buf',
    'char_iovec',
    'const_buf',
    'data_loc',
    'filename',
    'fd',
    'file',
    'path',
    'dentry',
  ],
  ...['kiocb', 'iov_iter', 'linux_binprm', 'skb', 'sock', 'socket', 'sockaddr', 'sockaddr_un', 'net_device'],
  ...['cred', 'capability', 'kernel_cap_t', 'cap_inheritable', 'cap_permitted', 'cap_effective'],
  ...['user_namespace', 'bpf_attr', 'bpf_map', 'bpf_prog', 'bpf_cmd', 'perf_event', 'load_info', 'module'],
  ...['syscall64', 'nop'],
] as const;
export type ArgumentType = (typeof ARGUMENT_TYPES)[number];

export interface Argument {
  /** position in the function, or in the tracepoint's format */
  readonly index: number;
  readonly type: ArgumentType;
  /** the type as the policy spells it */
  readonly spelling: string;
  readonly source: 'argument' | 'current_task' | 'pt_regs';
  /** dotted path through struct members, '' for the argument itself */
  readonly resolve: string;
  readonly btfType: string | undefined;
  readonly btfTypeModule: string | undefined;
  /** position in the function of the argument that holds the size, from 0; undefined without */
  readonly sizeArgument: number | undefined;
  readonly returnCopy: boolean;
  readonly maxData: boolean;
  readonly label: string | undefined;
  readonly at: SourcePosition;
  /** where these fields stand; `at` for those that are not written */
  readonly fieldAt: Readonly<Record<'index' | 'type' | 'resolve', SourcePosition>>;
}

/** Conditions are ANDed; macros are expanded into it. A hook's selectors are ORed, the first that matches wins. */
export interface Selector {
  readonly label: string | undefined;
  readonly pids: readonly PidCondition[];
  readonly args: readonly ValueCondition[];
  readonly data: readonly ValueCondition[];
  readonly returnArgs: readonly ValueCondition[];
  readonly binaries: readonly BinaryCondition[];
  readonly parentBinaries: readonly BinaryCondition[];
  readonly namespaces: readonly NamespaceCondition[];
  readonly namespaceChanges: readonly NamespaceChangeCondition[];
  readonly capabilities: readonly CapabilityCondition[];
  readonly capabilityChanges: readonly CapabilityCondition[];
  readonly workload: Workload | undefined;
  readonly actions: readonly Action[];
  readonly returnActions: readonly Action[];
  readonly at: SourcePosition;
}

export interface PidCondition {
  readonly negated: boolean;
  readonly values: readonly number[];
  readonly isNamespacePid: boolean;
  readonly followForks: boolean;
  readonly at: SourcePosition;
}

export interface BinaryCondition {
  readonly negated: boolean;
  readonly match: 'exact' | 'prefix' | 'postfix';
  readonly values: readonly string[];
  readonly followChildren: boolean;
  readonly at: SourcePosition;
}

export const NAMESPACE_KINDS = [
  ...['Uts', 'Ipc', 'Mnt', 'Pid', 'PidForChildren', 'Net', 'Time', 'TimeForChildren', 'Cgroup', 'User'],
] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

export interface NamespaceCondition {
  readonly namespace: NamespaceKind;
  readonly negated: boolean;
  /** inode numbers; 'host_ns' is the namespace of the host's first process */
  readonly values: readonly (number | 'host_ns')[];
  readonly at: SourcePosition;
}

export interface NamespaceChangeCondition {
  readonly negated: boolean;
  readonly values: readonly NamespaceKind[];
  readonly at: SourcePosition;
}

export interface CapabilityCondition {
  readonly set: 'Effective' | 'Inheritable' | 'Permitted';
  readonly negated: boolean;
  /** only of processes in a user namespace other than the host's */
  readonly isNamespaceCapability: boolean;
  /** bit n for capability n */
  readonly mask: bigint;
  readonly at: SourcePosition;
}

/** What a condition compares; `negated` beside it turns it round. Each holds what its operator's values parse to. */
export type Operand =
  /** Equal of numbers; a list:NAME of syscalls stands in `lists` */
  | { readonly op: 'numbers'; readonly values: readonly bigint[]; readonly lists: readonly List[] }
  /**
   * InRange, GreaterThan, LessThan, InMap: inclusive, as the value's own type orders them. Of a value of type `auto` they
   * can go on beyond what its type holds, up to -2^63 and 2^64-1.
   */
  | { readonly op: 'ranges'; readonly ranges: readonly { readonly from: bigint; readonly to: bigint }[] }
  /** Mask: any of these bits */
  | { readonly op: 'mask'; readonly values: readonly bigint[] }
  | {
      readonly op: 'strings';
      readonly match: 'exact' | 'prefix' | 'postfix' | 'substring';
      readonly ignoreCase: boolean;
      readonly values: readonly string[];
    }
  /** SAddr, DAddr: networks; `bytes` of 4 or 16 */
  | {
      readonly op: 'addresses';
      readonly side: 'source' | 'destination';
      readonly networks: readonly { readonly address: Uint8Array; readonly prefixLength: number }[];
    }
  | {
      readonly op: 'ports';
      readonly side: 'source' | 'destination';
      readonly ranges: readonly { readonly from: number; readonly to: number }[];
    }
  | {
      readonly op: 'socketField';
      readonly field: 'protocol' | 'family' | 'state';
      readonly values: readonly number[];
    }
  /** S_IFMT >> 12 */
  | { readonly op: 'fileType'; readonly values: readonly number[] }
  /** `against`: entry of the hook's args that holds the old set */
  | { readonly op: 'capabilitiesGained'; readonly against: number }
  | { readonly op: 'cel'; readonly expression: CelNode; readonly at: SourcePosition };

export interface ValueCondition {
  /** entry in the hook's `args` (matchArgs), `data` (matchData); 0 for matchReturnArgs and for `cel`, which names entries itself */
  readonly entry: number;
  /** the operator as the policy spells it */
  readonly operator: string;
  readonly negated: boolean;
  readonly operand: Operand;
  readonly at: SourcePosition;
}

export interface RateLimit {
  readonly intervalMs: number;
  readonly scope: 'thread' | 'process' | 'global';
}

export type Action =
  | {
      readonly kind: 'Post';
      readonly rateLimit: RateLimit | undefined;
      readonly kernelStackTrace: boolean;
      readonly userStackTrace: boolean;
      readonly imaHash: boolean;
      readonly at: SourcePosition;
    }
  | { readonly kind: 'NoPost'; readonly at: SourcePosition }
  | { readonly kind: 'Sigkill'; readonly at: SourcePosition }
  | { readonly kind: 'Signal'; readonly signal: number; readonly at: SourcePosition }
  | {
      readonly kind: 'Override';
      /** what is returned, mostly a negative errno; undefined when registers or the program counter are set */
      readonly error: number | undefined;
      readonly registers: readonly string[];
      readonly newSymbol: string | undefined;
      readonly newAddress: bigint | undefined;
      readonly newOffset: bigint | undefined;
      readonly at: SourcePosition;
    }
  | { readonly kind: 'GetUrl'; readonly url: string; readonly at: SourcePosition }
  | { readonly kind: 'DnsLookup'; readonly fqdn: string; readonly at: SourcePosition }
  /** `argument`: entry of the hook's args */
  | { readonly kind: 'TrackSock' | 'UntrackSock'; readonly argument: number; readonly at: SourcePosition }
  | {
      readonly kind: 'NotifyEnforcer';
      readonly error: number;
      readonly signal: number;
      readonly at: SourcePosition;
    }
  | { readonly kind: 'CleanupEnforcerNotification'; readonly at: SourcePosition }
  /** `argument`: entry of the hook's args */
  | { readonly kind: 'Set'; readonly argument: number; readonly value: number; readonly at: SourcePosition };
