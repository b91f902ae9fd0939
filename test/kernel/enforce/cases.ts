// SPDX-License-Identifier: Apache-2.0
/** The table of enforcing cases: a policy each, an operation that it must stop, and the same operation elsewhere that passes. */
import type { Stage } from '../policy/case.ts';
import type { Requirement } from '../support/requirements.ts';

/** What a run of test/programs/call.c came to: what its calls returned, or the signal that ended it. */
export type Outcome = readonly number[] | NodeJS.Signals;

export interface EnforceCase {
  readonly name: string;
  readonly needs?: readonly Requirement[];
  /** of the policy, by their names behind merlon.dev/ */
  readonly annotations?: Readonly<Record<string, string>>;
  /** YAML under `spec:`; every selector is limited to the program of the stage */
  readonly spec: string;
  /** a file that the attempt is about */
  readonly guarded?: string;
  /** folders that are made twice, the second time inside of the first, and there a file `deep` */
  readonly deep?: string;
  /** one that must not be there afterwards */
  readonly absent?: string;
  /** steps of call.c that the policy must stop */
  readonly attempt: string;
  /** which program takes them; `call` without */
  readonly program?: 'otherCall';
  readonly outcome: Outcome;
  /** steps that it must let pass */
  readonly control: string;
  /** of the only event, or of each; undefined for none */
  readonly verdict: VerdictMembers | readonly VerdictMembers[] | undefined;
}

/** What `merlon` says of what was done; empty when that is nothing. */
type VerdictMembers = Readonly<Record<string, unknown>>;

const EFAULT = -14;
const EPERM = -1;
const ESRCH = -3;
const EBADF = -9;
const SYS_GETPGID = 121;
const READ_ONLY = 0;
/** More than share a program; no other case makes these calls. */
const LONG_LIST = [
  ...['path_link', 'path_symlink', 'path_rename', 'path_rmdir', 'path_mkdir', 'path_chroot', 'path_chown'],
  ...['path_chmod', 'sb_mount', 'sb_statfs'],
];
const CREATE = 0o1101; // O_WRONLY | O_CREAT | O_TRUNC

/** Processes that run a program of the stage, and nobody else on this machine. */
function own(stage: Stage, action: string, more = '', program: 'call' | 'otherCall' = 'call'): string {
  return `selectors:
  - matchBinaries: [{operator: In, values: ["${stage[program]}"]}]
    matchActions: [${action}]${more && `\n    ${more}`}`;
}

function reading(path: string): string {
  return `openat -100 =${path} ${READ_ONLY} ; read $0 size:16 16`;
}

function mapping(path: string): string {
  return `openat -100 =${path} ${READ_ONLY} ; mmap 0 16 1 2 $0 0`;
}

/** Reads a file that the policy guards, and one that it does not. */
function fileCase(
  stage: Stage,
  name: string,
  hook: string,
  action: string,
  rest: Pick<EnforceCase, 'outcome' | 'verdict' | 'needs'> & {
    readonly more?: string;
    readonly index?: number;
    readonly type?: string;
  },
): EnforceCase {
  const { more = '', index = 0, type = 'file', ...expected } = rest;
  const path = `${stage.directory}/guarded-${name.replace(/\W+/g, '-')}`;
  return {
    name,
    guarded: path,
    spec: `${hook}${more && `\n  ${more}`}
  args: [{index: ${index}, type: ${type}}]
  ${own(stage, action, `matchArgs: [{index: ${index}, operator: Equal, values: ["${path}"]}]`)}`,
    attempt: reading(path),
    control: reading(`${stage.directory}/other`),
    ...expected,
  };
}

/** Twice as long as this is beyond what a path can name (PATH_MAX). */
const HALF = Array.from({ length: 12 }, () => 'd'.repeat(200)).join('/');

