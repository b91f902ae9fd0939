// SPDX-License-Identifier: Apache-2.0
import type { BootClock } from '../base/boot-clock.ts';
import { ExecFlag } from '../events/gen/layouts.ts';
import type { Credentials, Namespaces } from '../events/record.ts';
import type { Image, Process } from '../process/process.ts';
import { capabilityNames, secureBitNames } from './capabilities.ts';

/** Which parts of a process appear, and what names them. */
export interface ProcessJsonOptions {
  readonly credentials: boolean;
  readonly namespaces: boolean;
  readonly environment: boolean;
  /** namespaces of the host's first process: `is_host` */
  readonly hostNamespaces: ReadonlySet<number>;
  /** name of a host uid, when user names are wanted */
  readonly userName: (uid: number) => string | undefined;
}

/** A process in the JSON form of tetragon.Process: names and order as in Tetragon's export. */
export function processJson(process: Process, clock: BootClock, options: ProcessJsonOptions): object {
  const identity = { exec_id: process.execId, pid: process.tgid };
  const parentId = process.parent?.execId;
  if (process.origin === 'kernel') return kernelJson(process, clock);
  const { image } = process;
  if (image === undefined) {
    return { ...identity, ...(parentId !== undefined && { parent_exec_id: parentId }), tid: process.tid };
  }
  const args = argumentsText(image.argv);
  const userName = isHostUser(image, options) ? options.userName(image.uid) : undefined;
  return {
    ...identity,
    uid: image.uid,
    ...(image.cwd !== '' && { cwd: image.cwd }),
    ...(image.binary !== '' && { binary: image.binary }),
    ...(args !== '' && { arguments: args }),
    flags: flagsText(process, image),
    start_time: clock.format(process.imageTime),
    auid: image.auid,
    ...(parentId !== undefined && { parent_exec_id: parentId }),
    ...(options.credentials && { cap: capabilitiesJson(image.credentials) }),
    ...(options.namespaces && { ns: namespacesJson(image.namespaces, options.hostNamespaces) }),
    tid: process.tid,
    ...(options.credentials && {
      process_credentials: credentialsJson(image.credentials, image.namespaces, options.hostNamespaces),
    }),
    ...binaryPropertiesJson(image),
    ...(userName !== undefined && { user: { name: userName } }),
    in_init_tree: process.inInitTree,
    ...(options.environment &&
      image.env.length > 0 && { environment_variables: image.env.map(variableJson) }),
  };
}

function kernelJson(process: Process, clock: BootClock): object {
  return {
    exec_id: process.execId,
    pid: 0,
    uid: 0,
    binary: '<kernel>',
    flags: 'procFS',
    start_time: clock.format(0n),
    auid: 0xffff_ffff,
    parent_exec_id: process.execId,
    tid: 0,
    in_init_tree: false,
  };
}

/** As Tetragon joins them: all but the first, one with a space in double quotes. merlon.argv has them one by one. */
export function argumentsText(argv: readonly string[]): string {
  return argv
    .slice(1)
    .map((argument) => (argument.includes(' ') ? `"${argument}"` : argument))
    .join(' ');
}

/** Tetragon's words for how a process came to be known, in its order. A fork carries the first word alone, as there. */
function flagsText(process: Process, image: Image): string {
  if (process.origin === 'fork') return 'execve';
  const has = (flag: number): boolean => (image.flags & flag) !== 0;
  const words = [process.origin === 'procfs' ? 'procFS' : 'execve'];
  if (has(ExecFlag.EXEC_PATH_TRUNCATED)) words.push('truncFilename');
  if (has(ExecFlag.EXEC_ARGS_TRUNCATED)) words.push('truncArgs');
  if (has(ExecFlag.EXEC_ARGS_UNREADABLE)) words.push('errorArgs');
  if (image.cwd === '/') words.push('rootcwd');
  if (has(ExecFlag.EXEC_CWD_TRUNCATED)) words.push('errorCWD');
  if (has(ExecFlag.EXEC_AFTER_FORK)) words.push('clone');
  return words.join(' ');
}

