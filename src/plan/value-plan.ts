// SPDX-License-Identifier: Apache-2.0
import type { ValueSource } from '../events/gen/layouts.ts';
import { HookLimit, ValueConfigFlag, ValueReader } from '../events/gen/layouts.ts';
import type { HookValue, ValueForm } from '../events/hook.ts';
import type { ArgumentType } from '../policy/model.ts';

type Reader = (typeof ValueReader)[keyof typeof ValueReader];
type Source = (typeof ValueSource)[keyof typeof ValueSource];

/** One value of a hook as the kernel side reads it and user space shows it. */
export interface ValuePlan {
  readonly shown: HookValue;
  readonly reader: Reader;
  readonly source: Source;
  /** argument of the function */
  readonly index: number;
  /** of a classic tracepoint's record, or of pt_regs: bytes from its beginning */
  readonly field: number;
  /** of a number; of a buffer: of the argument that holds its size */
  readonly bytes: number;
  readonly bitShift: number;
  readonly bitWidth: number;
  readonly path: readonly { readonly offset: number; readonly follow: boolean }[];
  /** argument that holds the size, from 1; 0 without */
  readonly sizeArgument: number;
  /** of a buffer that the function fills: only as many bytes as it returned */
  readonly returnCopy: boolean;
  /** of a buffer: the event has more of it than HOOK_STRING_MAX bytes */
  readonly maxData: boolean;
  /** bytes to send at most */
  readonly maxLength: number;
}

interface TypeFacts {
  readonly form: ValueForm;
  readonly reader: Reader;
  /** bytes of a number; its pointers are followed for other readers */
  readonly bytes: number;
  readonly signed: boolean;
}

const number = (bytes: number, signed: boolean): TypeFacts => ({
  ...{ form: 'number', reader: ValueReader.READ_NUMBER },
  bytes,
  signed,
});
const object = (form: ValueForm, reader: Reader): TypeFacts => ({ form, reader, bytes: 8, signed: false });

/** How each type is read; types that are not here need facts of the hook or are refused. */
const TYPES: Partial<Record<ArgumentType, TypeFacts>> = {
  int8: number(1, true),
  uint8: number(1, false),
  int16: number(2, true),
  uint16: number(2, false),
  int: number(4, true),
  uint32: number(4, false),
  long: number(8, true),
  uint64: number(8, false),
  capability: number(4, true),
  bpf_cmd: number(4, true),
  syscall64: number(8, false),
  cap_inheritable: number(8, false),
  cap_permitted: number(8, false),
  cap_effective: number(8, false),
  kernel_cap_t: object('number', ValueReader.READ_CAPABILITIES),
  string: object('string', ValueReader.READ_STRING),
  filename: object('string', ValueReader.READ_FILENAME),
  net_device: object('string', ValueReader.READ_NET_DEVICE),
  data_loc: { form: 'string', reader: ValueReader.READ_DATA_LOC, bytes: 4, signed: false },
  char_buf: object('bytes', ValueReader.READ_BYTES),
  const_buf: object('bytes', ValueReader.READ_BYTES),
  char_iovec: object('bytes', ValueReader.READ_IOVEC),
  iov_iter: object('bytes', ValueReader.READ_IOV_ITER),
  sockaddr_un: object('sockaddr_un', ValueReader.READ_SOCKADDR_UN),
  fd: { form: 'path', reader: ValueReader.READ_FD, bytes: 4, signed: true },
  file: object('path', ValueReader.READ_FILE),
  path: object('path', ValueReader.READ_PATH),
  dentry: object('path', ValueReader.READ_DENTRY),
  kiocb: object('path', ValueReader.READ_KIOCB),
  linux_binprm: object('path', ValueReader.READ_BINPRM),
  sock: object('sock', ValueReader.READ_SOCK),
  socket: object('sock', ValueReader.READ_SOCKET),
  skb: object('sock', ValueReader.READ_SKB),
  sockaddr: object('sockaddr', ValueReader.READ_SOCKADDR),
  cred: object('cred', ValueReader.READ_CRED),
  user_namespace: object('user_namespace', ValueReader.READ_USER_NAMESPACE),
  bpf_attr: object('bpf', ValueReader.READ_BPF_ATTR),
  bpf_map: object('bpf', ValueReader.READ_BPF_MAP),
  bpf_prog: object('bpf', ValueReader.READ_BPF_PROG),
  perf_event: object('perf_event', ValueReader.READ_PERF_EVENT),
  module: object('module', ValueReader.READ_MODULE),
  load_info: object('module', ValueReader.READ_LOAD_INFO),
};

/** undefined for a type that this version does not read. */
export function typeFacts(type: ArgumentType): TypeFacts | undefined {
  return TYPES[type];
}

/** Bytes as they stand in memory, as many as something beside them says. */
export function isBuffer({ form }: TypeFacts): boolean {
  return form === 'bytes' || form === 'sockaddr_un';
}

/** Longest sockaddr_un: family and sun_path (include/uapi/linux/un.h). */
const SOCKADDR_UN_BYTES = 110;

export function makeValue(
  type: ArgumentType,
  facts: TypeFacts,
  place: Partial<Omit<ValuePlan, 'shown' | 'reader'>> & Pick<ValuePlan, 'source'>,
): ValuePlan {
  return {
    shown: { form: facts.form, type, signed: facts.signed },
    reader: facts.reader,
    index: 0,
    field: 0,
    bytes: facts.bytes,
    bitShift: 0,
    bitWidth: 0,
    path: [],
    sizeArgument: 0,
    returnCopy: false,
    maxData: false,
    maxLength: facts.form === 'sockaddr_un' ? SOCKADDR_UN_BYTES : HookLimit.HOOK_STRING_MAX,
    ...place,
  };
}

/** Equal values have equal keys: policies of one hook share them. */
export function valueKey(value: ValuePlan): string {
  return JSON.stringify(value);
}

/** The flags of struct value_config. */
export function valueFlags(value: ValuePlan): number {
  return (
    (value.shown.signed ? ValueConfigFlag.CONFIG_SIGNED : 0) |
    (value.returnCopy ? ValueConfigFlag.CONFIG_RETURN_COPY : 0) |
    (value.maxData ? ValueConfigFlag.CONFIG_WIDE : 0) |
    (value.shown.type === 'syscall64' ? ValueConfigFlag.CONFIG_SYSCALL : 0)
  );
}
