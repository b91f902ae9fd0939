// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { BpfMap } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import { OVERRIDES_MAP } from './hook-instance.ts';
import type { AttachedProgram } from './ima-hasher.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/override.bpf.o', import.meta.url));

/** Attaches what carries out the decisions that the hook's program leaves in `overrides`. Throws a BpfError. */
export function attachOverride(functionName: string): AttachedProgram & { readonly overrides: BpfMap } {
  const object = new addon.BpfObject(OBJECT);
  try {
    object.load();
    const program = object.program('override_return');
    try {
      const link = program.attach({ kind: 'kprobe', function: functionName, retprobe: false });
      return { program, link, overrides: object.map(OVERRIDES_MAP) };
    } catch (error) {
      program.close();
      throw error;
    }
  } finally {
    object.close();
  }
}
