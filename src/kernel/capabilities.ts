// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AttachSpec, BpfObject } from '../../native/index.d.ts';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { addon } from './addon.ts';
import { BpfError } from './bpf-error.ts';
import { withProbeCgroup } from './probe-cgroup.ts';
import { entryOffset } from './probe-elf.ts';

const object = (name: string): string =>
  fileURLToPath(new URL(`../../build/bpf/${name}.bpf.o`, import.meta.url));
const PROBE = object('probe');
const TYPED = object('probe_typed');
const PROCESS = object('process');

/** What is attached where; a program of bpf/probe.bpf.c passes everything on. */
type Place = AttachSpec | 'cgroup' | 'network';

interface Recipe {
  /** as reports group them */
  group: 'program' | 'helper' | 'kfunc' | 'map';
  objectPath: string;
  /** loads these and no other; none when a map is tried, `all` for the whole object */
  programs: string[] | 'all';
  /** creates this map */
  map?: string;
  /** the one program is attached there, else only loaded */
  place?: Place;
  /** the errno of an attach that shows that the kernel knows the kind */
  knownBy?: string;
}

function program(name: string, place?: Place, knownBy?: string): Recipe {
  return {
    ...{ group: 'program', objectPath: PROBE, programs: [name] },
    ...(place === undefined ? {} : { place }),
    ...(knownBy === undefined ? {} : { knownBy }),
  };
}
const helper = (name: string, place?: Place): Recipe => ({ ...program(name, place), group: 'helper' });
const typed = (group: Recipe['group'], name: string): Recipe => ({
  group,
  objectPath: TYPED,
  programs: [name],
});
const map = (name: string): Recipe => ({ group: 'map', objectPath: PROBE, programs: [], map: name });

const trace: Place = { kind: 'trace' };
const kprobe = (retprobe: boolean): Place => ({ kind: 'kprobe', function: 'bpf_fentry_test1', retprobe });
const uprobe = (retprobe: boolean): Place => ({
  ...{ kind: 'uprobe', path: process.execPath, offset: 0n, pid: process.pid },
  retprobe,
});

/** By the kernel's or libbpf's word for it. */
const RECIPES = {
  tp_btf: program('probe_tp_btf', trace),
  raw_tp: program('probe_raw_tp', { kind: 'rawTracepoint', name: 'sched_kthread_stop' }),
  'raw_tp/sys_enter': program('probe_raw_tp', { kind: 'rawTracepoint', name: 'sys_enter' }),
  'raw_tp/sys_exit': program('probe_raw_tp', { kind: 'rawTracepoint', name: 'sys_exit' }),
  tracepoint: program('probe_tracepoint', {
    ...{ kind: 'tracepoint', category: 'sched', name: 'sched_kthread_stop' },
  }),
  'iter/task': program('probe_iter_task', { kind: 'iter' }),
  kprobe: program('probe_kprobe', kprobe(false)),
  kretprobe: program('probe_kprobe', kprobe(true)),
  'kprobe.multi': program('probe_kprobe_multi', { kind: 'kprobeMulti', functions: ['bpf_fentry_test1'] }),
  ksyscall: program('probe_kprobe', { kind: 'ksyscall', syscall: 'sethostname' }),
  fentry: program('probe_fentry', trace),
  fexit: program('probe_fexit', trace),
  fmod_ret: program('probe_fmod_ret', trace),
  lsm: program('probe_lsm', trace),
  'lsm.s': program('probe_lsm_sleepable', trace),
  lsm_cgroup: program('probe_lsm_cgroup', 'cgroup'),
  uprobe: program('probe_kprobe', uprobe(false)),
  uretprobe: program('probe_kprobe', uprobe(true)),
  'uprobe.multi': program('probe_uprobe_multi', {
    ...{ kind: 'uprobeMulti', path: process.execPath, offsets: [0n], pid: process.pid },
  }),
  'cgroup/connect4': program('probe_connect4', 'cgroup'),
  sockops: program('probe_sockops', 'cgroup'),
  xdp: program('probe_xdp', 'network'),
  // Attaching it the old way would load the kernel modules of its queueing discipline, for good.
  tc: program('probe_tc'),
  tcx: program('probe_tcx', 'network'),
  // netkit_dev_fetch() refuses a device of another kind so, a kernel without netkit with EINVAL.
  netkit: program('probe_netkit', 'network', 'ENXIO'),

  bpf_loop: helper('probe_use_loop'),
  bpf_probe_read_kernel: helper('probe_use_probe_read_kernel'),
  bpf_send_signal: helper('probe_use_send_signal'),
  bpf_override_return: helper('probe_use_override_return', { kind: 'ksyscall', syscall: 'sethostname' }),
  'uprobe registers': helper('probe_use_write_registers', uprobe(false)),
  bpf_probe_write_user: helper('probe_use_write_user'),
  bpf_d_path: typed('helper', 'probe_use_d_path'),
  bpf_copy_from_user_task: typed('helper', 'probe_use_copy_from_user_task'),
  bpf_path_d_path: typed('kfunc', 'probe_use_path_d_path'),
  bpf_strnstr: typed('kfunc', 'probe_use_strnstr'),
  bpf_strncasestr: typed('kfunc', 'probe_use_strncasestr'),

  ringbuf: map('probe_ringbuf'),
  task_storage: map('probe_task_storage'),
  lpm_trie: map('probe_lpm_trie'),
  prog_array: map('probe_prog_array'),
  'mmapable array': map('probe_mmapable'),

  /** the whole process sensor passes the verifier */
  'process sensor': { group: 'program', objectPath: PROCESS, programs: 'all' },
} satisfies Record<string, Recipe>;

