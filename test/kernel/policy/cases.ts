// SPDX-License-Identifier: Apache-2.0
import { actionCases } from './actions.ts';
import type { PolicyCase, Stage } from './case.ts';
import { fileCases } from './files.ts';
import { hookCases } from './hooks.ts';
import { numberCases } from './numbers.ts';
import { objectCases } from './objects.ts';
import { selectorCases } from './selectors.ts';
import { socketCases } from './sockets.ts';
import { textCases } from './texts.ts';

/** The whole table. */
export function policyCases(stage: Stage): PolicyCase[] {
  return [
    ...hookCases(stage),
    ...numberCases(),
    ...textCases(),
    ...fileCases(stage),
    ...socketCases(stage),
    ...objectCases(),
    ...selectorCases(stage),
    ...actionCases(),
  ];
}
