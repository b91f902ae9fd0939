// SPDX-License-Identifier: Apache-2.0
/** Arguments that are objects of the kernel: credentials, namespaces, BPF, perf events, modules. */
import assert from 'node:assert/strict';
import { type PolicyCase, callCase } from './case.ts';
import { HELD, HELD_FILE, holdFile, taskCase } from './files.ts';

const CAP_NET_RAW = 13;
const HELD_OBJECT = `${HELD_FILE}.private_data`;
const hold = (call: string): string => `${call} ; dup3 $0 ${HELD} 0 ; `;
const nothing = ['', ''] as const;
/** PROC_USER_INIT_INO, include/linux/proc_ns.h */
const FIRST_USER_NAMESPACE = { level: 0, uid: 0, gid: 0, ns: { inum: 0xefff_fffd, is_host: true } };

/** A union bpf_attr or struct perf_event_attr, whose beginnings are 32-bit words; `name` stands at `at`. */
function attribute(words: readonly number[], name = '', at = 0): string {
  const bytes = Buffer.alloc(128);
  words.forEach((word, index) => bytes.writeUInt32LE(word, 4 * index));
  bytes.write(name, at);
  return `*${bytes.toString('hex')}`;
}

const HASH_MAP = attribute([1, 8, 16, 77], 'merlon_map', 28);
const OTHER_MAP = attribute([1, 8, 16, 78], 'merlon_map', 28);
const SOFTWARE_EVENT = attribute([1, 64, 9]);

const shows =
  (expected: unknown) =>
  (datum: Record<string, unknown>): void =>
    assert.deepEqual(datum, expected);

function capabilityCases(): PolicyCase[] {
  const sets = [
    ['AT-27', 'kernel_cap_t', 'cred.cap_effective'],
    ...['effective', 'permitted', 'inheritable'].map((set) => ['AT-28', `cap_${set}`, 'cred'] as const),
  ] as const;
  return [
    ...sets.map(([row, type, resolve]) =>
      taskCase({
        name: `${row} ${type}`,
        rows: [row, 'OP-03'],
        ...{ type, resolve },
        before: [
          `raise inheritable ${CAP_NET_RAW} ; `,
          `drop effective ${CAP_NET_RAW} ; drop permitted ${CAP_NET_RAW} ; `,
        ],
        filter: 'operator: Mask, values: ["0x2000"]',
        data: (datum) => {
          const text = String(datum[`${type}_arg`]);
          assert.match(text, /^[0-9a-f]{16}$/);
          const bits = BigInt(`0x${text}`);
          if (type === 'cap_inheritable') assert.equal(bits, 1n << BigInt(CAP_NET_RAW));
          else assert.equal((bits >> BigInt(CAP_NET_RAW)) & 1n, 1n);
        },
      }),
    ),
    callCase({
      name: 'OP-16 CapabilitiesGained',
      rows: ['OP-16', 'AT-27'],
      hook: [
        'data:',
        '- { index: 0, type: kernel_cap_t, source: current_task, resolve: cred.cap_effective }',
        '- { index: 1, type: kernel_cap_t, source: current_task, resolve: cred.cap_permitted }',
      ].join('\n'),
      selector: 'matchData: [{ args: [0, 1], operator: CapabilitiesGained }]',
      before: [`drop effective ${CAP_NET_RAW} ; `, ''],
      ...{ matching: '1', differing: '1' },
      expect: ({ data }) => {
        const [old, now] = (data ?? []).map((datum) => BigInt(`0x${String(datum.kernel_cap_t_arg)}`));
        assert.equal((now ?? 0n) & ~(old ?? 0n), 1n << BigInt(CAP_NET_RAW));
      },
    }),
  ];
}

export function objectCases(): PolicyCase[] {
  return [
    ...capabilityCases(),
    taskCase({
      name: 'AT-25 cred',
      rows: ['AT-25'],
      ...{ type: 'cred', resolve: 'cred', before: ['become 4321 ; ', 'become 4321 ; '] },
      data: ({ process_credentials_arg: shown }) => {
        const { uid, euid, suid, fsuid, gid, caps, user_ns } = shown as Record<string, unknown>;
        assert.deepEqual([uid, euid, suid, fsuid, gid, caps], [4321, 4321, 4321, 4321, 0, {}]);
        assert.deepEqual(user_ns, FIRST_USER_NAMESPACE);
      },
    }),
    taskCase({
      name: 'AT-29 user_namespace',
      rows: ['AT-29'],
      ...{ type: 'user_namespace', resolve: 'cred.user_ns', before: nothing },
      data: (datum) => assert.deepEqual(datum, { user_ns_arg: FIRST_USER_NAMESPACE }),
    }),
    {
      name: 'AT-30 bpf_attr',
      rows: ['AT-30', 'AT-33'],
      spec: `
kprobes:
- call: sys_bpf
  syscall: true
  args: [{ index: 0, type: bpf_cmd }, { index: 1, type: bpf_attr }, { index: 2, type: uint32 }]
  selectors:
  - matchArgs:
    - { index: 0, operator: Equal, values: ["5"] }
    - { index: 2, operator: Equal, values: ["117"] }`,
      matching: 'bpf 5 load:merlon_program 117',
      differing: 'bpf 5 load:merlon_program 118',
      expect: {
        args: [
          { bpf_cmd_arg: 'BPF_PROG_LOAD' },
          {
            bpf_attr_arg: { ProgType: 'BPF_PROG_TYPE_SOCKET_FILTER', InsnCnt: 2, ProgName: 'merlon_program' },
          },
          { uint_arg: 117 },
        ],
      },
    },
    taskCase({
      name: 'AT-31 bpf_map',
      rows: ['AT-31'],
      ...{ type: 'bpf_map', resolve: HELD_OBJECT },
      before: [hold(`bpf 0 ${HASH_MAP} 72`), hold(`bpf 0 ${OTHER_MAP} 72`)],
      data: shows({
        bpf_map_arg: {
          MapType: 'BPF_MAP_TYPE_HASH',
          ...{ KeySize: 8, ValueSize: 16, MaxEntries: 77, MapName: 'merlon_map' },
        },
      }),
    }),
    taskCase({
      name: 'AT-32 bpf_prog',
      rows: ['AT-32'],
      ...{ type: 'bpf_prog', resolve: HELD_OBJECT },
      before: [hold('bpf 5 load:merlon_program 117'), hold('bpf 5 load:merlon_program 117')],
      data: shows({
        bpf_prog_arg: { ProgType: 'BPF_PROG_TYPE_SOCKET_FILTER', InsnCnt: 2, ProgName: 'merlon_program' },
      }),
    }),
    taskCase({
      name: 'AT-34 perf_event',
      rows: ['AT-34'],
      ...{ type: 'perf_event', resolve: HELD_OBJECT },
      before: [
        hold(`perf_event_open ${SOFTWARE_EVENT} 0 -1 -1 0`),
        hold(`perf_event_open ${SOFTWARE_EVENT} 0 -1 -1 0`),
      ],
      data: shows({ perf_event_arg: { Type: 'PERF_TYPE_SOFTWARE', Config: '9' } }),
    }),
    {
      ...taskCase({
        name: 'AT-36 module',
        rows: ['AT-36'],
        ...{ type: 'module', resolve: `${HELD_FILE}.f_inode.i_sb.s_type.owner` },
        before: [holdFile('/'), holdFile('/')],
        data: shows({ module_arg: { name: 'overlay' } }),
      }),
      needs: ['overlayModule'],
    },
  ];
}
