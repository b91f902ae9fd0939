// SPDX-License-Identifier: Apache-2.0
import { isatty } from 'node:tty';
import type { StdoutOptions } from '../stream/options.ts';

export type TerminalOptions = StdoutOptions & TerminalForm;

export interface TerminalForm {
  readonly color: boolean;
  /** columns to fit each line into; by default those of standard output where that is a terminal */
  readonly columns?: () => number | undefined;
  readonly nodeName?: boolean;
  /** one line for all processes that ran before the agent; default true */
  readonly foldSnapshot?: boolean;
}

/** process.stdout follows the size of the window; on anything but a terminal it is not touched. */
export function columnsOfStdout(): () => number | undefined {
  return isatty(1) ? () => process.stdout.columns : () => undefined;
}
