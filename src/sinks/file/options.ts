// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../../base/log.ts';
import type { GapLine } from '../sink.ts';

export interface FileSinkOptions {
  readonly path: string;
  /** permission bits; also given to a file that is there already */
  readonly mode: number;
  /** rotate before the file grows beyond this; a single longer line still gets a file of its own */
  readonly maxBytes: number;
  /** rotated files to keep; 0 keeps all, as in Tetragon */
  readonly maxBackups: number;
  /** rotate a file that is not empty at this age; 0 rotates by size only */
  readonly rotationIntervalMs: number;
  /** encodes a gap record of the lane `sink:file` */
  readonly gapLine: GapLine;
  readonly log: Logger;
}
