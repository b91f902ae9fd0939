// SPDX-License-Identifier: Apache-2.0
import { version } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { BpfMap, BpfProgram } from '../../native/index.d.ts';
import { EventLane, HookFlag, HookLimit, RuleAction } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import type { AttachTarget } from '../plan/attach-target.ts';
import { hasTrampoline } from '../plan/attach-target.ts';
import type { InstanceIdentity } from '../plan/config-bytes.ts';
import { actionBytes, actionFlags, configBytes, writesBytes } from '../plan/config-bytes.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import { RuleMask } from '../plan/rule-mask.ts';
import type { StringSecret } from '../plan/string-key.ts';
import { fillTables, shapeTables } from './hook-tables.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/hook.bpf.o', import.meta.url));

/**
 * Runs of hooks on one CPU that may be nested: a task, one that preempted it, interrupts. LSM programs can be preempted any
 * number of times where tasks are within the kernel; a kernel built so can be switched to it while it runs.
 */
const SCRATCH_SLOTS = /\bPREEMPT/.test(version()) ? 8 : 4;

const PROGRAMS: Readonly<Record<AttachTarget['by'], string>> = {
  fentry: 'hook_fentry',
  fexit: 'hook_fexit',
  lsm: 'hook_lsm',
  lsm_ima: 'hook_lsm',
  fmod_ret: 'hook_fmod_ret',
  kprobe: 'hook_kprobe',
  override: 'hook_kprobe',
  kretprobe: 'hook_return',
  tracepoint: 'hook_tracepoint',
  raw_tracepoint: 'hook_raw',
  follow: 'hook_raw',
  sys_enter: 'hook_raw',
  sys_exit: 'hook_raw',
  syscalls_enter: 'hook_raw',
  syscalls_exit: 'hook_raw',
  kprobe_multi: 'hook_kprobe_multi',
  uprobe: 'hook_uprobe',
  uretprobe: 'hook_return',
  usdt: 'hook_uprobe',
};

/** Arguments of functions that have not returned; only where they are wanted at the return. */
const CALL_ENTRIES = 'call_entries';

/** Of bpf/override.bpf.c: what the hook's program has decided. */
export const OVERRIDES_MAP = 'overrides';

/** Maps that all hooks share, by their name in bpf/hook.bpf.c. */
export type SharedMaps = ReadonlyMap<string, BpfMap>;

/** Of bpf/lib/follow.h: there only while a policy needs it. */
export const FOLLOWED_MAP = 'followed_sets';

/** Maps of bpf/hook.bpf.c that the first instance makes and the others use. */
const SCRATCH_MAPS = ['hook_scratches', 'hook_busy'] as const;

/** Of bpf/lib/hook_actions.h: the first two are for all hooks, made for the first instance that needs them. */
const RATE_MAP = 'rate_entries';
export const OWNER_MAP = 'sock_owners';
const ACTION_MAP = 'rule_actions';
/** Of bpf/lib/user_write.h. */
const WRITES_MAP = 'rule_writes';
/** Of bpf/lib/value_wide.h. */
const WIDE_MAP = 'hook_wide';

/** Of bpf/lib/rule_hits.h. */
const HITS_MAP = 'rule_hits';

/** Of bpf/lib/ima_state.h: there once a rule wants a file's hash. */
export const IMA_MAP = 'ima_states';

/** Of bpf/lib/enforcer.h: the first is there once a policy has enforcers. */
const NOTES_MAP = 'enforcer_notes';
const CALLS_MAP = 'enforcer_calls';

/** Every map that an instance can have made for all. */
export const LENT_MAPS = [...SCRATCH_MAPS, RATE_MAP, OWNER_MAP, WIDE_MAP, IMA_MAP, NOTES_MAP] as const;

/** Of bpf/lib/hook_enforce.h: the mode of each policy, by its number. */
export const MODE_MAP = 'policy_modes';

/** Whether the program looks at whose a socket is. */
export function usesOwners(plan: InstancePlan): boolean {
  return (actionFlags(plan) & (HookFlag.HOOK_TRACKS | HookFlag.HOOK_SOCK_OWNERS)) !== 0;
}

/** Maps of bpf/hook.bpf.c that a plan's program makes, or uses when an earlier one has made them. */
function lentMaps(plan: InstancePlan): string[] {
  return [
    ...SCRATCH_MAPS,
    ...((actionFlags(plan) & HookFlag.HOOK_LIMITS) === 0 ? [] : [RATE_MAP]),
    ...(usesOwners(plan) ? [OWNER_MAP] : []),
    ...((actionFlags(plan) & HookFlag.HOOK_WIDE) === 0 ? [] : [WIDE_MAP]),
    ...((actionFlags(plan) & HookFlag.HOOK_IMA) === 0 ? [] : [IMA_MAP]),
    ...((actionFlags(plan) & HookFlag.HOOK_ENFORCER) === 0 ? [] : [NOTES_MAP]),
  ];
}

export interface ActionCounts {
  /** events that a limit has kept back */
  readonly suppressed: bigint;
  /** hits whose operation was denied or process signalled */
  readonly acted: bigint;
}

/** A loaded program of a hook, with its tables filled. */
export class HookInstance {
  readonly program: BpfProgram;
  /** kernel memory of its own maps, bytes */
  readonly mapBytes: number;
  readonly #hits: BpfMap;
  readonly #actions: BpfMap | undefined;
  /** rules with an entry in `#actions` */
  readonly #acting: readonly number[];

