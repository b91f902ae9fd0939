// SPDX-License-Identifier: Apache-2.0
import type { Lineage, Relative } from './plan/follow.ts';
import { ancestorsOf, type Process } from './process/process.ts';
import type { ProcessTable } from './process/table.ts';

/** PROC_PID_INIT_INO, include/linux/proc_ns.h */
const INITIAL_PID_NAMESPACE = 0xefff_fffc;

/** What every living process descends from, for rules with followChildren and followForks. */
export function* lineagesOf(table: ProcessTable): Generator<Lineage> {
  for (const process of table.living())
    yield [relativeOf(process), ...[...ancestorsOf(process)].map(relativeOf)];
}

/** The image of a fork without execve is its parent's, whose pid namespace can be another. */
function relativeOf({ tgid, nsTgid, image }: Process): Relative {
  const isInitial =
    nsTgid === tgid && (image?.namespaces.pid ?? INITIAL_PID_NAMESPACE) === INITIAL_PID_NAMESPACE;
  return { tgid, namespacePid: isInitial ? 0 : nsTgid, binary: image?.binary };
}