export type CapabilityName = keyof typeof RECIPES;
export const capabilityNames = Object.keys(RECIPES) as CapabilityName[];

/** What came of trying it. */
export interface Trial {
  readonly group: Recipe['group'];
  /** how far a trial goes: "create" a map, "load" a program, "attach" it too */
  readonly tried: 'create' | 'load' | 'attach';
  /** undefined: it could not be tried here, `message` tells why */
  readonly available: boolean | undefined;
  /** errno's name where the kernel refused */
  readonly errno?: string;
  readonly message?: string;
}

export interface CapabilityOptions {
  /** The calling process is alone in its network namespace, so loopback may get programs. */
  readonly privateNetwork: boolean;
}

/** What this kernel really does for this process, each tried when first asked for and once. What a trial makes goes with it. */
export class Capabilities {
  readonly #options: CapabilityOptions;
  readonly #trials = new Map<CapabilityName, Trial>();

  constructor(options: CapabilityOptions = { privateNetwork: false }) {
    this.#options = options;
  }

  has(name: CapabilityName): boolean {
    return this.trial(name).available === true;
  }

  /** Throws only what is no answer of the kernel: a missing object file, for instance. */
  trial(name: CapabilityName): Trial {
    const known = this.#trials.get(name);
    if (known !== undefined) return known;
    const trial = this.#try(RECIPES[name]);
    this.#trials.set(name, trial);
    return trial;
  }

  #try(recipe: Recipe): Trial {
    const { group, place } = recipe;
    const tried = recipe.map !== undefined ? 'create' : place === undefined ? 'load' : 'attach';
    if (place === 'network' && !this.#options.privateNetwork)
      return { group, tried, available: undefined, message: 'it needs a network namespace of its own' };
    const object = open(recipe.objectPath);
    try {
      const obstacle = attempt(object, recipe);
      if (obstacle !== undefined) return { group, tried, available: undefined, message: obstacle };
      return { group, tried, available: true };
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      if (error.errnoName === recipe.knownBy) return { group, tried, available: true };
      return { group, tried, available: false, errno: error.errnoName, message: error.message };
    } finally {
      object.close();
    }
  }
}

function open(path: string): BpfObject {
  if (existsSync(path)) return new addon.BpfObject(path);
  throw new AgentError(ErrorCode.Internal, `Cannot find the compiled programs ${JSON.stringify(path)}`, {
    remedy: 'Build them with "npm run build".',
  });
}

/** Throws the kernel's refusal; returns what kept it from being asked. */
function attempt(object: BpfObject, { programs, map: wanted, place }: Recipe): string | undefined {
  if (programs !== 'all') {
    for (const { name } of object.programs) object.setAutoload(name, programs.includes(name));
    for (const { name } of object.maps) object.setMap(name, { autocreate: name === wanted });
  }
  object.load();
  const [name] = programs;
  if (place === undefined || programs === 'all' || name === undefined) return undefined;
  const bpfProgram = object.program(name);
  try {
    if (place === 'cgroup') return withProbeCgroup((fd) => bpfProgram.attach({ kind: 'cgroup', fd }).close());
    bpfProgram.attach(place === 'network' ? onLoopback(name) : atEntry(place)).close();
    return undefined;
  } finally {
    bpfProgram.close();
  }
}

function onLoopback(name: string): AttachSpec {
  const ifindex = 1; // LOOPBACK_IFINDEX of include/net/net_namespace.h
  if (name === 'probe_tcx') return { kind: 'tcx', ifindex, ingress: true };
  if (name === 'probe_netkit') return { kind: 'netkit', ifindex, primary: true };
  return { kind: 'xdp', ifindex };
}

/** A probe in user space goes to where this process's executable starts: code that has run and does not run again. */
function atEntry(place: AttachSpec): AttachSpec {
  if (place.kind === 'uprobe') return { ...place, offset: entryOffset(place.path) };
  if (place.kind === 'uprobeMulti') return { ...place, offsets: [entryOffset(place.path)] };
  return place;
}
