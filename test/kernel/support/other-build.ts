// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const OBJECTS = 'build/bpf';
const PINS = 'src/sensor/policy-pins.ts';
const CONTRACT = 'const ROOT_CONTRACT = ';
const LAYOUTS = 'src/events/gen/layouts.ts';
const VERSION = 'EVENT_VERSION: ';

/**
 * How another build differs: in the bytes of its eBPF objects only, so that its process sensor has pins of its own; or so that
 * neither build knows the other's roots, or its records.
 */
export type Difference = 'objects' | 'roots' | 'records';

/** Makes the agent as another build in `directory`. Returns the command. */
export function makeOtherBuild(directory: string, difference: Difference): string {
  for (const part of ['src', 'bin', 'package.json', OBJECTS])
    cpSync(join(REPOSITORY, part), join(directory, part), { recursive: true });
  for (const part of ['node_modules', 'native', 'deploy'])
    symlinkSync(join(REPOSITORY, part), join(directory, part), 'dir');
  for (const name of ['process', 'root', 'hook', 'follow'])
    appendFileSync(join(directory, OBJECTS, `${name}.bpf.o`), '\0');
  if (difference === 'roots') raise(join(directory, PINS), CONTRACT);
  if (difference === 'records') raise(join(directory, LAYOUTS), VERSION);
  return join(directory, 'bin/merlon');
}

/** Makes another number of the one that stands behind `name`. */
function raise(path: string, name: string): void {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(name)) throw new Error(`${path} names no ${name}`);
  writeFileSync(path, text.replace(name, `${name}1000 + `));
}
