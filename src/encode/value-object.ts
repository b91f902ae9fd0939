// SPDX-License-Identifier: Apache-2.0
/** BPF objects, perf events, modules, credentials and user namespaces of a hook as members of a KprobeArgument. */
import {
  ValueBpf,
  ValueCred,
  ValueModule,
  ValuePerfEvent,
  ValueUserNamespace,
} from '../events/gen/layouts.ts';
import { mapTypeName, perfTypeName, programTypeName, taintNames } from './bpf-names.ts';
import { capabilityNames, secureBitNames } from './capabilities.ts';
import { appendArray, appendLongNumber, appendName, appendNumber, keyOf } from './json-members.ts';
import type { WriteValue } from './value-json.ts';

const CLOSE = Buffer.from('}');
const OPEN_MAP = Buffer.from('"bpf_map_arg":{');
const OPEN_PERF_EVENT = Buffer.from('"perf_event_arg":{');
const OPEN_MODULE = Buffer.from('"module_arg":{');
const INSTRUCTIONS = keyOf('InsnCnt');
const PROGRAM_NAME = keyOf('ProgName');
const KEY_SIZE = keyOf('KeySize');
const VALUE_SIZE = keyOf('ValueSize');
const MAX_ENTRIES = keyOf('MaxEntries');
const MAP_NAME = keyOf('MapName');
const KPROBE_FUNCTION = keyOf('KprobeFunc');
const CONFIG = keyOf('Config');
const PROBE_OFFSET = keyOf('ProbeOffset');
const MODULE_NAME = keyOf('name');

/** The size of an array at the end of a layout, or before the next member. */
const BPF_NAME_BYTES = ValueBpf.sizeof - ValueBpf.name;
const FUNCTION_BYTES = ValuePerfEvent.sizeof - ValuePerfEvent.function;
const MODULE_NAME_BYTES = ValueModule.sizeof - ValueModule.name;

/** `bpf_attr_arg` and `bpf_prog_arg` have the same members. Data: struct value_bpf. */
export function programWriter(key: string): WriteValue {
  const opening = Buffer.from(`"${key}":{`);
  return (out, { view, bytes }, start) => {
    out.append(opening);
    appendName(out, programTypeName, view.getUint32(start + ValueBpf.type, true));
    appendNumber(out, INSTRUCTIONS, view.getUint32(start + ValueBpf.instructions, true));
    appendArray(out, PROGRAM_NAME, bytes, start + ValueBpf.name, BPF_NAME_BYTES);
    out.append(CLOSE);
  };
}

/** Data: struct value_bpf. */
export const writeMap: WriteValue = (out, { view, bytes }, start) => {
  out.append(OPEN_MAP);
  appendName(out, mapTypeName, view.getUint32(start + ValueBpf.type, true));
  appendNumber(out, KEY_SIZE, view.getUint32(start + ValueBpf.keySize, true));
  appendNumber(out, VALUE_SIZE, view.getUint32(start + ValueBpf.valueSize, true));
  appendNumber(out, MAX_ENTRIES, view.getUint32(start + ValueBpf.maxEntries, true));
  appendArray(out, MAP_NAME, bytes, start + ValueBpf.name, BPF_NAME_BYTES);
  out.append(CLOSE);
};

/** Data: struct value_perf_event. */
export const writePerfEvent: WriteValue = (out, { view, bytes }, start) => {
  out.append(OPEN_PERF_EVENT);
  appendArray(out, KPROBE_FUNCTION, bytes, start + ValuePerfEvent.function, FUNCTION_BYTES);
  appendName(out, perfTypeName, view.getUint32(start + ValuePerfEvent.type, true));
  appendLongNumber(out, CONFIG, view, start + ValuePerfEvent.config);
  appendLongNumber(out, PROBE_OFFSET, view, start + ValuePerfEvent.probeOffset);
  out.append(CLOSE);
};

/** Only the load (load_info) knows of the signature. Data: struct value_module. */
export function moduleWriter(hasSignature: boolean): WriteValue {
  return (out, { view, bytes }, start) => {
    out.append(OPEN_MODULE);
    appendArray(out, MODULE_NAME, bytes, start + ValueModule.name, MODULE_NAME_BYTES);
    const signature = view.getUint32(start + ValueModule.signatureOk, true);
    if (hasSignature && signature <= 1) {
      out.appendSeparator();
      out.appendAscii(`"signature_ok":${signature === 1}`);
    }
    const taints = taintNames(view.getUint32(start + ValueModule.taints, true));
    if (taints.length > 0) {
      out.appendSeparator();
      out.appendAscii(`"tainted":${JSON.stringify(taints)}`);
    }
    out.append(CLOSE);
  };
}

/** Rare enough to be made as an object. Data: struct value_cred. */
export const writeCred: WriteValue = (out, { view }, start) => {
  const u32 = (field: number): number => view.getUint32(start + field, true);
  const names = (field: number): string[] => capabilityNames(view.getBigUint64(start + field, true));
  const [permitted, effective, inheritable] = [
    names(ValueCred.credsCapPermitted),
    names(ValueCred.credsCapEffective),
    names(ValueCred.credsCapInheritable),
  ];
  const securebits = secureBitNames(u32(ValueCred.credsSecurebits));
  const credentials = {
    uid: u32(ValueCred.credsUid),
    gid: u32(ValueCred.credsGid),
    euid: u32(ValueCred.credsEuid),
    egid: u32(ValueCred.credsEgid),
    suid: u32(ValueCred.credsSuid),
    sgid: u32(ValueCred.credsSgid),
    fsuid: u32(ValueCred.credsFsuid),
    fsgid: u32(ValueCred.credsFsgid),
    ...(securebits.length > 0 && { securebits }),
    caps: {
      ...(permitted.length > 0 && { permitted }),
      ...(effective.length > 0 && { effective }),
      ...(inheritable.length > 0 && { inheritable }),
    },
    user_ns: userNamespace(
      view.getInt32(start + ValueCred.credsUserNsLevel, true),
      u32(ValueCred.credsUserNsOwnerUid),
      u32(ValueCred.credsUserNsOwnerGid),
      u32(ValueCred.userNs),
    ),
  };
  out.appendAscii(`"process_credentials_arg":${JSON.stringify(credentials)}`);
};

/** Data: struct value_user_namespace. */
export const writeUserNamespace: WriteValue = (out, { view }, start) => {
  const namespace = userNamespace(
    view.getInt32(start + ValueUserNamespace.level, true),
    view.getUint32(start + ValueUserNamespace.uid, true),
    view.getUint32(start + ValueUserNamespace.gid, true),
    view.getUint32(start + ValueUserNamespace.inum, true),
  );
  out.appendAscii(`"user_ns_arg":${JSON.stringify(namespace)}`);
};

/** tetragon.UserNamespace. Only the initial user namespace has level 0. */
function userNamespace(level: number, uid: number, gid: number, inum: number): object {
  return { level, uid, gid, ns: { ...(inum !== 0 && { inum }), ...(level === 0 && { is_host: true }) } };
}
