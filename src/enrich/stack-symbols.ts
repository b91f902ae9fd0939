// SPDX-License-Identifier: Apache-2.0
import { KernelSymbols } from './kernel-symbols.ts';
import type { StackSymbols } from './stack-frame.ts';
import { UserSymbols } from './user-symbols.ts';

/** Symbols of the kernel and of processes. `onError` hears of what cannot be read; its frames are then unknown. */
export function stackSymbols(onError: (error: unknown) => void): StackSymbols {
  const kernel = new KernelSymbols();
  const user = new UserSymbols();
  return {
    findFrame(address, tgid) {
      try {
        return tgid === 0 ? kernel.find(address) : user.find(address, tgid);
      } catch (error) {
        onError(error);
        return undefined;
      }
    },
    findPlace: (place, binary) => user.findPlace(place, binary),
  };
}
