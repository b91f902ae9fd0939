// SPDX-License-Identifier: Apache-2.0
import type { HookRecord } from '../events/hook-record.ts';
import type { Hook } from '../events/hook.ts';
import type { HookOccurrence } from '../process/event.ts';
import type { Process } from '../process/process.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { BuildIdFinder } from './hook-extras.ts';
import { appendImaHash, appendLoaderFields } from './hook-extras.ts';
import type { PreparedHook, PreparedPolicy, PreparedRule } from './hook-fragments.ts';
import { prepareHook } from './hook-fragments.ts';
import { HookDetails } from './hook-details.ts';
import type { HookCounts, HookJsonOptions } from './hook-options.ts';
import { enrichmentJson } from './merlon-json.ts';
import { StackWriter } from './stack-json.ts';
import type { PreparedValue } from './value-json.ts';
import { appendValue } from './value-json.ts';

/** What all events have in common, as JsonEncoder writes it. */
export interface EventFrame {
  /** `{"TYPE":{"process":…`; `tid` is shown instead of the process's own */
  open(opening: Uint8Array, process: Process, tid: number): void;
  /** `,"parent":…` */
  parent(process: Process): void;
  /** `,"ancestors":…` */
  ancestors(process: Process): void;
  /** Closes the event's object and opens `merlon` with the ancestry. */
  tail(ktime: bigint, process: Process): void;
}

/** As Tetragon shows a hit of what it does not know any more. */
const UNKNOWN_OPENING = Buffer.from('{"process_tracepoint":{"process":');
const UNKNOWN_HEAD = Buffer.from(',"subsys":"UNKNOWN","event":"UNKNOWN","action":"KPROBE_ACTION_POST"');
const ARGS = Buffer.from(',"args":');
const DATA = Buffer.from(',"data":');
const RETURN = Buffer.from(',"return":');
const LIST = Buffer.from('[');
const END_OF_LIST = Buffer.from(']');
const END = Buffer.from('}}\n');

/** Writes the events of a hook's record: one for each policy that matched. */
export class HookJson {
  readonly #out: ChunkWriter;
  readonly #frame: EventFrame;
  readonly #options: HookJsonOptions;
  readonly #prepared = new WeakMap<Hook, PreparedHook>();
  readonly #stacks: StackWriter;
  readonly #details: HookDetails;
  #unknown = 0;
  #silent = 0;

  constructor(out: ChunkWriter, frame: EventFrame, options: HookJsonOptions) {
    this.#out = out;
    this.#frame = frame;
    this.#options = options;
    this.#stacks = new StackWriter(out, options);
    this.#details = new HookDetails(out);
  }

  get counts(): HookCounts {
    return { unknown: this.#unknown, silent: this.#silent };
  }

  /** Returns how many events were written. */
  append(occurrence: HookOccurrence): number {
    const { record } = occurrence;
    const hook = this.#options.findHook(record.generation, record.hook);
    if (hook === undefined) {
      this.#appendUnknown(occurrence);
      return 1;
    }
    const prepared = this.#prepare(hook);
    let events = 0;
    for (let bit = record.nextRule(0); bit >= 0;) {
      const policy = prepared.policyOfRule[bit];
      const first = policy?.policy.firstRule ?? bit;
      const rule = policy?.rules[bit - first];
      if (policy !== undefined && rule?.shows === true) {
        if (prepared.kind === 'loader') this.#appendLoader(occurrence, policy, rule);
        else this.#appendEvent(occurrence, prepared, policy, rule);
        events++;
      }
      // One event for a policy: its first rule decides.
      bit = record.nextRule(first + (policy?.rules.length ?? 1));
    }
    if (events === 0) this.#silent++;
    return events;
  }

  #prepare(hook: Hook): PreparedHook {
    let prepared = this.#prepared.get(hook);
    if (prepared === undefined) {
      prepared = prepareHook(hook);
      this.#prepared.set(hook, prepared);
    }
    return prepared;
  }

