// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import type { Kind } from './setting-kinds.ts';
import {
  boolean,
  choice,
  cpuList,
  fileMode,
  integer,
  path,
  pathList,
  text,
  wordList,
} from './setting-kinds.ts';
import { duration, ringSize, size } from './setting-quantities.ts';

export interface Setting<T = unknown, Unit extends string = string> {
  readonly kind: Kind<T, Unit>;
  readonly group:
    'Policies' | 'Output' | 'Export file' | 'Events' | 'Identity' | 'Access' | 'Resources' | 'Agent';
  readonly help: string;
  /** the value when no source gives one */
  readonly fallback: (env: NodeJS.ProcessEnv) => T;
  /** the default as the help shows it */
  readonly fallbackText: string;
  /** one-letter flag */
  readonly short?: string;
  /** false: a flag or a variable only, because the configuration file is read after it */
  readonly inFile?: false;
}

type About = Pick<Setting, 'group' | 'help' | 'short' | 'inFile'>;

function setting<T, U extends string>(kind: Kind<T, U>, fallback: NoInfer<T>, about: About): Setting<T, U> {
  return { kind, ...about, fallback: () => fallback, fallbackText: kind.format(fallback) };
}

function optional<T, U extends string>(
  kind: Kind<T, U>,
  meaning: string,
  about: About,
): Setting<T | undefined, U> {
  const wider: Kind<T | undefined, U> = {
    ...kind,
    format: (value) => (value === undefined ? meaning : kind.format(value)),
  };
  return { kind: wider, ...about, fallback: () => undefined, fallbackText: meaning };
}

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 86_400_000;
/** setTimeout's limit is 2^31-1 ms, a little below 25 days. */
const LONGEST_MS = 24 * DAY_MS;

/** Where the settings file is looked for when nothing names one. */
export const DEFAULT_CONFIG = '/etc/merlon/merlon.yaml';

/**
 * Every setting of the agent: the only declaration. Flags, `MERLON_*` variables, the keys of the configuration file, the
 * help and the type `Settings` follow from it. A name that Tetragon has for the same thing is kept.
 */
