// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const OBJECTS = 'build/bpf';
const PINS = 'src/sensor/policy-pins.ts';
const CONTRACT = 'const ROOT_CONTRACT = ';
const LAYOUTS = 'src/events/gen/layouts.ts';
const VERSION = 'EVENT_VERSION: ';

/**
 * Makes the agent as another build in `directory`: every eBPF object has other bytes, so its process sensor has pins of its
 * own. With `contract` neither build knows the other's roots and records. Returns the command.
 */
export function makeOlderBuild(directory: string, { contract }: { contract: boolean }): string {
  for (const part of ['src', 'bin', 'package.json', OBJECTS])
    cpSync(join(REPOSITORY, part), join(directory, part), { recursive: true });
  mkdirSync(join(directory, 'build'), { recursive: true });
  for (const part of ['node_modules', 'native', 'deploy'])
    symlinkSync(join(REPOSITORY, part), join(directory, part), 'dir');
  for (const name of ['process', 'root', 'hook', 'follow'])
    appendFileSync(join(directory, OBJECTS, `${name}.bpf.o`), '\0');
  if (contract) {
    raise(join(directory, PINS), CONTRACT);
    raise(join(directory, LAYOUTS), VERSION);
  }
  return join(directory, 'bin/merlon');
}

/** Makes another number of the one that stands behind `name`. */
function raise(path: string, name: string): void {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(name)) throw new Error(`${path} names no ${name}`);
  writeFileSync(path, text.replace(name, `${name}1000 + `));
}
