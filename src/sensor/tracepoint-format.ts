// SPDX-License-Identifier: Apache-2.0
import type { TracepointField } from '../plan/kernel-facts.ts';

/**
 * The fields of a tracepoint's format file (f_show, kernel/trace/trace_events.c), the common ones first:
 * `field:const char * filename; offset:16; size:8; signed:0;`
 */
export function parseTracepointFormat(text: string): TracepointField[] {
  const fields: TracepointField[] = [];
  for (const [, declared = '', offset, size, signed] of text.matchAll(
    /^\s*field:(.*?);\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d+);/gm,
  )) {
    const array = /^(.*?)\b(\w+)\s*(\[[^\]]*\])$/.exec(declared);
    const plain = /^(.*?)\b(\w+)$/.exec(declared);
    const [, type = '', name = ''] = array ?? plain ?? [];
    fields.push({
      name,
      declaration: `${type.trim()}${array?.[3] ?? ''}`,
      offset: Number(offset),
      size: Number(size),
      signed: signed === '1',
    });
  }
  return fields;
}
