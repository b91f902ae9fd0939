// SPDX-License-Identifier: Apache-2.0
import { CHUNK_BYTES } from '../../src/encode/json.ts';
import { compile, Worker } from './programs.ts';

/** As large as the export file grows. */
const FILE_BYTES = 100 * 2 ** 20;

/** The least that exporting can cost: the same bytes with write(2), by a C program. */
export class WriteBaseline {
  readonly #writer: Worker<{ wall_ns: number; cpu_ns: number }>;

  /** `source`: a file with the bytes; `target`: the file to write and remove each time. */
  constructor(source: string, target: string, cpu: number) {
    this.#writer = new Worker(compile('write-file'), [source, target], cpu);
  }

  async measure(): Promise<{ wallNsPerByte: number; cpuNsPerByte: number }> {
    const { wall_ns, cpu_ns } = await this.#writer.ask(`${FILE_BYTES} ${CHUNK_BYTES}`);
    return { wallNsPerByte: wall_ns / FILE_BYTES, cpuNsPerByte: cpu_ns / FILE_BYTES };
  }

  close(): void {
    this.#writer.close();
  }
}
