// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { AgentError, ErrorCode } from '../../base/errors.ts';

export interface OpenedFile {
  readonly fd: number;
  readonly stats: Stats;
  /** the file ends within a line, as after a power failure: a newline has to go first */
  readonly torn: boolean;
}

/**
 * Opens or creates the export file for appending. Follows no symbolic link in the last component and takes regular files
 * only, so that nobody who may write to the directory can lead the agent's writes elsewhere. `owner`, if given, is the
 * file whose owner and group it takes over.
 * Throws an AgentError with the remedy.
 */
export function openExportFile(path: string, mode: number, owner?: Stats): OpenedFile {
  // Read access is for the look at the last byte; it also keeps the open of a FIFO from waiting for a reader.
  const flags =
    constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NOCTTY;
  let fd;
  try {
    fd = openSync(path, flags, mode);
  } catch (error) {
    throw explain(path, error as NodeJS.ErrnoException);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) {
      throw new AgentError(ErrorCode.Sink, `Cannot open export file "${path}": it is not a regular file`, {
        remedy: 'Give the path of a file; for a pipe or a device use "-o json" and redirect standard output.',
      });
    }
    if (owner !== undefined && (stats.uid !== owner.uid || stats.gid !== owner.gid)) {
      fchownSync(fd, owner.uid, owner.gid);
    }
    // The umask may have narrowed the mode of a new file, and an old one may have another.
    if ((stats.mode & 0o7777) !== mode) fchmodSync(fd, mode);
    return { fd, stats, torn: stats.size > 0 && !endsWithNewline(fd, stats.size) };
  } catch (error) {
    closeSync(fd);
    throw error instanceof AgentError ? error : explain(path, error as NodeJS.ErrnoException);
  }
}

function endsWithNewline(fd: number, size: number): boolean {
  const last = new Uint8Array(1);
  return readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 0x0a;
}

function explain(path: string, cause: NodeJS.ErrnoException): AgentError {
  const directory = dirname(path);
  const [state, remedy] = {
    ENOENT: [`directory "${directory}" does not exist`, `Create it: mkdir -p -m 0750 '${directory}'`],
    ENOTDIR: [`"${directory}" is not a directory`, 'Give a path below a directory.'],
    ELOOP: ['it is a symbolic link', 'Give the path that the link points to.'],
    EISDIR: ['it is a directory', 'Give the path of a file in it.'],
    EROFS: ['the file system is read-only', 'Give a path on a writable file system.'],
    EACCES: ['permission denied', `Let the agent's user write to "${directory}", or give another path.`],
    ENOSPC: ['no space left on device', 'Free some space, or give a path on another file system.'],
  }[cause.code ?? ''] ?? [cause.message, 'Check the path and its directory.'];
  return new AgentError(ErrorCode.Sink, `Cannot open export file "${path}": ${state}`, {
    remedy: remedy as string,
    cause,
  });
}
