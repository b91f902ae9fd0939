// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import type { Cursor } from './cursor.ts';
import type { Argument, Hook, List } from './model.ts';
import type { ProblemCode } from './problem.ts';

/** Reports a problem; `more` is what suggest() returns. */
export type Report = (
  code: ProblemCode,
  at: SourcePosition,
  message: string,
  more?: { remedy?: string },
) => void;

/** What the parts of a policy see of the whole. */
export interface PolicyScope {
  readonly report: Report;
  readonly lists: ReadonlyMap<string, List>;
  readonly macros: ReadonlyMap<string, Cursor>;
  readonly hasEnforcers: boolean;
}

export type HookKind = Hook['kind'];

/** What the selectors of a hook see of the hook. */
export interface HookScope extends PolicyScope {
  readonly kind: HookKind;
  /** as messages name it: kprobe "fd_install" */
  readonly title: string;
  readonly args: readonly Argument[];
  readonly data: readonly Argument[];
  /** undefined unless the hook reports when the function returns */
  readonly returnArg: Argument | undefined;
  /** of an LSM hook */
  readonly lsmHook?: string;
}

/** Where in a hook an argument stands. */
export type Role = 'args' | 'data' | 'returnArg';

/** What the arguments of a hook see of the hook. */
export interface ArgumentScope {
  readonly report: Report;
  readonly kind: HookKind;
  readonly title: string;
  /** of a tracepoint */
  readonly raw?: boolean;
  /** of a uprobe or a USDT probe */
  readonly btfPath?: string | undefined;
}
