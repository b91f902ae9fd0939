// SPDX-License-Identifier: Apache-2.0
import { isatty } from 'node:tty';
import type { Settings } from './settings.ts';

/** Whether to colour standard output: by the setting, else on a terminal unless NO_COLOR is set and not empty. */
export function useColor(setting: Settings['color']): boolean {
  if (setting !== 'auto') return setting === 'always';
  return isatty(1) && !process.env.NO_COLOR;
}
