// SPDX-License-Identifier: Apache-2.0
import { at, listAt, textAt } from './compact-json.ts';
import { quoteWord } from './escape.ts';

/** Bytes of a buffer that a line shows. */
const SHOWN_BYTES = 48;

/** Arguments of a hook in parentheses' form: `/etc/passwd, flags=4`. Not escaped as a whole. */
export function argumentList(body: unknown, key = 'args'): string {
  return listAt(body, key).map(argumentText).join(', ');
}

/** A KprobeArgument as a reader wants to see it: a path, `tcp 10.0.0.1:4000→10.0.0.2:443`, a number. */
export function argumentText(argument: unknown): string {
  if (typeof argument !== 'object' || argument === null) return String(argument);
  const key = Object.keys(argument).find((name) => name !== 'label') ?? '';
  const label = textAt(argument, 'label');
  const text = valueText(key, at(argument, key));
  return label === '' ? text : `${label}=${text}`;
}

function valueText(key: string, value: unknown): string {
  switch (key) {
    case 'string_arg':
      return quoteWord(String(value));
    case 'file_arg':
    case 'path_arg':
    case 'linux_binprm_arg':
    case 'sockaddrun_arg':
      return pathText(value);
    case 'sock_arg':
    case 'skb_arg':
      return socketText(value);
    case 'sockaddr_arg':
      return endText(textAt(value, 'addr'), textAt(value, 'port')) || textAt(value, 'family');
    case 'bytes_arg':
      return bytesText(value);
    case 'truncated_bytes_arg':
      return `${bytesText(at(value, 'bytes_arg'))} of ${textAt(value, 'orig_size') || 'more'} bytes`;
    case 'error_arg':
      return `<${textAt(value, 'Message')}>`;
    case 'syscall_id':
      return `${textAt(value, 'abi')}:${textAt(value, 'id') || '0'}`;
    case 'capability_arg':
      return textAt(value, 'name') || textAt(value, 'value');
    case 'net_dev_arg':
    case 'module_arg':
      return quoteWord(textAt(value, 'name'));
    case 'bpf_cmd_arg':
      return String(value);
    default:
      return key === '' ? '?' : objectText(value);
  }
}

function pathText(value: unknown): string {
  const path = textAt(value, 'path');
  return path === '' ? '(no path)' : quoteWord(path);
}

function socketText(value: unknown): string {
  const from = endText(textAt(value, 'saddr'), textAt(value, 'sport'));
  const to = endText(textAt(value, 'daddr'), textAt(value, 'dport'));
  if (from === '' && to === '') return textAt(value, 'family');
  return `${textAt(value, 'protocol').replace('IPPROTO_', '').toLowerCase()} ${from}→${to}`;
}

/** `10.0.0.1:443`, `[::1]:443`; a port that is 0 is absent. */
function endText(address: string, port: string): string {
  if (address === '') return '';
  const host = address.includes(':') ? `[${address}]` : address;
  return port === '' ? host : `${host}:${port}`;
}

function bytesText(value: unknown): string {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
  const text = quoteWord(bytes.toString('utf8', 0, SHOWN_BYTES));
  return bytes.length > SHOWN_BYTES ? `${text}… (${bytes.length} bytes)` : text;
}

/** An object's scalars by name, those of its objects too: `ProgType=BPF_PROG_TYPE_XDP InsnCnt=2`. */
function objectText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return quoteWord(String(value));
  if (Array.isArray(value)) return value.map(objectText).join('|');
  return Object.entries(value)
    .map(([name, member]) =>
      typeof member === 'object' && !Array.isArray(member)
        ? objectText(member)
        : `${name}=${objectText(member)}`,
    )
    .filter((text) => text !== '')
    .join(' ');
}
