// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads that a process has now, nanoseconds (first field of /proc/PID/task/TID/schedstat). */
export function cpuNsOf(pid: number): number {
  let sum = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]);
  }
  return sum;
}

/** Resident memory of a process, MiB: now, and the most that it has been. */
export function memoryOf(pid: number): { rssMib: number; peakRssMib: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mib = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { rssMib: mib('VmRSS'), peakRssMib: mib('VmHWM') };
}

/** Kernel memory of all BPF maps that a process holds open, bytes (`map_id` and `memlock` in /proc/PID/fdinfo/FD). */
export function mapBytesOf(pid: number): number {
  const bytesById = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
    const id = /^map_id:\s+(\d+)$/m.exec(info)?.[1];
    const bytes = /^memlock:\s+(\d+)$/m.exec(info)?.[1];
    if (id !== undefined) bytesById.set(id, Number(bytes));
  }
  return [...bytesById.values()].reduce((sum, bytes) => sum + bytes, 0);
}
