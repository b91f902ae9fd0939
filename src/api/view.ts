// SPDX-License-Identifier: Apache-2.0
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { SetChanges } from '../plan/compare-sets.ts';
import type { PolicyText } from '../policy/index.ts';
import type { PolicyName } from '../sensor/policy-set.ts';
import type { GetStatusResponseSchema } from './gen/merlon/agent_pb.js';

/** What the agent shows to its door: the services read the agent only through this. */
export interface AgentView {
  readonly version: string;
  health(): AgentHealth;
  /** The door adds the subscribers. */
  status(): AgentStatus;
  /** Each known process as tetragon.Process in export form, parents before their children. */
  processes(): Iterable<JsonObject>;
  /** In the order in which they were loaded. */
  policies(): PolicyView[];
  /** As policies(), with the runs of the `durationMs` from now on, and their time. */
  measurePolicies(durationMs: number): Promise<PolicyView[]>;
  readonly policyChanges: PolicyChanges;
  readonly feed: EventFeed;
}

/** Changes of the policies: each is in force when it settles, or rejects with a PolicyRefusal and nothing has changed. */
export interface PolicyChanges {
  add(texts: readonly PolicyText[], domain: string, replace: boolean): Promise<AddedPolicy[]>;
  /** What would change if these were the whole set; refused as add() is, for what is wrong with a text. */
  compare(texts: readonly PolicyText[]): Promise<SetChanges>;
  delete(name: PolicyName): Promise<void>;
  enable(name: PolicyName): Promise<void>;
  disable(name: PolicyName): Promise<void>;
  /** from the next hit on */
  setMode(name: PolicyName, mode: 'enforce' | 'monitor'): Promise<void>;
}

export interface AddedPolicy {
  readonly namespace: string;
  readonly name: string;
  /** whether there was one of this name */
  readonly replaced: boolean;
}

/** A policy that the agent was given. */
export interface PolicyView {
  readonly name: string;
  readonly namespace: string;
  readonly domain: string;
  readonly id: number;
  readonly state: 'enabled' | 'disabled' | 'load_error';
  /** where it was read */
  readonly file: string;
  /** `monitor_only`: it has nothing to enforce */
  readonly mode: 'enforce' | 'monitor' | 'monitor_only';
  /** why it is not in force, else empty */
  readonly error: string;
  readonly kernelMemoryBytes: number;
  readonly hooks: readonly {
    readonly id: number;
    /** way of attaching and place, such as `fentry:tcp_connect` */
    readonly attachedTo: string;
    /** why it is not attached in the cheapest way; undefined when it is */
    readonly why: string | undefined;
    /** policies that share this program */
    readonly policies: number;
    /** while the kernel measures (sysctl kernel.bpf_stats_enabled) */
    readonly runs: bigint;
    readonly runTimeNs: bigint;
    readonly selectors: readonly SelectorView[];
  }[];
}

/** A selector on a hook, with what it has counted since the policy came into force. */
export interface SelectorView {
  readonly label: string;
  /** tetragon.KprobeAction without KPROBE_ACTION_ */
  readonly action: string;
  /** how it denies or kills (events/hook.ts, Rung); empty where it only observes */
  readonly rung: string;
  /** times that it decided for the policy */
  readonly hits: bigint;
  /** of these, events that its rateLimit kept back */
  readonly suppressed: bigint;
}

export interface AgentHealth {
  readonly state: 'running' | 'stopped' | 'error';
  /** One sentence. */
  readonly details: string;
}

export type AgentStatus = Omit<
  MessageInitShape<typeof GetStatusResponseSchema>,
  'subscribers' | '$typeName' | '$unknown'
>;

/** Where events leave the pipeline, for readers inside this process. */
export interface EventFeed {
  /**
   * The listener gets chunks of `count` complete export-form JSON lines, each ended by a newline. The bytes may be used
   * again after it returns, so it copies what it keeps; it never throws and never waits. The result ends the
   * subscription.
   */
  subscribe(listener: (chunk: Uint8Array, count: number) => void): () => void;
}
