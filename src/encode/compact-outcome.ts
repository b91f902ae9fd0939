// SPDX-License-Identifier: Apache-2.0
import type { ExportEvent } from './compact-json.ts';
import { at, listAt, textAt } from './compact-json.ts';
import type { Segment, Style } from './compact-text.ts';
import { elapsed } from './compact-time.ts';
import { escapeHidden } from './escape.ts';

/** How a process ended and how long its program ran; what a policy did. */
export function outcomeOf(event: ExportEvent, type: string): Segment[] {
  const verdict = textAt(event, 'merlon', 'verdict');
  const segments: Segment[] = [];
  if (verdict !== '') {
    segments.push({ text: `  ${escapeHidden(verdict).toUpperCase()}`, style: ['bold', 'red'] });
  }
  if (type !== 'process_exit') return segments;
  const exit = event[type];
  segments.push(endOf(event, exit));
  const ran = elapsed(textAt(exit, 'process', 'start_time'), textAt(exit, 'time') || textAt(event, 'time'));
  if (ran !== '') segments.push({ text: ` after ${ran}`, style: 'dim' });
  return segments;
}

function endOf(event: ExportEvent, exit: unknown): Segment {
  const signal = textAt(exit, 'signal');
  if (signal !== '') {
    const core = at(event, 'merlon', 'core_dumped') === true ? ' (core dumped)' : '';
    return { text: `  ${escapeHidden(signal)}${core}`, style: ['bold', 'red'] };
  }
  const status = textAt(exit, 'status') || '0';
  return { text: `  status ${escapeHidden(status)}`, style: status === '0' ? 'dim' : 'red' };
}

const PRIVILEGES = new Map([
  ['PRIVILEGES_RAISED_EXEC_FILE_CAP', 'file capabilities'],
  ['PRIVILEGES_RAISED_EXEC_FILE_SETUID', 'setuid'],
  ['PRIVILEGES_RAISED_EXEC_FILE_SETGID', 'setgid'],
]);

/** What a reader should notice about the binary, and what the line does not know. */
export function marksOf(event: ExportEvent, body: unknown): Segment[] {
  const properties = at(body, 'process', 'binary_properties');
  const notable = listAt(properties, 'privileges_changed').map((name) => {
    return PRIVILEGES.get(String(name)) ?? String(name);
  });
  if (at(event, 'merlon', 'file', 'anonymous') === true) notable.push('binary only in memory');
  else if (at(properties, 'file', 'inode', 'links') === 0) notable.push('deleted binary');
  const owner = textAt(event, 'merlon', 'sock_owner', 'pid');
  if (owner !== '' && owner !== textAt(body, 'process', 'pid')) notable.push(`socket of pid ${owner}`);
  const missing = [
    ...listAt(event, 'merlon', 'truncated').map((field) => `${String(field)} cut`),
    ...listAt(event, 'merlon', 'unreadable').map((field) => `${String(field)} unreadable`),
    ...[textAt(event, 'merlon', 'enrichment').replaceAll('_', ' ')].filter((text) => text !== ''),
  ];
  return [
    ...notable.map((text) => mark(text, ['bold', 'yellow'])),
    ...missing.map((text) => mark(text, 'yellow')),
  ];
}

function mark(text: string, style: Style): Segment {
  return { text: `  [${escapeHidden(text)}]`, style };
}
