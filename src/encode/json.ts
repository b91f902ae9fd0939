// SPDX-License-Identifier: Apache-2.0
import type { BootClock } from '../base/boot-clock.ts';
import type { ExitOccurrence, GapOccurrence, Occurrence, TracepointOccurrence } from '../process/event.ts';
import type { Process } from '../process/process.ts';
import { ancestorsOf } from '../process/process.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { HookJson } from './hook-json.ts';
import type { HookCounts, HookJsonOptions } from './hook-options.ts';
import { NO_HOOKS } from './hook-options.ts';
import { ancestryJson, enrichmentJson, execDetails } from './merlon-json.ts';
import type { ProcessJsonOptions } from './process-json.ts';
import { processJson } from './process-json.ts';
import { appendWithThread } from './process-thread.ts';
import { signalName } from './signals.ts';
import { TimeWriter } from './time-writer.ts';

export interface JsonOptions extends ProcessJsonOptions {
  readonly nodeName: string;
  readonly clusterName: string | undefined;
  /** exec and exit carry Tetragon's `ancestors`: full objects, from the parent's parent on */
  readonly ancestors: boolean;
  /** names of the attached tracepoints, by the record's hook index */
  readonly hooks: readonly { readonly subsystem: string; readonly event: string }[];
  /** for the hooks of policies; without it their events say that the hook is not known */
  readonly policyHooks?: HookJsonOptions;
}

/** Chunks are handed over at about this size, or at the end of a batch. */
export const CHUNK_BYTES = 1 << 18;

const PROCESS_EXEC = Buffer.from('{"process_exec":{"process":');
const PROCESS_EXIT = Buffer.from('{"process_exit":{"process":');
const PROCESS_TRACEPOINT = Buffer.from('{"process_tracepoint":{"process":');
const PARENT = Buffer.from(',"parent":');
const NEXT_ARGUMENT = Buffer.from('"},{"size_arg":"');
const END_OF_ARGUMENTS = Buffer.from('"}]');
const END = Buffer.from('}}\n');

/**
 * Occurrences as lines of Tetragon's export form. A process is serialised once; its events copy the bytes. `deliver` gets
 * chunks of whole lines; the bytes are used again after it returns.
 */
export class JsonEncoder {
  readonly #clock: BootClock;
  readonly #options: JsonOptions;
  readonly #deliver: (chunk: Uint8Array, events: number) => void;
  readonly #out = new ChunkWriter(CHUNK_BYTES + (CHUNK_BYTES >> 2));
  readonly #time: TimeWriter;
  readonly #trailer: string;
  /** around the time of the event, and before its ancestry */
  readonly #beforeTime: Uint8Array;
  readonly #afterTime: Uint8Array;
  /** what opens the arguments of a tracepoint, by hook */
  readonly #hooks: readonly Uint8Array[];
  readonly #hookJson: HookJson;
  #events = 0;

