// SPDX-License-Identifier: Apache-2.0

/** Those that an agent of eBPF programs uses, by number: include/uapi/linux/capability.h. */
const NUMBERS = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type ProcessCapability = keyof typeof NUMBERS;
export const processCapabilities = Object.keys(NUMBERS) as ProcessCapability[];

/** Those of them that the text of /proc/PID/status shows as effective. */
export function effectiveCapabilities(status: string): ProcessCapability[] {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return processCapabilities.filter((name) => (mask & (1n << BigInt(NUMBERS[name]))) !== 0n);
}
