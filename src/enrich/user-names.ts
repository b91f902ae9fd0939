// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';

/** How often to look whether the file has changed. */
const CHECK_MS = 5_000;

/** Names of users by uid from a passwd(5) file, read again when it changes. */
export class UserNames {
  readonly #path: string;
  #names = new Map<number, string>();
  #version = '';
  #checkedAt = -Infinity;

  constructor(path = '/etc/passwd') {
    this.#path = path;
  }

  find(uid: number): string | undefined {
    const now = performance.now();
    if (now - this.#checkedAt > CHECK_MS) {
      this.#checkedAt = now;
      this.#refresh();
    }
    return this.#names.get(uid);
  }

  #refresh(): void {
    const { mtimeMs, size, ino } = statSync(this.#path);
    const version = `${mtimeMs}:${size}:${ino}`;
    if (version === this.#version) return;
    this.#version = version;
    this.#names = parsePasswd(readFileSync(this.#path, 'utf8'));
  }
}

/** The first entry of a uid counts, as for getpwuid(3). */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name === undefined || uid === undefined || !/^\d+$/.test(uid) || names.has(Number(uid))) continue;
    names.set(Number(uid), name);
  }
  return names;
}
