// SPDX-License-Identifier: Apache-2.0
import type { ExportEvent } from './compact-json.ts';
import { hookLine, policySegments } from './compact-hook.ts';
import type { HookLine } from './compact-hook.ts';
import { at, eventType, isSnapshot, textAt } from './compact-json.ts';
import { marksOf, outcomeOf } from './compact-outcome.ts';
import type { CompactProcess } from './compact-process.ts';
import { compactProcess } from './compact-process.ts';
import type { Segment } from './compact-text.ts';
import { columnsOf, render, shortenEnd, shortenMiddle } from './compact-text.ts';
import { clockTime } from './compact-time.ts';
import { escapeHidden } from './escape.ts';

export type { ExportEvent } from './compact-json.ts';

export interface CompactOptions {
  readonly color: boolean;
  /** columns to fit the line into; without it nothing is shortened */
  readonly width?: number;
  /** name the node where an event has no pod; default false */
  readonly nodeName?: boolean;
  /** begin with the local time; default true */
  readonly timestamps?: boolean;
}

/**
 * An event as one readable line without its newline:
 * `TIME EMOJI ACTION [POD] PID USER ANCESTORS→BINARY ARGUMENTS  OUTCOME`. Nothing that comes from a process reaches the
 * terminal unescaped. Any event is accepted; one of an unknown type shows its type.
 */
export function formatCompact(event: ExportEvent, options: CompactOptions): string {
  const type = eventType(event);
  const body = event[type];
  if (type === 'merlon_gap') return formatGap(event, body, options);
  const hook = hookLine(type, body);
  const { emoji, action } = hook ?? actionOf(event, type);
  const head = headOf(event, `${emoji} ${action.padEnd(7)} `, body, options);
  if (at(body, 'process') === undefined) {
    const rest = type === '' || body === undefined ? event : body;
    return render(fit(head, [{ text: escapeHidden(JSON.stringify(rest)) }], [], options), options.color);
  }
  const process = compactProcess(event, body);
  head.push({ text: process.pid.padStart(7), style: 'cyan' }, { text: ` ${process.user.padEnd(8)} ` });
  const tail = [...detailOf(hook, body, options), ...outcomeOf(event, type), ...marksOf(event, body)];
  return render(fit(head, commandOf(process), tail, options), options.color);
}

function actionOf(event: ExportEvent, type: string): { emoji: string; action: string } {
  switch (type) {
    case 'process_exec':
      return isSnapshot(event) ? { emoji: '👀', action: 'running' } : { emoji: '🚀', action: 'exec' };
    case 'process_exit':
      return { emoji: '💥', action: 'exit' };
    default:
      return { emoji: '❔', action: escapeHidden(type) || 'unknown event' };
  }
}

function headOf(event: ExportEvent, action: string, body: unknown, options: CompactOptions): Segment[] {
  const pod = textAt(body, 'process', 'pod', 'name');
  const place =
    pod !== ''
      ? `${textAt(body, 'process', 'pod', 'namespace')}/${pod}`
      : options.nodeName === true
        ? textAt(event, 'node_name')
        : '';
  return [
    ...(options.timestamps === false
      ? []
      : [{ text: `${clockTime(textAt(event, 'time'))} `, style: 'dim' as const }]),
    { text: action },
    ...(place === '' ? [] : [{ text: `${escapeHidden(place)} `, style: 'magenta' as const }]),
  ];
}

function commandOf({ chain, binary, args }: CompactProcess): Segment[] {
  return [
    { text: chain, style: 'dim' },
    { text: binary, style: 'bold' },
    { text: args === '' ? '' : ` ${args}` },
  ];
}

/** What was hit, and which policy tells of it. */
function detailOf(
  hook: HookLine | undefined,
  body: unknown,
  { width = Infinity }: CompactOptions,
): Segment[] {
  if (hook === undefined) return [];
  const detail = shortenEnd(escapeHidden(hook.detail), Math.floor(width / 2));
  return [{ text: `  ${detail}` }, ...policySegments(body)];
}

function formatGap(event: ExportEvent, gap: unknown, options: CompactOptions): string {
  const lost = textAt(gap, 'lost') || '0';
  const cpu = textAt(gap, 'cpu');
  const place = `${textAt(gap, 'lane') || 'unknown lane'}${cpu === '' ? '' : `, cpu ${cpu}`}`;
  const span = `${clockTime(textAt(gap, 'from'))} to ${clockTime(textAt(gap, 'to'))}`;
  const text = `LOST ${lost} ${lost === '1' ? 'event' : 'events'} (${place}) from ${span}`;
  const head = headOf(event, '🚨 ', gap, options);
  return render([...head, { text: escapeHidden(text), style: ['bold', 'white', 'bgRed'] }], options.color);
}

/** How far each piece of the middle may shrink, in this order: arguments, path, ancestors, then arguments to nothing. */
const SHRINK: readonly [fromEnd: number, leastColumns: number][] = [
  [1, 16],
  [2, 14],
  [3, 1],
  [1, 2],
];

/** The line in as many columns as there are, with head and tail whole; narrower than that it wraps. */
function fit(head: Segment[], middle: Segment[], tail: Segment[], { width }: CompactOptions): Segment[] {
  if (width === undefined) return [...head, ...middle, ...tail];
  let excess = columnsOf([...head, ...middle, ...tail].map(({ text }) => text).join('')) - width;
  const fitted = [...middle];
  for (const [fromEnd, least] of SHRINK) {
    const segment = fitted.at(-fromEnd);
    if (excess <= 0 || segment === undefined) continue;
    const columns = columnsOf(segment.text);
    const shorten = fromEnd === 1 ? shortenEnd : shortenMiddle;
    const text = shorten(segment.text, Math.max(least, columns - excess));
    excess -= columns - columnsOf(text);
    fitted[fitted.length - fromEnd] = { ...segment, text };
  }
  return [...head, ...fitted, ...tail];
}