  private constructor(
    program: BpfProgram,
    mapBytes: number,
    hits: BpfMap,
    actions: BpfMap | undefined,
    acting: readonly number[],
  ) {
    this.program = program;
    this.mapBytes = mapBytes;
    this.#hits = hits;
    this.#actions = actions;
    this.#acting = acting;
  }

  /** How often each rule has decided for its policy, by rule. */
  hits(): BigUint64Array {
    const { values } = this.#hits.getBatch(undefined, this.#hits.info().maxEntries);
    return new BigUint64Array(values.slice().buffer);
  }

  /** What the kernel has counted of actions, by rule; rules that only send have none. */
  actionCounts(): Map<number, ActionCounts> {
    return new Map(
      this.#acting.map((rule) => {
        const bytes = this.#actions?.get(u32(rule)) ?? new Uint8Array(RuleAction.sizeof);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const suppressed = view.getBigUint64(RuleAction.suppressed, true);
        return [rule, { suppressed, acted: view.getBigUint64(RuleAction.acted, true) }];
      }),
    );
  }

  /**
   * Loads the program for `plan`. `rootMaps` are those of the hook's root. New maps for all go to `onScratch`. Throws a
   * BpfError with the verifier's log when the kernel refuses it.
   */
  static load(
    plan: InstancePlan,
    identity: InstanceIdentity,
    secret: StringSecret,
    shared: SharedMaps,
    rootMaps: SharedMaps,
    onScratch: (name: string, map: BpfMap) => void,
  ): HookInstance {
    const object = new addon.BpfObject(OBJECT);
    try {
      const programName = PROGRAMS[plan.attach.by];
      for (const { name } of object.programs) object.setAutoload(name, name === programName);
      if (hasTrampoline(plan.attach)) object.setAttachTarget(programName, plan.attach.functionName);
      object.setGlobal('config', configBytes(plan, identity, secret));
      object.setGlobal('automaton_class', Buffer.concat(plan.alphabets));
      object.setGlobal('scratch_slots', Uint8Array.from([SCRATCH_SLOTS, 0, 0, 0]));
      object.setMap(HITS_MAP, { maxEntries: plan.words * 64 });
      shapeTables(object, plan);
      const cpus = addon.possibleCpus();
      object.setMap('hook_scratches', { maxEntries: cpus * SCRATCH_SLOTS });
      object.setMap('hook_busy', { maxEntries: cpus });
      object.setMap(WIDE_MAP, { maxEntries: cpus });
      object.setMap('lanes', { maxEntries: cpus * EventLane.LANE_COUNT });
      if (!rootMaps.has(CALL_ENTRIES)) object.setMap(CALL_ENTRIES, { autocreate: false });
      if (!rootMaps.has(OVERRIDES_MAP)) object.setMap(OVERRIDES_MAP, { autocreate: false });
      if (!shared.has(FOLLOWED_MAP)) object.setMap(FOLLOWED_MAP, { autocreate: false });
      const lent = lentMaps(plan);
      for (const name of [RATE_MAP, OWNER_MAP, WIDE_MAP, IMA_MAP, NOTES_MAP])
        if (!lent.includes(name)) object.setMap(name, { autocreate: false });
      if ((actionFlags(plan) & HookFlag.HOOK_ENFORCES) === 0) object.setMap(MODE_MAP, { autocreate: false });
      const hasActions = plan.actions.length > 0;
      object.setMap(ACTION_MAP, hasActions ? { maxEntries: plan.words * 64 } : { autocreate: false });
      const writing = plan.actions.filter(({ writes }) => writes.length > 0);
      object.setMap(WRITES_MAP, writing.length > 0 ? { maxEntries: plan.words * 64 } : { autocreate: false });
      const usesCalls = (actionFlags(plan) & HookFlag.HOOK_ENFORCER) !== 0;
      object.setMap(CALLS_MAP, usesCalls ? { maxEntries: plan.words * 64 } : { autocreate: false });
      for (const { name } of object.maps) {
        const map = rootMaps.get(name) ?? shared.get(name);
        if (map !== undefined) object.reuseMap(name, map);
      }
      object.load();
      for (const name of lent) if (!shared.has(name)) onScratch(name, object.map(name));
      const actions = hasActions ? object.map(ACTION_MAP) : undefined;
      for (const action of plan.actions) actions?.set(u32(action.rule), actionBytes(action));
      const written = writing.length > 0 ? object.map(WRITES_MAP) : undefined;
      for (const action of writing) written?.set(u32(action.rule), writesBytes(action));
      const calls = usesCalls ? object.map(CALLS_MAP) : undefined;
      for (const { rule, notification } of plan.actions)
        if (notification.calls.length > 0) calls?.set(u32(rule), placesBytes(notification.calls));
      const hits = object.map(HITS_MAP);
      const mapBytes =
        fillTables(object, plan) +
        [hits, actions, written, calls].reduce((sum, map) => sum + (map?.info().memoryBytes ?? 0), 0);
      written?.close();
      calls?.close();
      const acting = plan.actions.map(({ rule }) => rule);
      return new HookInstance(object.program(programName), mapBytes, hits, actions, acting);
    } finally {
      object.close();
    }
  }

  close(): void {
    this.program.close();
    this.#hits.close();
    this.#actions?.close();
  }
}

/** Bit n for place n. */
function placesBytes(places: readonly number[]): Uint8Array {
  const mask = new RuleMask(HookLimit.HOOK_SYSCALL_PLACES / 64);
  for (const place of places) mask.add(place);
  return mask.bytes;
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
