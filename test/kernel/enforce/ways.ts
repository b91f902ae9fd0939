// SPDX-License-Identifier: Apache-2.0
/** Ways to get at a file past a rule about it (test/programs/bypass.c), and which forms of rules stop each. */

/** Forms of a rule about a file, each with all that the one before it has. */
export const FORMS = [
  { name: 'path', title: '`file_open` by path' },
  { name: 'inode', title: '… and `match-inode`' },
  { name: 'access', title: '… and `file_permission`, `mmap_file`, `path_truncate`' },
] as const;

export type Form = (typeof FORMS)[number]['name'];

export interface Way {
  /** as bypass.c knows it */
  readonly name: string;
  readonly title: string;
  /** the first form that stops it; the later ones do too */
  readonly stoppedBy: Form;
  /** by a path that cannot be told: other files there are denied with it */
  readonly alsoOthers?: boolean;
}

const way = (stoppedBy: Form, name: string, title: string): Way => ({ name, title, stoppedBy });

export const WAYS: readonly Way[] = [
  way('path', 'plain', 'its path'),
  way('path', 'symlink', 'a symbolic link to it'),
  way('path', 'directory-symlink', 'a symbolic link to its directory'),
  way('path', 'dots', '`..` in the path'),
  way('path', 'long-name', '`/.` repeated up to 4,095 bytes'),
  way('path', 'proc-root', '`/proc/self/root/…`'),
  way('path', 'proc-cwd', '`/proc/self/cwd/…`'),
  way('path', 'directory-descriptor', '`openat` from its directory'),
  way('path', 'openat2', '`openat2`'),
  way('path', 'openat2-in-root', '`openat2`, RESOLVE_IN_ROOT'),
  way('path', 'openat2-beneath', '`openat2`, RESOLVE_BENEATH'),
  way('path', 'openat2-no-links', '`openat2`, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS'),
  way('path', 'io-uring', '`io_uring`, openat'),
  way('path', 'io-uring-openat2', '`io_uring`, openat2'),
  way('path', 'io-uring-worker', '`io_uring`, openat by a worker thread'),
  way('path', 'renamed-program', 'a renamed copy of the program'),
  way('path', 'handle', '`open_by_handle_at`'),
  way('path', 'path-descriptor', 'an O_PATH descriptor, opened again through `/proc/self/fd`'),
  way('path', 'held-reopened', 'a descriptor from before the policy, opened again through `/proc/self/fd`'),
  way('path', 'exec', '`execve` of it'),
  way('path', 'exec-descriptor', '`execveat` of an O_PATH descriptor'),
  way('path', 'exec-interpreter', 'a script whose interpreter it is'),
  way('path', 'open-truncate', 'O_TRUNC'),
  { ...way('path', 'deep-link', 'a hard link at a path of more than 4,095 bytes (1)'), alsoOthers: true },
  way('inode', 'hard-link', 'a hard link'),
  way('inode', 'rename', 'the file renamed'),
  way('inode', 'directory-rename', 'its directory renamed'),
  way('inode', 'bind-mount', 'a bind mount of it, in a mount namespace of its own'),
  way('inode', 'directory-bind-mount', 'a bind mount of its directory, in a mount namespace of its own'),
  way('inode', 'overlay', 'an overlay over its directory'),
  way('inode', 'chroot', '`chroot` into its directory'),
  way('access', 'truncate', '`truncate`'),
  way('access', 'held', 'a descriptor from before the policy'),
  way('access', 'held-passed', 'such a descriptor passed over a socket'),
  way('access', 'held-mmap', 'such a descriptor, `mmap`'),
  way('access', 'held-sendfile', 'such a descriptor, `sendfile`'),
  way('access', 'held-splice', 'such a descriptor, `splice`'),
  way('access', 'held-io-uring', 'such a descriptor, `io_uring` read'),
];

/** Whether a rule of this form stops the way. */
export function stops(form: Form, { stoppedBy }: Way): boolean {
  const place = (name: Form): number => FORMS.findIndex((each) => each.name === name);
  return place(form) >= place(stoppedBy);
}

/** The table in docs/enforcement.md. */
export function waysTable(): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['way', ...FORMS.map(({ title }) => title)]),
    row(['---', ...FORMS.map(() => '---')]),
    ...WAYS.map((each) =>
      row([each.title, ...FORMS.map(({ name }) => (stops(name, each) ? 'stopped' : '**gets past**'))]),
    ),
  ].join('\n');
}
