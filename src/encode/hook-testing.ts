// SPDX-License-Identifier: Apache-2.0
/** Hooks and their events for tests: a record's bytes go in, export-form events come out. */
import { BootClock } from '../base/boot-clock.ts';
import { decodeBatch } from '../events/decode.ts';
import { ExecFlag } from '../events/gen/layouts.ts';
import type { Hook, HookPolicy, HookRule, HookTarget, HookValue } from '../events/hook.ts';
import type { HookRecordFields, HookValueBytes } from '../events/testing.ts';
import { batchOf, hookRecordBytes } from '../events/testing.ts';
import { ProcessTable } from '../process/table.ts';
import { execRecord } from '../process/testing.ts';
import { ProcessTracker } from '../process/tracker.ts';
import type { HookJsonOptions } from './hook-options.ts';
import { NO_HOOKS } from './hook-options.ts';
import type { JsonOptions } from './json.ts';
import { JsonEncoder } from './json.ts';

/** An event as a reader of the export file has it. */
export type ExportedEvent = Record<string, unknown> & { readonly merlon: Record<string, unknown> };

export function ruleOf(changes: Partial<HookRule> = {}): HookRule {
  return {
    ...{ label: undefined, action: 'POST', returnAction: undefined },
    ...{ kernelStack: false, userStack: false, imaHash: false },
    ...changes,
  };
}

/** A policy with one rule, which shows the values `args` (by default none). */
export function policyOf(
  changes: Partial<Omit<HookPolicy, 'args'>> & { args?: readonly number[] } = {},
): HookPolicy {
  const { args = [], ...rest } = changes;
  return {
    ...{ name: 'policy', namespace: undefined, message: '', tags: [], firstRule: 0, rules: [ruleOf()] },
    ...{ data: [], returnValue: undefined },
    args: args.map((entry) => ({ entry, label: undefined })),
    ...rest,
  };
}

/** A value of the hook with the data of one record. */
export interface ValueSpec extends Omit<HookValueBytes, 'entry'> {
  readonly form: HookValue['form'];
  readonly type: string;
  readonly signed?: boolean;
}

export function valuesOf(specs: readonly ValueSpec[]): HookValue[] {
  return specs.map(({ form, type, signed = true }) => ({ form, type, signed }));
}

export function dataOf(specs: readonly ValueSpec[]): HookValueBytes[] {
  return specs.map(({ data, flags = 0 }, entry) => ({ entry, data, flags }));
}

/** Generation 1, hook 1; by default one policy that shows every value. */
export function hookOf(
  target: HookTarget,
  specs: readonly ValueSpec[],
  policies?: readonly HookPolicy[],
): Hook {
  return {
    id: 1,
    target,
    values: valuesOf(specs),
    policies: policies ?? [policyOf({ args: specs.map((_, index) => index) })],
  };
}

export interface EncodedHook {
  readonly events: ExportedEvent[];
  readonly lines: string[];
  readonly encoder: JsonEncoder;
}

/** Encodes a record that hits the hook: pid 100 (`/bin/sh`, start 1000, image 1100), child of sshd. */
export function encodeHook(
  hook: Hook | undefined,
  record: Partial<HookRecordFields>,
  options: Partial<HookJsonOptions> = {},
  jsonOptions: Partial<JsonOptions> = {},
): EncodedHook {
  const clock = new BootClock({ boottimeNs: () => 0n, realtimeNs: () => 1_700_000_000_123_456_789n });
  const lines: string[] = [];
  const tracker: ProcessTracker = new ProcessTracker('node', new ProcessTable(1 << 20), (event) =>
    encoder.append(event),
  );
  const findHook = (generation: number, id: number): Hook | undefined =>
    generation === 1 && id === hook?.id ? hook : undefined;
  const encoder: JsonEncoder = new JsonEncoder(
    clock,
    {
      ...{ nodeName: 'node', clusterName: undefined, ancestors: false, hooks: [] },
      ...{ credentials: false, namespaces: false, environment: false },
      ...{ hostNamespaces: tracker.hostNamespaces, userName: () => undefined },
      policyHooks: { ...NO_HOOKS, findHook, ...options },
      ...jsonOptions,
    },
    (chunk) => lines.push(...Buffer.from(chunk).toString().trimEnd().split('\n')),
  );
  const flags = ExecFlag.EXEC_SNAPSHOT | ExecFlag.EXEC_PARENT_KTHREAD;
  tracker.found(execRecord({ tgid: 1, startTime: 10n, imageTime: 10n, flags, path: '/sbin/init' }), 20n);
  tracker.exec(execRecord({ tgid: 50, startTime: 500n, path: '/usr/sbin/sshd' }));
  const parent = { tgid: 50, imageTime: 600n };
  tracker.exec(execRecord({ tgid: 100, startTime: 1000n, path: '/bin/sh', parent }));
  encoder.flush();
  lines.length = 0;
  const batch = batchOf([hookRecordBytes(record)]);
  decodeBatch(batch.buffer, batch.length, {
    ...{ exec: refuse, fork: refuse, exit: refuse, tracepoint: refuse, invalid: refuse },
    hook: (decoded) => tracker.hook(decoded),
  });
  encoder.flush();
  return { events: lines.map((line) => JSON.parse(line) as ExportedEvent), lines, encoder };
}

function refuse(found: unknown): never {
  throw new Error(`Expected a hook record: ${JSON.stringify(found)}`);
}

/** The only event of a record whose values all have data, without its type: `{process, parent, args …}`. */
export function encodeValues(
  target: HookTarget,
  specs: readonly ValueSpec[],
  more: readonly HookValueBytes[] = [],
): Record<string, unknown> & { readonly args: Record<string, unknown>[] } {
  const { events } = encodeHook(hookOf(target, specs), { values: [...dataOf(specs), ...more] });
  const [event] = events;
  if (event === undefined || events.length !== 1) throw new Error(`Expected one event: ${events.length}`);
  return event[`process_${target.kind}`] as Record<string, unknown> & { args: Record<string, unknown>[] };
}
