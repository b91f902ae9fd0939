// SPDX-License-Identifier: Apache-2.0
import { BpfError } from '../kernel/bpf-error.ts';
import type { TracepointField } from '../plan/kernel-facts.ts';
import { UncheckedFact } from '../plan/plan-problem.ts';
import { BtfKernel } from './btf-kernel.ts';
import { hasFormats, readTracepointFields } from './tracefs.ts';

/** The kernel that runs, as far as it is known without privileges and without a program that is tried on it. */
export class LocalKernel extends BtfKernel {
  protected override get types(): BtfKernel['types'] {
    try {
      return super.types;
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      throw new UncheckedFact(`kernel facts: ${error.message}`);
    }
  }

  override tracepointFields(subsystem: string, event: string): readonly TracepointField[] | undefined {
    // Formats are for root, and where tracefs is mounted.
    return hasFormats() ? readTracepointFields(subsystem, event) : super.tracepointFields(subsystem, event);
  }
}
