// SPDX-License-Identifier: Apache-2.0
import { ValueEntry, ValueSockOwner } from '../events/gen/layouts.ts';
import type { HookRecord } from '../events/hook-record.ts';
import { execIdOf } from '../process/process.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { PreparedPolicy, PreparedRule } from './hook-fragments.ts';
import type { Shortfall } from './value-json.ts';
import { verdictMembers } from './verdict.ts';

/**
 * What an event of a hook says under `merlon`: gathered while its fields are written, then written and forgotten. Members
 * begin with a comma, since the ancestry stands before them.
 */
export class HookDetails {
  readonly shortfall: Shortfall = { truncated: [], unreadable: [] };
  /** of files whose symbols are missing, by path */
  readonly buildIds = new Map<string, string>();
  readonly #out: ChunkWriter;

  constructor(out: ChunkWriter) {
    this.#out = out;
  }

  appendVerdict(record: HookRecord, rule: PreparedRule): void {
    if (rule.enforcement !== undefined) this.#out.appendAscii(verdictMembers(record, rule));
  }

  appendShortfall(): void {
    this.#appendNames('truncated', this.shortfall.truncated);
    this.#appendNames('unreadable', this.shortfall.unreadable);
  }

  /** The process that opened the first socket that the policy shows, when the kernel side has tracked it. */
  appendSockOwner(record: HookRecord, { args }: PreparedPolicy, nodeName: string): void {
    for (
      let place = record.next(ValueEntry.VALUE_SOCK_OWNER, 0);
      place >= 0;
      place = record.next(ValueEntry.VALUE_SOCK_OWNER, record.after(place))
    ) {
      if (record.lengthOf(place) < ValueSockOwner.sizeof) continue;
      const data = record.dataOf(place);
      const entry = record.view.getUint32(data + ValueSockOwner.entry, true);
      if (!args.some((value) => value.entry === entry)) continue;
      const pid = record.view.getUint32(data + ValueSockOwner.ownerTgid, true);
      const imageTime = record.view.getBigUint64(data + ValueSockOwner.ownerImageTime, true);
      const owner = JSON.stringify({ exec_id: execIdOf(nodeName, imageTime, pid), pid });
      this.#out.appendAscii(`,"sock_owner":${owner}`);
      return;
    }
  }

  appendBuildIds(): void {
    if (this.buildIds.size === 0) return;
    this.#out.appendText(`,"build_ids":${JSON.stringify(Object.fromEntries(this.buildIds))}`);
    this.buildIds.clear();
  }

  #appendNames(key: string, names: string[]): void {
    if (names.length === 0) return;
    this.#out.appendAscii(`,"${key}":${JSON.stringify(names)}`);
    names.length = 0;
  }
}
