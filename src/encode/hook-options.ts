// SPDX-License-Identifier: Apache-2.0
import type { StackSymbols } from '../enrich/stack-frame.ts';
import type { FindHook, HookTarget } from '../events/hook.ts';

/** What the events of policies' hooks need beyond those of processes. */
export interface HookJsonOptions extends StackSymbols {
  readonly findHook: FindHook;
  /** kinds of hooks whose events carry Tetragon's `ancestors` */
  readonly ancestors: ReadonlySet<HookTarget['kind']>;
  /** build id of a file that a process has mapped; empty when it is not known */
  readonly findBuildId: (tgid: number, path: string, inode: bigint) => Uint8Array;
  /** show addresses of stacks; they tell where the kernel and programs lie in memory */
  readonly stackAddresses: boolean;
}

/** Nothing is known of any hook. */
export const NO_HOOKS: HookJsonOptions = {
  findHook: () => undefined,
  ancestors: new Set(),
  findBuildId: () => new Uint8Array(),
  findFrame: () => undefined,
  findPlace: ({ buildId, offset }) => ({ symbol: '', offset, module: `build-id:${buildId}`, buildId }),
  stackAddresses: false,
};

/** What became of records of hooks that made no event of a policy. */
export interface HookCounts {
  /** the hook's generation was gone: the event says `hook_unknown` */
  readonly unknown: number;
  /** no policy of the hook had a rule in the mask, or only rules that show nothing: there was no event */
  readonly silent: number;
}
