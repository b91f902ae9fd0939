// SPDX-License-Identifier: Apache-2.0
/** What stands in an example for something that differs from machine to machine, and what it is on this one. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { ElfImage } from '../../../src/kernel/elf-image.ts';
import { program, programWith } from '../support/programs.ts';

/** The text of a policy with the paths, places, digests and namespaces of this machine. */
export function resolveStandIns(yaml: string): string {
  return [...standIns()].reduce((text, [standIn, real]) => text.replaceAll(standIn, real), yaml);
}

let known: ReadonlyMap<string, string> | undefined;

function standIns(): ReadonlyMap<string, string> {
  return (known ??= readStandIns());
}

function readStandIns(): ReadonlyMap<string, string> {
  const server = programWith('user-calls', ['-gbtf']);
  const image = new ElfImage(server);
  const address = image.symbol('hooked_numbers') ?? 0;
  const offset = image.fileOffset(address) ?? 0;
  image.close();
  return new Map([
    ['/opt/shop/bin/server', server],
    ['/opt/shop/bin/payments', program('user-probes')],
    ['0x1a2b0', String(offset)],
    ['0x41a2b0', String(address)],
    [
      '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      createHash('sha256').update(readFileSync(server)).digest('hex'),
    ],
    ['4026531838', String(statSync('/proc/self/ns/uts').ino)],
  ]);
}
