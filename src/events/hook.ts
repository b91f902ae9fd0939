// SPDX-License-Identifier: Apache-2.0
/**
 * What user space knows of a hook that is in the kernel: enough to turn its records into events, one per policy that
 * matched. The plan makes it; decoders and encoders read it.
 */

/** How the kernel side sends a value; each form has its data as bpf/events.h describes. */
export type ValueForm =
  /** 8 bytes, sign-extended; of a syscall64 the number of the syscall, with bit 31 set for the 32-bit ABI */
  | 'number'
  /** bytes of a string without its NUL */
  | 'string'
  | 'bytes'
  /** struct value_path */
  | 'path'
  /** struct value_sock */
  | 'sock'
  /** struct value_sockaddr */
  | 'sockaddr'
  /** family, then the path */
  | 'sockaddr_un'
  | 'cred'
  | 'user_namespace'
  | 'bpf'
  | 'perf_event'
  | 'module';

/** One entry of a hook's list of values. Policies that want the same value share it. */
export interface HookValue {
  readonly form: ValueForm;
  /** model.ArgumentType after `auto` was resolved: decides how the value is shown */
  readonly type: string;
  /** for numbers */
  readonly signed: boolean;
}

/** One value as one policy wants to see it. */
export interface ShownValue {
  /** position in Hook.values */
  readonly entry: number;
  readonly label: string | undefined;
}

/** What a rule's actions show in the event. */
export interface HookRule {
  /** selector's label */
  readonly label: string | undefined;
  /** tetragon.KprobeAction of the event, without KPROBE_ACTION_: POST, NOPOST, SIGKILL … */
  readonly action: string;
  readonly returnAction: string | undefined;
  /** which of the record's extras this rule asked for: another policy's rule may have wanted them */
  readonly kernelStack: boolean;
  readonly userStack: boolean;
  readonly imaHash: boolean;
  /** what the agent does for each event of the rule; none when absent */
  readonly requests?: readonly HookRequest[];
  /** what it does to the operation and its process; undefined when it only observes */
  readonly enforcement?:
    | {
        /** a negative errno, 0 for none */
        readonly error: number;
        /** 0 for none */
        readonly signal: number;
        readonly rung: Rung;
        /** the hooked function of a program does not run */
        readonly leaves?: boolean;
        /** it has enforcers do this later, in the same process */
        readonly notification?: { readonly error: number; readonly signal: number };
        /** it is an enforcer: the record says what it has done */
        readonly acts?: boolean;
      }
    | undefined;
}

/**
 * How an operation is denied or its process killed, the strongest first; docs/enforcement.md says what each guarantees.
 * `override`: of a
 * function that errors can be injected into. `registers`, `memory`: of a program of user space, which goes on with others. `enforcer`: another
 * hook of the policy is told to. `none`: this kernel cannot, and the policy accepts that.
 */
export type Rung = 'lsm' | 'fmod_ret' | 'override' | 'registers' | 'memory' | 'signal' | 'enforcer' | 'none';

/** A request that the agent sends: an HTTP GET of a URL, or a look-up of a name. */
export type HookRequest =
  { readonly kind: 'url'; readonly url: string } | { readonly kind: 'dns'; readonly name: string };

/** A policy's part of a hook: one of its hook entries. */
export interface HookPolicy {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly message: string;
  readonly tags: readonly string[];
  /** bits [firstRule, firstRule + rules.length) of the record's words */
  readonly firstRule: number;
  readonly rules: readonly HookRule[];
  readonly args: readonly ShownValue[];
  readonly data: readonly ShownValue[];
  readonly returnValue: ShownValue | undefined;
}

/** What the policy hooked, as its events name it. */
export type HookTarget =
  | { readonly kind: 'kprobe' | 'lsm'; readonly functionName: string }
  | { readonly kind: 'tracepoint'; readonly subsystem: string; readonly event: string }
  | {
      readonly kind: 'uprobe';
      readonly path: string;
      readonly symbol: string;
      readonly offset: bigint;
      readonly refCtrOffset: bigint;
    }
  | { readonly kind: 'usdt'; readonly path: string; readonly provider: string; readonly name: string }
  /** the policy's args are the path (string or path), then the build id (bytes) */
  | { readonly kind: 'loader' };

export interface Hook {
  readonly id: number;
  readonly target: HookTarget;
  readonly values: readonly HookValue[];
  readonly policies: readonly HookPolicy[];
}

/** Finds the hook of a record; undefined for a generation that is gone. */
export type FindHook = (generation: number, id: number) => Hook | undefined;