/** A value that cannot be read: a pointer to nowhere, and a path that is too long. */
function unreadableCases(stage: Stage): EnforceCase[] {
  const annotated = (value: string) => ({ annotations: { 'on-unreadable': value } });
  const signal = (number: number): string => `{action: Signal, argSig: ${number}}`;
  const pointer = (name: string, call: string, number: number): Pick<EnforceCase, 'name' | 'spec'> => ({
    name: `${name}: a pointer that leads nowhere`,
    spec: `kprobes:
- call: sys_${call}
  syscall: true
  args: [{index: 1, type: string}]
  ${own(stage, signal(number), 'matchArgs: [{index: 1, operator: Equal, values: ["/nowhere"]}]')}`,
  });
  const path = (
    name: string,
    index: number,
    wanted: string,
  ): Pick<EnforceCase, 'name' | 'spec' | 'deep' | 'program'> => ({
    name: `${name}: a path of more than 4,095 bytes`,
    deep: HALF,
    spec: `lsmhooks:
- hook: file_open
  args: [{index: 0, type: file}]
  ${own(stage, `{action: Override, argError: ${index}}`, `matchArgs: [{index: 0, operator: Prefix, values: ["${wanted}"]}]`, 'otherCall')}`,
    // Other cases act on a path that they cannot read, too.
    program: 'otherCall',
  });
  const deep = `chdir =${stage.directory}/${HALF} ; chdir =${HALF}`;
  const control = `openat -100 =${stage.directory}/other ${READ_ONLY}`;
  const denied = { verdict: 'denied', rung: 'lsm', error: -13, truncated: ['args[0]'] };
  const unreadable = { unreadable: ['args[0]'] };
  return [
    {
      ...pointer('on-unreadable: match', 'faccessat', 10),
      ...annotated('match'),
      ...{ attempt: 'faccessat -100 4096 0', control: `faccessat -100 =${stage.directory}/other 0` },
      ...{
        outcome: 'SIGUSR1',
        verdict: { verdict: 'signaled', rung: 'signal', signal: 'SIGUSR1', ...unreadable },
      },
    },
    {
      ...pointer('on-unreadable: no-match', 'unlinkat', 10),
      ...annotated('no-match'),
      ...{ attempt: 'unlinkat -100 4096 0', control: 'getsid 0', outcome: [EFAULT], verdict: undefined },
    },
    {
      ...pointer('no on-unreadable', 'mknodat', 10),
      ...{ attempt: 'mknodat -100 4096 0 0', control: 'getsid 0', outcome: [EFAULT] },
      verdict: { verdict: 'monitored', rung: 'none', ...unreadable },
    },
    {
      ...path('on-unreadable: match', -13, '/nowhere/'),
      ...annotated('match'),
      ...{ needs: ['bpfLsm'], attempt: `${deep} ; openat -100 =deep ${READ_ONLY}`, control },
      ...{ outcome: [0, 0, -13], verdict: denied },
    },
    {
      name: 'no on-unreadable: a path of more than 4,095 bytes',
      ...{ needs: ['bpfLsm'], deep: HALF, program: 'otherCall' },
      spec: `lsmhooks:
- hook: path_unlink
  args: [{index: 0, type: path}]
  ${own(stage, '{action: Override, argError: -13}', 'matchArgs: [{index: 0, operator: Prefix, values: ["/nowhere/"]}]', 'otherCall')}`,
      attempt: `${deep} ; unlinkat -100 =deep 0`,
      control: `openat -100 =${stage.directory}/short ${CREATE} 0600 ; unlinkat -100 =${stage.directory}/short 0`,
      ...{ outcome: [0, 0, -13], verdict: denied },
    },
  ];
}

