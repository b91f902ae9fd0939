// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { ProcessNamespaces } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/host.bpf.o', import.meta.url));

/**
 * Inode numbers of the namespaces of the host's process 1, in the order of struct process_namespaces; 0 where the kernel has
 * no such kind. The kernel is asked (bpf/host.bpf.c), since /proc/1/ns may be forbidden or, in a container, another's.
 * Throws a BpfError when this process may not load programs.
 */
export function readHostNamespaces(): number[] {
  const object = new addon.BpfObject(OBJECT);
  try {
    object.load();
    const program = object.program('host_read');
    program.testRun({});
    program.close();
    const map = object.map('host_namespaces');
    const bytes = map.get(new Uint8Array(4)) ?? new Uint8Array(ProcessNamespaces.sizeof);
    map.close();
    return [...new Uint32Array(bytes.slice().buffer)];
  } finally {
    object.close();
  }
}
