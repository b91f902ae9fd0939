// SPDX-License-Identifier: Apache-2.0
import type { Action } from './model.ts';
import type { HookKind } from './scope.ts';

export type ActionKind = Action['kind'];

/** What an action takes. A parameter that is in neither list has no effect on it and is refused. */
export interface ActionRule {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** hooks that can carry it; all of them without */
  readonly hooks?: readonly HookKind[];
  /** why other hooks cannot */
  readonly reason?: string;
}

const NO_RETURN = 'only a call of the kernel or of a program can be made to return something else';
const NO_AGENT = 'the agent does not act on events of this kind of hook';
const KERNEL: readonly HookKind[] = ['kprobe', 'fentry', 'tracepoint'];

export const ACTION_RULES: Readonly<Record<ActionKind, ActionRule>> = {
  Post: {
    required: [],
    optional: ['rateLimit', 'rateLimitScope', 'kernelStackTrace', 'userStackTrace', 'imaHash'],
  },
  NoPost: { required: [], optional: [] },
  // Policies for Tetragon have these two where they once had an Override; they say nothing.
  Sigkill: { required: [], optional: ['argError', 'argSig'] },
  Signal: { required: ['argSig'], optional: [] },
  Override: {
    required: [],
    optional: ['argError', 'argRegs', 'argNewSymbol', 'argNewAddr', 'argNewOffset'],
    hooks: ['kprobe', 'fentry', 'lsm', 'uprobe'],
    reason: NO_RETURN,
  },
  GetUrl: { required: ['argUrl'], optional: [], hooks: KERNEL, reason: NO_AGENT },
  DnsLookup: { required: ['argFqdn'], optional: [], hooks: KERNEL, reason: NO_AGENT },
  TrackSock: { required: [], optional: ['argSock'], hooks: KERNEL, reason: 'it has no sockets to track' },
  UntrackSock: { required: [], optional: ['argSock'], hooks: KERNEL, reason: 'it has no sockets to track' },
  NotifyEnforcer: {
    required: [],
    optional: ['argError', 'argSig'],
    hooks: KERNEL,
    reason: 'enforcers follow calls of the kernel',
  },
  CleanupEnforcerNotification: {
    required: [],
    optional: [],
    hooks: KERNEL,
    reason: 'enforcers follow calls of the kernel',
  },
  Set: {
    required: ['argValue'],
    optional: ['argIndex'],
    hooks: ['usdt'],
    reason: 'only an argument of a USDT probe can be written',
  },
};

/** LSM hooks whose file can be hashed with bpf_ima_file_hash(). */
export const IMA_HOOKS: readonly string[] = [
  ...['bprm_check_security', 'bprm_committed_creds', 'bprm_committing_creds', 'bprm_creds_from_file'],
  ...['file_ioctl', 'file_lock', 'file_open', 'file_post_open', 'file_receive', 'mmap_file'],
];
