// SPDX-License-Identifier: Apache-2.0
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { JsonValue } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
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

test('a field that the schema does not know is an error, not a loss', () => {
  assert.throws(() => fromExportForm(GetEventsResponseSchema, { process_exce: {} }));
});