  #appendEvent(
    occurrence: HookOccurrence,
    { kind, hasStacks }: PreparedHook,
    policy: PreparedPolicy,
    rule: PreparedRule,
  ): void {
    const { record, process } = occurrence;
    const out = this.#out;
    this.#frame.open(policy.opening, process, record.tid);
    this.#frame.parent(process);
    out.append(policy.head);
    this.#appendList(ARGS, record, policy.args);
    if (policy.returnValue !== undefined) {
      out.append(RETURN);
      appendValue(out, record, policy.returnValue, this.#details.shortfall);
    }
    out.append(rule.afterArgs);
    if (hasStacks) this.#appendKernelStack(record, rule);
    out.append(rule.afterStack);
    if (hasStacks) this.#appendUserStack(occurrence, rule);
    if (this.#options.ancestors.has(kind)) this.#frame.ancestors(process);
    out.append(rule.afterAncestors);
    this.#appendList(DATA, record, policy.data);
    if (rule.imaHash) appendImaHash(out, record, this.#details.shortfall);
    this.#openDetails(occurrence, policy, rule);
    if (!hasStacks) this.#appendKernelStack(record, rule);
    if (!hasStacks) this.#appendUserStack(occurrence, rule);
    this.#close(occurrence);
  }

  #appendKernelStack(record: HookRecord, rule: PreparedRule): void {
    if (rule.kernelStack) this.#stacks.appendKernel(record, this.#details);
  }

  #appendUserStack({ record, process }: HookOccurrence, rule: PreparedRule): void {
    if (rule.userStack) this.#stacks.appendUser(record, process, this.#details);
  }

  /** process_loader has its own fields, and the parent behind them. */
  #appendLoader(occurrence: HookOccurrence, policy: PreparedPolicy, rule: PreparedRule): void {
    const { record, process } = occurrence;
    this.#frame.open(policy.opening, process, record.tid);
    const findBuildId: BuildIdFinder = (path, inode) => this.#options.findBuildId(process.tgid, path, inode);
    appendLoaderFields(this.#out, record, policy.args, this.#details.shortfall, findBuildId);
    this.#frame.parent(process);
    if (this.#options.ancestors.has('loader')) this.#frame.ancestors(process);
    this.#openDetails(occurrence, policy, rule);
    this.#close(occurrence);
  }

  #openDetails({ record, process, ktime }: HookOccurrence, policy: PreparedPolicy, rule: PreparedRule): void {
    this.#frame.tail(ktime, process);
    this.#out.append(rule.details);
    this.#details.appendVerdict(record, rule);
    this.#details.appendSockOwner(record, policy, process.nodeName);
  }

  #close({ enrichment }: HookOccurrence): void {
    this.#details.appendShortfall();
    this.#details.appendBuildIds();
    if (enrichment !== undefined) this.#out.appendAscii(enrichmentJson(enrichment));
    this.#out.append(END);
  }

  /** Of a generation that is gone: what came by is known, what it hit is not. */
  #appendUnknown({ record, process, ktime }: HookOccurrence): void {
    this.#unknown++;
    this.#frame.open(UNKNOWN_OPENING, process, record.tid);
    this.#frame.parent(process);
    this.#out.append(UNKNOWN_HEAD);
    if (this.#options.ancestors.has('tracepoint')) this.#frame.ancestors(process);
    this.#frame.tail(ktime, process);
    this.#out.appendAscii(enrichmentJson('hook_unknown'));
    this.#out.append(END);
  }

  #appendList(key: Uint8Array, record: HookRecord, values: readonly PreparedValue[]): void {
    if (values.length === 0) return;
    const out = this.#out;
    out.append(key);
    out.append(LIST);
    for (const value of values) {
      out.appendSeparator();
      appendValue(out, record, value, this.#details.shortfall);
    }
    out.append(END_OF_LIST);
  }
}