/** One hook notifies, an enforcer on another call acts. */
function enforcerCases(stage: Stage): EnforceCase[] {
  const path = `${stage.directory}/guarded-enforcer`;
  const ownPath = `${stage.directory}/guarded-own-enforcer`;
  const hook = (call: string, action: string, more = '', args = ''): string =>
    `- call: ${call}\n  syscall: ${call.startsWith('sys_')}\n  args: [${args}]\n  ${own(stage, action, more)}\n`;
  const enforcer = (call: string): string => `enforcers: [{calls: [${call}]}]\nkprobes:\n`;
  const noted = { verdict: 'noted', rung: 'enforcer' };
  return [
    {
      name: 'NotifyEnforcer: Signal in the call that the hook is on',
      spec: `${enforcer('sys_flock')}${hook('sys_flock', '{action: NotifyEnforcer, argSig: 10}')}`,
      ...{ attempt: 'flock 0 1', control: 'getsid 0', outcome: 'SIGUSR1' },
      verdict: { verdict: 'signaled', rung: 'signal', signal: 'SIGUSR1' },
    },
    {
      name: 'NotifyEnforcer: Signal in a later call',
      spec: `${enforcer('sys_fcntl')}${hook('sys_lseek', '{action: NotifyEnforcer, argSig: 9}')}`,
      ...{ attempt: 'lseek 0 0 0 ; getsid 0 ; fcntl 0 1', control: 'fcntl 0 1', outcome: 'SIGKILL' },
      verdict: [
        { ...noted, signal: 'SIGKILL' },
        { verdict: 'killed', rung: 'signal', signal: 'SIGKILL' },
      ],
    },
    {
      name: 'CleanupEnforcerNotification',
      spec: `${enforcer('sys_fcntl')}${hook('sys_listen', '{action: NotifyEnforcer, argSig: 9}')}${hook('sys_shutdown', '{action: CleanupEnforcerNotification}')}`,
      ...{ attempt: 'listen -1 1 ; shutdown -1 0 ; fcntl 0 1', control: 'fcntl 0 1' },
      ...{ outcome: [EBADF, EBADF, 0], verdict: [{ ...noted, signal: 'SIGKILL' }, {}] },
    },
    {
      name: 'NotifyEnforcer: error of the security function that the hook is on',
      needs: ['bpfLsm'],
      guarded: ownPath,
      spec: `${enforcer('security_file_open')}${hook('security_file_open', '{action: NotifyEnforcer, argError: -1}', `matchArgs: [{index: 0, operator: Equal, values: ["${ownPath}"]}]`, '{index: 0, type: file}')}`,
      ...{ attempt: reading(ownPath), control: reading(`${stage.directory}/other`), outcome: [EPERM, EBADF] },
      verdict: [
        { ...noted, error: EPERM },
        { verdict: 'denied', rung: 'lsm', error: EPERM },
      ],
    },
    {
      name: 'NotifyEnforcer: error of a security function',
      needs: ['bpfLsm'],
      guarded: path,
      spec: `${enforcer('security_file_open')}${hook('sys_openat', '{action: NotifyEnforcer, argError: -1}', `matchArgs: [{index: 1, operator: Equal, values: ["${path}"]}]`, '{index: 1, type: string}')}`,
      ...{ attempt: reading(path), control: reading(`${stage.directory}/other`), outcome: [EPERM, EBADF] },
      verdict: [
        { ...noted, error: EPERM },
        { verdict: 'denied', rung: 'lsm', error: EPERM },
      ],
    },
  ];
}

