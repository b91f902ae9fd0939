// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { BpfLink, BpfProgram } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import type { SharedMaps } from './hook-instance.ts';
import { IMA_MAP } from './hook-instance.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/ima.bpf.o', import.meta.url));

export interface AttachedProgram {
  readonly program: BpfProgram;
  readonly link: BpfLink;
}

/** Attaches the program that takes the hash of an LSM hook's file where the programs of `lsm_ima` ask for it. */
export function attachImaHasher(hook: string, shared: SharedMaps): AttachedProgram {
  const name = hook.startsWith('bprm_') ? 'ima_bprm' : 'ima_file';
  const object = new addon.BpfObject(OBJECT);
  try {
    for (const program of object.programs) object.setAutoload(program.name, program.name === name);
    object.setAttachTarget(name, hook);
    const states = shared.get(IMA_MAP);
    if (states === undefined) throw new RangeError('The hook that sends the hash is loaded before');
    object.reuseMap(IMA_MAP, states);
    object.load();
    const program = object.program(name);
    try {
      return { program, link: program.attach({ kind: 'lsm' }) };
    } catch (error) {
      program.close();
      throw error;
    }
  } finally {
    object.close();
  }
}