export const settingsTable = {
  policy: setting(pathList, [], {
    group: 'Policies',
    help: 'files or directories of TracingPolicies to put in force; may be repeated',
  }),
  'policy-dir': setting(path, '/etc/merlon/policies.d', {
    group: 'Policies',
    help: 'directory of TracingPolicies that are always put in force; it may be missing',
  }),
  'monitor-only': setting(boolean, false, {
    group: 'Policies',
    help: 'let no policy deny or signal, whatever its own mode: events say what it would have done',
  }),
  'self-protection': setting(choice('auto', 'on', 'off'), 'auto', {
    group: 'Policies',
    help:
      'keep other processes from killing the agent and from its programs, maps and pins, where the kernel has BPF LSM; auto: ' +
      'while a policy enforces; on: always, and no start without it',
  }),
  'break-glass-file': optional(path, 'break-glass in run-dir', {
    group: 'Policies',
    help: 'while this file exists, owned by root, self-protection refuses nothing',
  }),
  'trusted-cgroups': setting(pathList, [], {
    group: 'Policies',
    help:
      'cgroups, as directories below the mount of cgroup v2, whose processes may stop a protected agent and start the next ' +
      'one, besides who started it; may be repeated',
  }),
  'allow-policy-requests': setting(boolean, false, {
    group: 'Policies',
    help: 'let TracingPolicyNamespaced use GetUrl and DnsLookup, with which the agent sends requests from the node',
  }),

  output: setting(choice('compact', 'json'), 'compact', {
    group: 'Output',
    short: 'o',
    help: 'form of the events on standard output: one readable line, or one JSON object per line',
  }),
  quiet: setting(boolean, false, { group: 'Output', short: 'q', help: 'print no events on standard output' }),
  color: setting(choice('auto', 'always', 'never'), 'auto', {
    group: 'Output',
    help: 'colour; auto means on a terminal, unless NO_COLOR is set',
  }),

  export: optional(path, 'no file', {
    group: 'Export file',
    help: 'append every event as JSON to this file; SIGHUP opens it anew',
  }),
  'export-file-max-size': setting(size(64 * KIB), 100 * MIB, {
    group: 'Export file',
    help: 'rotate the file before it grows beyond this',
  }),
  'export-file-max-backups': setting(integer(0, 10_000), 5, {
    group: 'Export file',
    help: 'rotated files to keep',
  }),
  'export-file-rotation-interval': setting(duration(0, LONGEST_MS), 0, {
    group: 'Export file',
    help: 'rotate also after this time; 0s rotates by size only',
  }),
  'export-file-perm': setting(fileMode, 0o600, { group: 'Export file', help: 'permissions of the file' }),

  'enable-ancestors': setting(
    wordList('base', 'kprobe', 'tracepoint', 'loader', 'uprobe', 'lsm', 'usdt'),
    [],
    {
      group: 'Events',
      help:
        "kinds of events that carry every ancestor as a full process object in Tetragon's field `ancestors`; base means " +
        'exec and exit. merlon.ancestry is always there',
    },
  ),
  'expose-stack-addresses': setting(boolean, false, {
    group: 'Events',
    help: 'addresses in stack traces; they tell where the kernel and programs lie in memory',
  }),
  'enable-process-environment-variables': setting(boolean, false, {
    group: 'Events',
    help: 'environment variables of each exec; they often hold secrets',
  }),
  'enable-process-cred': setting(boolean, false, {
    group: 'Events',
    help: 'credentials and capabilities of each process',
  }),
  'enable-process-ns': setting(boolean, false, { group: 'Events', help: 'namespaces of each process' }),
  'username-metadata': setting(choice('disabled', 'unix'), 'disabled', {
    group: 'Events',
    help: "user names of uids from this host's /etc/passwd, for processes in its user namespace",
  }),

  'node-name': {
    ...setting(text, '', { group: 'Identity', help: 'name of this node in events and exec_id' }),
    fallback: (env: NodeJS.ProcessEnv) => env.NODE_NAME || hostname(),
    fallbackText: '$NODE_NAME, else the host name',
  },
  'cluster-name': optional(text, 'none', { group: 'Identity', help: 'name of the cluster in events' }),

  'run-dir': setting(path, '/run/merlon', {
    group: 'Access',
    help: 'directory of the socket and the lock file',
  }),
  'viewer-group': optional(text, 'nobody but root', {
    group: 'Access',
    help: 'group, by name or id, whose members may read events, processes and status through the socket',
  }),

  'lifecycle-ring': setting(ringSize(4 * KIB, 1024 * MIB), 4 * MIB, {
    group: 'Resources',
    help: 'ring buffer for exec, fork and exit, enforcement and alerts',
  }),
  'telemetry-ring': setting(ringSize(4 * KIB, 1024 * MIB), 2 * MIB, {
    group: 'Resources',
    help: 'ring buffer for all other events',
  }),
  'process-table-memory': setting(size(MIB), 32 * MIB, {
    group: 'Resources',
    help: 'most that the process table may hold; a full table is counted and marked in the events',
  }),
  coalesce: setting(duration(0, 1000), 10, {
    group: 'Resources',
    help: 'wait this long after a wake-up so that one batch takes more events; 0s reads at once',
  }),
  cpus: setting(cpuList, [], {
    group: 'Resources',
    help: 'run the agent on these CPUs only, for example 0-2,5',
  }),

  config: setting(path, DEFAULT_CONFIG, {
    group: 'Agent',
    inFile: false,
    help: 'YAML file with these settings by name; only the default one may be missing',
  }),
  for: optional(duration(1, LONGEST_MS), 'until a signal', {
    group: 'Agent',
    help: 'stop by itself after this time',
  }),
  'bpf-dir': setting(path, '/sys/fs/bpf/merlon', {
    group: 'Agent',
    help: 'directory for pinned programs and maps, on a bpf filesystem',
  }),
  keep: {
    ...setting(boolean, false, {
      group: 'Agent',
      help: 'leave programs and policies in force when the agent ends; "merlon unload" removes them',
    }),
    fallback: isService,
    fallbackText: 'true when systemd has started the agent as a service, else false',
  },
  'log-level': setting(choice('error', 'warn', 'info', 'debug'), 'info', {
    group: 'Agent',
    help: "least level of the agent's own log on standard error",
  }),
} satisfies Record<string, Setting>;

/** systemd tells its services, and not what those start, by their own process id; notify services by a socket. */
function isService(env: NodeJS.ProcessEnv): boolean {
  return env.NOTIFY_SOCKET !== undefined || env.SYSTEMD_EXEC_PID === String(process.pid);
}

export type SettingName = keyof typeof settingsTable;

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type UnitOf<S> = S extends Setting<infer _T, infer U> ? U : never;
type ValueOf<S> = S extends { fallback: (env: NodeJS.ProcessEnv) => infer T } ? T : never;

/** All settings, typed: `export-file-max-size` is `exportFileMaxSizeBytes`, `coalesce` is `coalesceMs`. */
export type Settings = {
  readonly [K in SettingName as `${CamelCase<K>}${UnitOf<(typeof settingsTable)[K]>}`]: ValueOf<
    (typeof settingsTable)[K]
  >;
};

/** The key of a setting in `Settings`. */
export function settingKey(name: SettingName): keyof Settings {
  const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return `${camel}${settingsTable[name].kind.unit}` as keyof Settings;
}

/** `export-file-perm` is `MERLON_EXPORT_FILE_PERM`. */
export function variableName(name: string): string {
  return `MERLON_${name.toUpperCase().replaceAll('-', '_')}`;
}