/** The cases on a stage; names, needs and order are the same on every stage. */
export function enforceCases(stage: Stage): EnforceCase[] {
  const { directory } = stage;
  const kprobe = (call: string): string => `kprobes:\n- call: ${call}\n  syscall: ${call.startsWith('sys_')}`;
  const lsm = (hook: string): string => `lsmhooks:\n- hook: ${hook}`;
  const override = '{action: Override, argError: -1}';
  const kill = '{action: Sigkill}';
  const refused = [EPERM, EBADF];
  const denied = { verdict: 'denied', rung: 'lsm', error: EPERM };
  const killed = { verdict: 'killed', rung: 'signal', signal: 'SIGKILL' };
  const signaled = (signal: string) => ({ verdict: 'signaled', rung: 'signal', signal });
  const hasLsm = { needs: ['bpfLsm'] as const };
  const hasTrampolines = { needs: ['trampolines'] as const };
  const returning = 'return: true\n  returnArg: {index: 0, type: int}';
  return [
    fileCase(stage, 'lsm: Override', lsm('file_open'), override, {
      ...{ ...hasLsm, outcome: refused, verdict: denied },
    }),
    fileCase(
      stage,
      'lsm: Override with another error',
      lsm('file_open'),
      '{action: Override, argError: -13}',
      {
        ...{ ...hasLsm, outcome: [-13, EBADF], verdict: { ...denied, error: -13 } },
      },
    ),
    fileCase(stage, 'lsm: Sigkill', lsm('file_open'), kill, {
      ...hasLsm,
      outcome: 'SIGKILL',
      verdict: killed,
    }),
    fileCase(stage, 'lsm: Override and Sigkill', lsm('file_open'), `${override}, ${kill}`, {
      ...{ ...hasLsm, outcome: 'SIGKILL', verdict: { ...denied, signal: 'SIGKILL' } },
    }),
    fileCase(stage, 'kprobe: Override of a security function', kprobe('security_file_open'), override, {
      ...{ ...hasLsm, outcome: refused, verdict: denied },
    }),
    fileCase(stage, 'kprobe: Sigkill', kprobe('security_file_open'), kill, {
      ...{ ...hasTrampolines, outcome: 'SIGKILL', verdict: killed },
    }),
    fileCase(stage, 'kprobe: Signal', kprobe('security_file_open'), '{action: Signal, argSig: 15}', {
      ...{ ...hasTrampolines, outcome: 'SIGTERM', verdict: signaled('SIGTERM') },
    }),
    {
      name: 'kprobe: Override of a long list of functions',
      ...hasLsm,
      spec: `lists:
- name: changes
  values: [${LONG_LIST.map((name) => `security_${name}`).join(', ')}]
kprobes:
- call: "list:changes"
  syscall: false
  ${own(stage, override)}`,
      attempt: `openat -100 =${directory}/other ${READ_ONLY} ; fchmod $0 0600`,
      control: `openat -100 =${directory}/other ${READ_ONLY}`,
      ...{ outcome: [3, EPERM], verdict: denied },
    },
    fileCase(stage, 'fentry: Override', 'fentries:\n- call: security_file_open\n  syscall: false', override, {
      ...{ ...hasLsm, outcome: refused, verdict: denied },
    }),
    {
      // The LSM hook of this function has other parameters, so it cannot stand for it.
      ...fileCase(stage, 'kprobe: Override by fmod_ret', kprobe('security_mmap_file'), override, {
        ...{ ...hasTrampolines, outcome: [3, EPERM], verdict: { ...denied, rung: 'fmod_ret' } },
      }),
      attempt: mapping(`${directory}/guarded-kprobe-Override-by-fmod_ret`),
      control: mapping(`${directory}/other`),
    },
    fileCase(stage, 'kprobe of another function: Sigkill', kprobe('vfs_read'), kill, {
      ...{ ...hasTrampolines, outcome: 'SIGKILL', verdict: killed },
    }),
    fileCase(
      stage,
      'kprobe with a return value: Sigkill at its entry',
      kprobe('security_file_permission'),
      kill,
      {
        ...{ ...hasTrampolines, more: returning, outcome: 'SIGKILL', verdict: killed },
      },
    ),
    fileCase(stage, 'kprobe with a return value: Override', kprobe('security_file_permission'), override, {
      ...{ ...hasLsm, more: returning, outcome: [3, EPERM], verdict: denied },
    }),
    {
      name: 'kprobe of a system call: Signal by what it returns',
      spec: `${kprobe('sys_getsid')}
  return: true
  returnArg: {index: 0, type: int}
  selectors:
  - matchBinaries: [{operator: In, values: ["${stage.call}"]}]
    matchReturnArgs: [{index: 0, operator: Equal, values: ["${ESRCH}"]}]
    matchReturnActions: [{action: Signal, argSig: 12}]`,
      attempt: 'getsid 99999999',
      control: 'getsid 0',
      ...{ outcome: 'SIGUSR2', verdict: signaled('SIGUSR2') },
    },
    fileCase(stage, 'kprobe of a system call: Sigkill', kprobe('sys_openat'), kill, {
      ...{ index: 1, type: 'string', outcome: 'SIGKILL', verdict: killed },
    }),
    fileCase(
      stage,
      'tracepoint: Sigkill',
      'tracepoints:\n- subsystem: syscalls\n  event: sys_enter_openat',
      kill,
      { index: 6, type: 'string', outcome: 'SIGKILL', verdict: killed },
    ),
    {
      name: 'raw tracepoint: Signal',
      spec: `tracepoints:
- subsystem: raw_syscalls
  event: sys_enter
  raw: true
  args: [{index: 1, type: long}]
  ${own(stage, '{action: Signal, argSig: 10}', `matchArgs: [{index: 1, operator: Equal, values: ["${SYS_GETPGID}"]}]`)}`,
      attempt: 'getpgid 0',
      control: 'getsid 0',
      ...{ outcome: 'SIGUSR1', verdict: signaled('SIGUSR1') },
    },
    {
      name: 'policy-mode: monitor',
      spec: `options: [{name: policy-mode, value: monitor}]
tracepoints:
- subsystem: syscalls
  event: sys_enter_dup3
  args: []
  ${own(stage, kill)}`,
      attempt: 'dup3 0 9 0',
      control: 'getsid 0',
      ...{ outcome: [9], verdict: { ...killed, verdict: 'monitored' } },
    },
    ...unreadableCases(stage),
    ...enforcerCases(stage),
    {
      name: 'accept-weaker: Override of a function that nothing can replace',
      ...hasTrampolines,
      annotations: { 'accept-weaker': 'true' },
      spec: `kprobes:
- call: fd_install
  syscall: false
  args: [{index: 1, type: file}]
  ${own(stage, override, `matchArgs: [{index: 1, operator: Equal, values: ["${directory}/weaker"]}]`)}`,
      guarded: `${directory}/weaker`,
      attempt: `openat -100 =${directory}/weaker ${READ_ONLY}`,
      control: `openat -100 =${directory}/other ${READ_ONLY}`,
      ...{ outcome: [3], verdict: { verdict: 'monitored', rung: 'none' } },
    },
    {
      name: 'accept-weaker: Override and Signal of a system call',
      needs: ['withoutOverrideReturn'],
      annotations: { 'accept-weaker': 'true' },
      spec: `kprobes:
- call: sys_fsync
  syscall: true
  args: []
  ${own(stage, `${override}, {action: Signal, argSig: 12}`)}`,
      attempt: 'fsync 0',
      control: 'getsid 0',
      ...{ outcome: 'SIGUSR2', verdict: signaled('SIGUSR2') },
    },
    {
      name: 'lsm: a directory entry that must not be made',
      ...hasLsm,
      spec: `lsmhooks:
- hook: path_mknod
  args: [{index: 2, type: int}]
  ${own(stage, override, 'matchArgs: [{index: 2, operator: Mask, values: ["2048"]}]')}`,
      attempt: `openat -100 =${directory}/created ${CREATE} 04644`,
      control: `openat -100 =${directory}/other ${READ_ONLY}`,
      absent: `${directory}/created`,
      ...{ outcome: [EPERM], verdict: denied },
    },
    {
      name: 'kprobe: a connection that must not be opened',
      ...hasLsm,
      spec: `kprobes:
- call: security_socket_connect
  syscall: false
  args: [{index: 1, type: sockaddr}]
  ${own(stage, '{action: Override, argError: -111}', 'matchArgs: [{index: 1, operator: SAddr, values: ["127.0.0.77"]}]')}`,
      attempt: 'socket 2 2 0 ; connect $0 in:127.0.0.77:9 16',
      control: 'socket 2 2 0 ; connect $0 in:127.0.0.1:9 16',
      ...{ outcome: [3, -111], verdict: { ...denied, error: -111 } },
    },
  ];
}
