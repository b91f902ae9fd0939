// SPDX-License-Identifier: Apache-2.0
import type { NativeErrorDetail } from '../../native/index.d.ts';
import { AgentError, ErrorCode } from '../base/errors.ts';

/** What each errno usually means when the kernel refuses something about eBPF, as advice. */
const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: 'Run as root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN), and check kernel lockdown with "merlon doctor".',
  EACCES:
    'The verifier refused the program on this kernel: report it with the log and "merlon doctor -o json".',
  E2BIG:
    'A kernel limit is reached: too many programs on this function (38, shared by all agents) or too large a map.',
  ENOSPC: 'A map is full or too small: raise its size in the settings.',
  ENOMEM: 'The kernel has no memory for it: free memory, or raise the memory limit of the unit or container.',
  EBUSY: 'Another program holds this place or name: see "bpftool link" and "bpftool prog" for whose it is.',
  EINVAL: 'This kernel does not know the feature or refuses the combination: see "merlon doctor".',
  EOPNOTSUPP: 'This kernel is built without the feature: see "merlon doctor" for what is used in its place.',
  EEXIST: 'Something is pinned or attached there already: is another agent running?',
  ENOENT: 'Check the name: this kernel or object has nothing called that.',
};

/**
 * A failed action on the kernel's eBPF side. The addon constructs it: `code` is ERR_BPF_LOAD while opening or loading an
 * object, else ERR_BPF.
 */
export class BpfError extends AgentError {
  /** A positive errno; 0 when no system call failed. */
  readonly errno: number;
  /** Its name, "EPERM" for instance, or "". */
  readonly errnoName: string;
  readonly program: string | undefined;
  readonly map: string | undefined;
  /** The last lines of the verifier's log, which end in the reason of the refusal. */
  readonly verifierLog: string | undefined;

  constructor(message: string, detail: NativeErrorDetail) {
    const remedy = REMEDIES[detail.errnoName];
    super(
      detail.code === ErrorCode.BpfLoad ? ErrorCode.BpfLoad : ErrorCode.Bpf,
      message,
      remedy === undefined ? {} : { remedy },
    );
    this.name = 'BpfError';
    this.errno = detail.errno;
    this.errnoName = detail.errnoName;
    this.program = detail.program;
    this.map = detail.map;
    this.verifierLog = detail.verifierLog;
  }
}
