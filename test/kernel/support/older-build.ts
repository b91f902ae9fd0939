// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const OBJECTS = 'build/bpf';
const PINS = 'src/sensor/policy-pins.ts';
const CONTRACT = 'const ROOT_CONTRACT = ';

/**
 * Makes the agent as another build in `directory`: every eBPF object has other bytes, so its process sensor has pins of its
 * own. With `contract` its roots are such as this build does not know. Returns the command.
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
    const text = readFileSync(join(directory, PINS), 'utf8');
    if (!text.includes(CONTRACT)) throw new Error(`${PINS} names no contract`);
    writeFileSync(join(directory, PINS), text.replace(CONTRACT, `${CONTRACT}1000 + `));
  }
  return join(directory, 'bin/merlon');
}