function isHostUser(image: Image, options: ProcessJsonOptions): boolean {
  return options.hostNamespaces.has(image.namespaces.user);
}

function capabilitiesJson(credentials: Credentials): object {
  const permitted = capabilityNames(credentials.capPermitted);
  const effective = capabilityNames(credentials.capEffective);
  const inheritable = capabilityNames(credentials.capInheritable);
  return {
    ...(permitted.length > 0 && { permitted }),
    ...(effective.length > 0 && { effective }),
    ...(inheritable.length > 0 && { inheritable }),
  };
}

function namespaceJson(inum: number, host: ReadonlySet<number>): object {
  return { ...(inum !== 0 && { inum }), ...(host.has(inum) && { is_host: true }) };
}

function namespacesJson(namespaces: Namespaces, host: ReadonlySet<number>): object {
  const named = {
    uts: namespaces.uts,
    ipc: namespaces.ipc,
    mnt: namespaces.mnt,
    pid: namespaces.pid,
    pid_for_children: namespaces.pidForChildren,
    net: namespaces.net,
    time: namespaces.time,
    time_for_children: namespaces.timeForChildren,
    cgroup: namespaces.cgroup,
    user: namespaces.user,
  };
  const present = Object.entries(named).filter(([, inum]) => inum !== 0);
  return Object.fromEntries(present.map(([name, inum]) => [name, namespaceJson(inum, host)]));
}

function credentialsJson(
  credentials: Credentials,
  namespaces: Namespaces,
  host: ReadonlySet<number>,
): object {
  const { uid, gid, euid, egid, suid, sgid, fsuid, fsgid } = credentials;
  const securebits = secureBitNames(credentials.securebits);
  return {
    ...{ uid, gid, euid, egid, suid, sgid, fsuid, fsgid },
    ...(securebits.length > 0 && { securebits }),
    caps: capabilitiesJson(credentials),
    user_ns: {
      level: credentials.userNsLevel,
      uid: credentials.userNsOwnerUid,
      gid: credentials.userNsOwnerGid,
      ns: namespaceJson(namespaces.user, host),
    },
  };
}

/** Present when the binary gave privileges, or has no name in the filesystem. */
function binaryPropertiesJson(image: Image): object {
  const has = (flag: number): boolean => (image.flags & flag) !== 0;
  const changed = [
    ...(has(ExecFlag.EXEC_FILECAPS) ? ['PRIVILEGES_RAISED_EXEC_FILE_CAP'] : []),
    ...(has(ExecFlag.EXEC_SETUID) ? ['PRIVILEGES_RAISED_EXEC_FILE_SETUID'] : []),
    ...(has(ExecFlag.EXEC_SETGID) ? ['PRIVILEGES_RAISED_EXEC_FILE_SETGID'] : []),
  ];
  const nameless = has(ExecFlag.EXEC_DELETED | ExecFlag.EXEC_ANONYMOUS);
  if (changed.length === 0 && !nameless) return {};
  return {
    binary_properties: {
      ...(has(ExecFlag.EXEC_SETUID) && { setuid: image.credentials.euid }),
      ...(has(ExecFlag.EXEC_SETGID) && { setgid: image.credentials.egid }),
      ...(changed.length > 0 && { privileges_changed: changed }),
      ...(nameless && {
        file: {
          inode: { ...(image.inode !== 0n && { number: String(image.inode) }), links: image.inodeLinks },
          ...(image.binary !== '' && { path: image.binary }),
        },
      }),
    },
  };
}

function variableJson(variable: string): object {
  const equals = variable.indexOf('=');
  const key = equals === -1 ? variable : variable.slice(0, equals);
  const value = equals === -1 ? '' : variable.slice(equals + 1);
  return { ...(key !== '' && { Key: key }), ...(value !== '' && { Value: value }) };
}
