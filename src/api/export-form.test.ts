// SPDX-License-Identifier: Apache-2.0
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { JsonValue } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { encode } from '../encode/json-testing.ts';
import { ExecFlag } from '../events/gen/layouts.ts';
import type { ExecRecord } from '../events/record.ts';
import { Random } from '../plan/testing.ts';
import { execRecord, exitRecord } from '../process/testing.ts';
import { fromExportForm, toExportForm } from './export-form.ts';
import { GetEventsResponseSchema } from './gen/tetragon/events_pb.js';

const samples = resolve(import.meta.dirname, '../../../shared/reference/tetragon/samples');
const skip = !existsSync(samples) && '../shared/reference/tetragon/samples is absent';

function roundTrip(json: JsonValue): JsonValue {
  const bytes = toBinary(GetEventsResponseSchema, fromExportForm(GetEventsResponseSchema, json));
  return toExportForm(GetEventsResponseSchema, fromBinary(GetEventsResponseSchema, bytes));
}

test("Tetragon's own output survives JSON → protobuf → bytes → JSON unchanged", { skip }, () => {
  let lines = 0;
  for (const file of readdirSync(samples).filter((name) => name.endsWith('.json'))) {
    for (const line of readFileSync(join(samples, file), 'utf8').split('\n').filter(Boolean)) {
      const json = JSON.parse(line) as JsonValue;
      assert.deepEqual(roundTrip(json), json, file);
      lines++;
    }
  }
  assert(lines > 20, `only ${lines} samples were read`);
});

test("Merlon's own fields have numbers from 50000 on and survive as well", () => {
  const event = {
    process_exec: { process: { exec_id: 'eA==', pid: 7, binary: '/bin/sh' } },
    merlon: {
      ancestry: [{ exec_id: 'eQ==', pid: 1, binary: '/sbin/init' }],
      truncated: ['process.arguments'],
    },
    node_name: 'n',
    time: '2026-01-02T03:04:05.000000006Z',
  };
  assert.deepEqual(roundTrip(event), event);
  const gap = {
    merlon_gap: { lane: 'lifecycle', cpu: 0, lost: '18446744073709551615', from: event.time, to: event.time },
  };
  assert.deepEqual(roundTrip(gap), gap);
  const own = GetEventsResponseSchema.fields.filter(({ name }) => name.startsWith('merlon'));
  assert.deepEqual(
    own.map(({ number }) => number),
    [50001, 50000],
  );
});

/** `record` with every number that it holds set to 0, and every text emptied, where `choose` says so. */
function emptied<T extends object>(record: T, choose: () => boolean): T {
  const entries = Object.entries(record).map(([name, value]: [string, unknown]) => {
    if (value instanceof Uint8Array) return [name, choose() ? new Uint8Array() : value];
    if (typeof value === 'object' && value !== null) return [name, emptied(value, choose)];
    if (!choose()) return [name, value];
    return [name, typeof value === 'bigint' ? 0n : typeof value === 'number' ? 0 : value];
  });
  return Object.fromEntries(entries) as T;
}

test('execs and exits are as a gRPC client prints them, whatever is 0 or empty in them', () => {
  const random = new Random(7);
  const flags = Object.values(ExecFlag).reduce((all, flag) => all | flag, 0);
  const options = { credentials: true, namespaces: true, environment: true, ancestors: true };
  const env = Buffer.from('A=1\0B=\0=\0\0C\0');
  const full: ExecRecord = {
    ...execRecord({ tgid: 101, startTime: 2000n, parent: { tgid: 100, imageTime: 1100n }, env, flags }),
    ...{ root: Buffer.from('/r'), script: Buffer.from('/s'), tty: 5, sessionId: 9, tid: 102 },
  };
  // What identifies a process and its thread is never 0.
  const { header, process, imageTime, tid, ...members } = full;
  const records = [members, emptied(members, () => true)];
  for (let run = 0; run < 300; run++) records.push(emptied(members, () => random.chance(0.5)));
  for (const record of records) {
    const lines = encode(options, (tracker) => {
      tracker.exec({ header, process, imageTime, tid, ...record });
      tracker.exit(exitRecord(process.tgid, process.startTime, imageTime));
    });
    assert.equal(lines.length, 2);
    for (const { merlon, ...line } of lines) {
      // The one list that the file has even when it is empty.
      const { ancestry, ...others } = merlon;
      const expected = { ...line, merlon: ancestry.length > 0 ? merlon : others };
      assert.deepEqual(roundTrip(expected as unknown as JsonValue), expected);
    }
  }
});

test('a field that the schema does not know is an error, not a loss', () => {
  assert.throws(() => fromExportForm(GetEventsResponseSchema, { process_exce: {} }));
});