  constructor(clock: BootClock, options: JsonOptions, deliver: (chunk: Uint8Array, events: number) => void) {
    this.#clock = clock;
    this.#options = options;
    this.#deliver = deliver;
    this.#trailer =
      options.clusterName === undefined ? '' : `,"cluster_name":${JSON.stringify(options.clusterName)}`;
    this.#time = new TimeWriter(clock);
    this.#beforeTime = Buffer.from(`},"node_name":${JSON.stringify(options.nodeName)},"time":"`);
    this.#afterTime = Buffer.from(`Z"${this.#trailer},"merlon":{`);
    this.#hooks = options.hooks.map(openArguments);
    this.#hookJson = new HookJson(
      this.#out,
      {
        open: (opening, process, tid) => this.#open(opening, process, tid),
        parent: (process) => this.#parent(process),
        ancestors: (process) => this.#ancestors(process),
        tail: (ktime, process) => this.#tail(ktime, process),
      },
      options.policyHooks ?? NO_HOOKS,
    );
  }

  get hookCounts(): HookCounts {
    return this.#hookJson.counts;
  }

  append(occurrence: Occurrence): void {
    switch (occurrence.kind) {
      case 'exec':
        this.#processes(PROCESS_EXEC, occurrence.process);
        this.#baseAncestors(occurrence.process);
        this.#tail(occurrence.ktime, occurrence.process);
        this.#execDetails(occurrence.process);
        this.#out.appendAscii(`${enrichmentJson(occurrence.enrichment)}}}\n`);
        break;
      case 'exit':
        this.#exit(occurrence);
        break;
      case 'tracepoint':
        this.#tracepoint(occurrence);
        break;
      case 'hook':
        this.#events += this.#hookJson.append(occurrence) - 1;
        break;
      case 'gap':
        this.#out.appendText(this.gapLine(occurrence));
        break;
    }
    this.#events++;
    if (this.#out.length >= CHUNK_BYTES) this.flush();
  }

  /** Hands over what was appended since the last time. */
  flush(): void {
    if (this.#events === 0) return;
    const events = this.#events;
    this.#events = 0;
    try {
      this.#deliver(this.#out.bytes, events);
    } finally {
      this.#out.reset();
    }
  }

  /** A gap record as a whole line; sinks use it for losses of their own. */
  gapLine({ lane, gap }: GapOccurrence): string {
    const record = {
      lane,
      ...(gap.cpu >= 0 && { cpu: gap.cpu }),
      lost: String(gap.lost),
      from: this.#clock.format(gap.from),
      to: this.#clock.format(gap.to),
    };
    const { nodeName } = this.#options;
    const time = this.#clock.format(gap.to);
    return `{"merlon_gap":${JSON.stringify(record)},"node_name":${JSON.stringify(nodeName)},"time":"${time}"${this.#trailer}}\n`;
  }

  /** A process in export form, from the cache its events share. */
  processBytes(process: Process): Uint8Array {
    return (process.jsonFragment ??= Buffer.from(
      JSON.stringify(processJson(process, this.#clock, this.#options)),
    ));
  }

  #exit({ process, ktime, code, enrichment }: ExitOccurrence): void {
    this.#processes(PROCESS_EXIT, process);
    const signal = code & 0x7f;
    const status = (code >> 8) & 0xff;
    let fields = signal === 0 ? '' : `,"signal":"${signalName(signal)}"`;
    if (status !== 0) fields += `,"status":${status}`;
    this.#out.appendAscii(`${fields},"time":"${this.#clock.format(ktime)}"`);
    this.#baseAncestors(process);
    this.#tail(ktime, process);
    this.#out.appendAscii(
      `${(code & 0x80) === 0 ? '' : ',"core_dumped":true'}${enrichmentJson(enrichment)}}}\n`,
    );
  }

  #tracepoint({ process, ktime, enrichment, hook, arg0, arg1 }: TracepointOccurrence): void {
    const out = this.#out;
    this.#processes(PROCESS_TRACEPOINT, process);
    out.append(this.#hooks[hook] ?? NO_HOOK);
    out.appendDecimal(arg0);
    out.append(NEXT_ARGUMENT);
    out.appendDecimal(arg1);
    out.append(END_OF_ARGUMENTS);
    this.#tail(ktime, process);
    if (enrichment !== undefined) out.appendAscii(enrichmentJson(enrichment));
    out.append(END);
  }

  /** Opens the event: `{"TYPE":{"process":…,"parent":…` */
  #processes(opening: Uint8Array, process: Process): void {
    this.#out.append(opening);
    this.#out.append(this.processBytes(process));
    this.#parent(process);
  }

  /** `{"TYPE":{"process":…` with the thread that the event is about. */
  #open(opening: Uint8Array, process: Process, tid: number): void {
    const bytes = this.processBytes(process);
    this.#out.append(opening);
    if (tid === process.tid) this.#out.append(bytes);
    else appendWithThread(this.#out, bytes, tid);
  }

  #parent(process: Process): void {
    if (process.parent === undefined) return;
    this.#out.append(PARENT);
    this.#out.append(this.processBytes(process.parent));
  }

  /** Closes the event's object and opens `merlon` with the ancestry. */
  #tail(ktime: bigint, process: Process): void {
    const out = this.#out;
    out.append(this.#beforeTime);
    this.#time.append(out, ktime);
    out.append(this.#afterTime);
    out.append((process.ancestryFragment ??= Buffer.from(ancestryJson(process))));
  }

  #baseAncestors(process: Process): void {
    if (this.#options.ancestors) this.#ancestors(process);
  }

  #ancestors(process: Process): void {
    if (process.parent === undefined) return;
    const beyond = [...ancestorsOf(process.parent)].map((ancestor) =>
      Buffer.from(this.processBytes(ancestor)).toString(),
    );
    if (beyond.length > 0) this.#out.appendText(`,"ancestors":[${beyond.join(',')}]`);
  }

  #execDetails(process: Process): void {
    if (process.image === undefined) return;
    const details = JSON.stringify(execDetails(process, process.image));
    this.#out.appendText(`,${details.slice(1, -1)}`);
  }
}

/** `,"subsys":…,"event":…` and the arguments up to the first one's digits. */
function openArguments({ subsystem, event }: { subsystem: string; event: string }): Uint8Array {
  const names = `,"subsys":${JSON.stringify(subsystem)},"event":${JSON.stringify(event)}`;
  return Buffer.from(`${names},"args":[{"size_arg":"`);
}

const NO_HOOK = openArguments({ subsystem: '', event: '' });
