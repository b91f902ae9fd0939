// SPDX-License-Identifier: Apache-2.0
/** Numbers of a hook as members of a KprobeArgument. Data: 8 bytes, sign-extended. */
import type { HookRecord } from '../events/hook-record.ts';
import { BPF_COMMANDS } from './bpf-names.ts';
import { capabilityName } from './capabilities.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { WriteValue } from './value-json.ts';

const SIGN = 0x8000_0000;
const MINUS = Buffer.from('-');
const END_OF_TEXT = Buffer.from('"');

const int: WriteValue = withKey('"int_arg":', (out, { view }, start) => {
  out.appendInteger(view.getInt32(start, true));
});

const uint: WriteValue = withKey('"uint_arg":', (out, { view }, start) => {
  out.appendInteger(view.getUint32(start, true));
});

const size: WriteValue = withKey('"size_arg":"', (out, { view }, start) => {
  out.appendHalves(view.getUint32(start, true), view.getUint32(start + 4, true));
  out.append(END_OF_TEXT);
});

const long: WriteValue = withKey('"long_arg":"', (out, { view }, start) => {
  if (view.getUint32(start + 4, true) < SIGN) {
    out.appendHalves(view.getUint32(start, true), view.getUint32(start + 4, true));
  } else {
    out.append(MINUS);
    out.appendDecimal(-view.getBigInt64(start, true));
  }
  out.append(END_OF_TEXT);
});

/** A set of capabilities as 16 hexadecimal digits. */
function capabilitySet(key: string): WriteValue {
  return withKey(`"${key}":"`, (out, { view }, start) => {
    out.appendAscii(`${view.getBigUint64(start, true).toString(16).padStart(16, '0')}"`);
  });
}

const capability: WriteValue = (out, { view }, start) => {
  const number = view.getInt32(start, true);
  const name = capabilityName(number);
  out.appendAscii(`"capability_arg":{"value":${number}${name === undefined ? '' : `,"name":"${name}"`}}`);
};

const bpfCommand: WriteValue = (out, { view }, start) => {
  const number = view.getInt32(start, true);
  const name = BPF_COMMANDS[number];
  out.appendAscii(`"bpf_cmd_arg":${name === undefined ? number : `"${name}"`}`);
};

const COMPAT = SIGN;
const [NATIVE_ABI, COMPAT_ABI] = process.arch === 'arm64' ? ['arm64', 'arm32'] : ['x64', 'i386'];
const NATIVE_END = Buffer.from(`"abi":"${NATIVE_ABI}"}`);
const COMPAT_END = Buffer.from(`"abi":"${COMPAT_ABI}"}`);
const ID = Buffer.from('"id":');
const COMMA = Buffer.from(',');

/** Syscall 0 has no `id`: it is the zero value. */
const syscall: WriteValue = withKey('"syscall_id":{', (out, { view }, start) => {
  const word = view.getUint32(start, true);
  const id = (word & ~COMPAT) >>> 0;
  if (id !== 0) {
    out.append(ID);
    out.appendInteger(id);
    out.append(COMMA);
  }
  out.append((word & COMPAT) === 0 ? NATIVE_END : COMPAT_END);
});

const BY_TYPE = new Map<string, WriteValue>([
  ...['int8', 'int16', 'int'].map((type) => [type, int] as const),
  ...['uint8', 'uint16', 'uint32'].map((type) => [type, uint] as const),
  ['long', long],
  ['uint64', size],
  ['capability', capability],
  ['kernel_cap_t', capabilitySet('kernel_cap_t_arg')],
  ['cap_inheritable', capabilitySet('cap_inheritable_arg')],
  ['cap_permitted', capabilitySet('cap_permitted_arg')],
  ['cap_effective', capabilitySet('cap_effective_arg')],
  ['bpf_cmd', bpfCommand],
  ['syscall64', syscall],
]);

/** How a number of this type is shown; one of another type by its sign, with all 64 bits. */
export function numberWriter(type: string, signed: boolean): WriteValue {
  return BY_TYPE.get(type) ?? (signed ? long : size);
}

function withKey(
  key: string,
  write: (out: ChunkWriter, record: HookRecord, start: number) => void,
): WriteValue {
  const opening = Buffer.from(key);
  return (out, record, start) => {
    out.append(opening);
    write(out, record, start);
  };
}
