// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { ProtectObject, ProtectObjectKind } from '../events/gen/layouts.ts';

/** A map or program of the kernel. */
export interface KernelObject {
  readonly kind: 'map' | 'program';
  readonly id: number;
}

/** Maps and programs that this process has descriptors of, and the programs of its links. */
export function heldObjects(directory = '/proc/self/fdinfo'): KernelObject[] {
  const objects = readdirSync(directory).flatMap((fd): KernelObject[] => {
    const text = readDescriptor(`${directory}/${fd}`);
    const idOf = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return [
      { kind: 'map', id: idOf('map_id') },
      { kind: 'program', id: idOf('prog_id') },
    ];
  });
  return objects.filter(({ id }) => id > 0);
}

/** A key of the map protect_objects. */
export function objectKey({ kind, id }: KernelObject): Uint8Array {
  const view = new DataView(new ArrayBuffer(ProtectObject.sizeof));
  const { PROTECT_OBJECT_MAP, PROTECT_OBJECT_PROGRAM } = ProtectObjectKind;
  view.setUint32(ProtectObject.kind, kind === 'map' ? PROTECT_OBJECT_MAP : PROTECT_OBJECT_PROGRAM, true);
  view.setUint32(ProtectObject.id, id, true);
  return new Uint8Array(view.buffer);
}

function readDescriptor(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // That of the directory itself, or one that another thread has closed.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
