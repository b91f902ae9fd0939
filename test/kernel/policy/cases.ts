// SPDX-License-Identifier: Apache-2.0
import { actionCases } from './actions.ts';
import { addressCases } from './addresses.ts';
import { binaryCases } from './binaries.ts';
import type { PolicyCase, Stage } from './case.ts';
import { fileCases } from './files.ts';
import { functionCases } from './functions.ts';
import { namespaceCases } from './namespaces.ts';
import { numberCases } from './numbers.ts';
import { objectCases } from './objects.ts';
import { segmentCases } from './segments.ts';
import { selectorCases } from './selectors.ts';
import { socketCases } from './sockets.ts';
import { syscallCases } from './syscalls.ts';
import { textCases } from './texts.ts';
import { tracepointCases } from './tracepoints.ts';
import { trafficCases } from './traffic.ts';

/** The whole table. */
export function policyCases(stage: Stage): PolicyCase[] {
  return [
    ...functionCases(stage),
    ...syscallCases(stage),
    ...tracepointCases(stage),
    ...numberCases(),
    ...textCases(),
    ...segmentCases(),
    ...fileCases(stage),
    ...socketCases(),
    ...addressCases(stage),
    ...trafficCases(),
    ...objectCases(),
    ...selectorCases(stage),
    ...binaryCases(stage),
    ...namespaceCases(stage),
    ...actionCases(),
  ];
}
