// SPDX-License-Identifier: Apache-2.0
import { argumentList, argumentText } from './compact-argument.ts';
import { at, listAt, textAt } from './compact-json.ts';
import type { Segment, Style } from './compact-text.ts';
import { escapeHidden } from './escape.ts';

/** What a line says of a hit: `📚 read`, then `/etc/passwd`. Neither is escaped. */
export interface HookLine {
  readonly emoji: string;
  readonly action: string;
  readonly detail: string;
}

/** Functions of which the line names what they do, and their arguments that matter. */
const KNOWN: Readonly<Record<string, { emoji: string; action: string; shown: readonly number[] }>> = {
  security_file_open: { emoji: '📬', action: 'open', shown: [0] },
  fd_install: { emoji: '📬', action: 'open', shown: [1] },
  security_file_permission: { emoji: '📚', action: 'access', shown: [0] },
  security_mmap_file: { emoji: '📚', action: 'mmap', shown: [0] },
  security_path_truncate: { emoji: '📝', action: 'trunc', shown: [0] },
  security_file_truncate: { emoji: '📝', action: 'trunc', shown: [0] },
  tcp_connect: { emoji: '🔌', action: 'connect', shown: [0] },
  tcp_close: { emoji: '🧹', action: 'close', shown: [0] },
  tcp_sendmsg: { emoji: '📤', action: 'send', shown: [0, 1] },
  bpf_check: { emoji: '🐝', action: 'bpf', shown: [0] },
  security_bpf_map_create: { emoji: '🐝', action: 'bpf map', shown: [0] },
  security_bpf_map_alloc: { emoji: '🐝', action: 'bpf map', shown: [0] },
};

const SYSCALL = /^__[a-z0-9]+_(?:compat_)?sys_/;

/** undefined for what is no hook's event. */
export function hookLine(type: string, body: unknown): HookLine | undefined {
  switch (type) {
    case 'process_kprobe':
      return functionLine(textAt(body, 'function_name'), body, { emoji: '🎯', action: 'kprobe' });
    case 'process_lsm':
      return lsmLine(body);
    case 'process_tracepoint':
      return {
        ...{ emoji: '📍', action: 'trace' },
        detail: `${textAt(body, 'subsys')}/${textAt(body, 'event')}${callOf(body)}`,
      };
    case 'process_uprobe': {
      const offset = textAt(body, 'offset');
      const place = `${textAt(body, 'path')}:${textAt(body, 'symbol')}${offset === '' ? '' : `+${offset}`}`;
      return { emoji: '🔬', action: 'uprobe', detail: `${place}${callOf(body)}` };
    }
    case 'process_usdt': {
      const place = `${textAt(body, 'path')}:${textAt(body, 'provider')}:${textAt(body, 'name')}`;
      return { emoji: '🔬', action: 'usdt', detail: `${place}${callOf(body)}` };
    }
    case 'process_loader': {
      const buildId = Buffer.from(textAt(body, 'buildid'), 'base64').toString('hex');
      return { emoji: '🧬', action: 'load', detail: `${textAt(body, 'path')} ${buildId}`.trimEnd() };
    }
    default:
      return undefined;
  }
}

/** LSM hooks have the names of the security_ functions that call them, without the prefix. */
function lsmLine(body: unknown): HookLine {
  const name = textAt(body, 'function_name');
  const line = functionLine(`security_${name}`, body, { emoji: '🔒', action: 'lsm' });
  return line.action === 'lsm' ? { ...line, detail: `${name}${callOf(body)}` } : { ...line, emoji: '🔒' };
}

function functionLine(name: string, body: unknown, unknown: { emoji: string; action: string }): HookLine {
  const call = `${callOf(body)}${returnOf(body)}`;
  if (SYSCALL.test(name))
    return { emoji: '📞', action: 'syscall', detail: `${name.replace(SYSCALL, '')}${call}` };
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  const args = listAt(body, 'args');
  const shown = known?.shown.map((index) => args[index]).filter((argument) => argument !== undefined) ?? [];
  if (known === undefined || shown.length === 0) return { ...unknown, detail: `${name}${call}` };
  const detail = `${shown.map(argumentText).join(', ')}${failureOf(body)}`;
  return { ...known, ...accessOf(name, args), detail };
}

function callOf(body: unknown): string {
  const data = argumentList(body, 'data');
  return `(${argumentList(body)})${data === '' ? '' : ` [${data}]`}`;
}

function returnOf(body: unknown): string {
  const returned = at(body, 'return');
  return returned === undefined ? '' : ` = ${argumentText(returned)}`;
}

/** A return value that is not 0 is worth a reader's eye also where the call is not spelled out. */
function failureOf(body: unknown): string {
  const returned = returnOf(body);
  return returned === ' = 0' ? '' : returned;
}

/** MAY_* of include/linux/fs.h, PROT_* of mman.h: both are the second argument. */
function accessOf(name: string, args: readonly unknown[]): Partial<HookLine> {
  const mask = Number(textAt(args[1], 'int_arg') || textAt(args[1], 'uint_arg'));
  if (name === 'security_file_permission') {
    if ((mask & 2) !== 0) return { emoji: '📝', action: 'write' };
    return (mask & 4) === 0 ? {} : { action: 'read' };
  }
  if (name !== 'security_mmap_file') return {};
  const letters = ['r', 'w', 'x'].filter((_, bit) => (mask & (1 << bit)) !== 0).join('');
  return letters === '' ? {} : { action: `mmap ${letters}` };
}

/** What a policy did, its message, and its name. */
export function policySegments(body: unknown): Segment[] {
  const action = textAt(body, 'action').replace('KPROBE_ACTION_', '');
  const parts: [text: string, style: Style][] = [
    [action === 'POST' ? '' : action, ['bold', 'red']],
    [textAt(body, 'message'), 'yellow'],
    [textAt(body, 'policy_name').replace(/^(?=.)/, 'policy '), 'dim'],
  ];
  return parts
    .filter(([text]) => text !== '')
    .map(([text, style]) => ({ text: `  ${escapeHidden(text)}`, style }));
}
