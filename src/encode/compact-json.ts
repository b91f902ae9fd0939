// SPDX-License-Identifier: Apache-2.0

/** An event in export form, parsed. It may come from another version or another agent: nothing about it is certain. */
export type ExportEvent = Readonly<Record<string, unknown>>;

/** The member at a path; undefined when there is none. */
export function at(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** The scalar at a path as text; empty when there is none. */
export function textAt(value: unknown, ...path: string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : '';
}

export function listAt(value: unknown, ...path: string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

const COMMON = new Set(['node_name', 'time', 'cluster_name', 'node_labels', 'aggregation_info', 'merlon']);

/** The name of the member that holds the event itself, such as `process_exec`; empty when there is none. */
export function eventType(event: ExportEvent): string {
  return Object.keys(event).find((name) => !COMMON.has(name)) ?? '';
}

/** Whether the event is not an execve but tells of a process that ran before the agent did. */
export function isSnapshot(event: ExportEvent): boolean {
  return textAt(event, 'process_exec', 'process', 'flags').split(' ').includes('procFS');
}
