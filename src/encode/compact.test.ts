// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { columnsOf } from './compact-text.ts';
import { elapsed } from './compact-time.ts';
import type { ExportEvent } from './compact.ts';
import { formatCompact } from './compact.ts';

const plain = { color: false, timestamps: false };
const time = '2026-11-20T17:45:01.123456789Z';
const python = {
  pid: 4242,
  uid: 1000,
  binary: '/usr/bin/python3.11',
  arguments: 'x.py',
  start_time: '2026-11-20T17:44:59.500000000Z',
};
const ancestry = [
  { pid: 40, binary: '/bin/bash' },
  { pid: 39, binary: '/bin/bash' },
  { pid: 30, binary: '/usr/sbin/sshd' },
  { pid: 1, binary: '/lib/systemd/systemd' },
];

function exec(process: object = {}, merlon: object = {}): ExportEvent {
  return {
    process_exec: { process: { ...python, ...process } },
    node_name: 'node1',
    time,
    merlon: { ancestry, ...merlon },
  };
}

function exit(fields: object, merlon: object = {}): ExportEvent {
  return { process_exit: { process: python, time, ...fields }, time, merlon: { ancestry, ...merlon } };
}

test('an exec shows pid, user, ancestors, binary and each argument', () => {
  assert.equal(
    formatCompact(exec({}, { argv: ['python3', 'x.py', 'a b', ''] }), plain),
    '🚀 exec       4242 uid 1000 sshd→bash→/usr/bin/python3.11 x.py "a b" ""',
  );
});

test('a name that is not the binary is shown', () => {
  const line = formatCompact(exec({ binary: '/tmp/miner' }, { argv: ['[kworker/0:1]', '-q'] }), plain);
  assert.match(line, /\/tmp\/miner \(as \[kworker\/0:1\]\) -q$/);
});

test('users, pods, nodes', () => {
  assert.match(formatCompact(exec({ uid: 0 }), plain), / root /);
  assert.match(formatCompact(exec({ user: { name: 'eve' } }), plain), / eve /);
  assert.match(formatCompact(exec(), { ...plain, nodeName: true }), / node1 /);
  const pod = formatCompact(exec({ pod: { namespace: 'shop', name: 'web-0' } }), {
    ...plain,
    nodeName: true,
  });
  assert.match(pod, / shop\/web-0 /);
  assert.doesNotMatch(pod, /node1/);
});

test('ancestors: the nearest three, init only as the parent, a chain that ends early is marked', () => {
  const of = (...names: string[]) => names.map((name, i) => ({ pid: 100 - i, binary: `/bin/${name}` }));
  const init = { pid: 1, binary: '/sbin/init' };
  const chain = (merlon: object) => / (\S*→)\/usr/.exec(formatCompact(exec({}, merlon), plain))?.[1];
  assert.equal(chain({ ancestry: [...of('d', 'c', 'b', 'a'), init] }), '…→b→c→d→');
  assert.equal(chain({ ancestry: [...of('c', 'b', 'a'), init] }), 'a→b→c→');
  assert.equal(chain({ ancestry: [init] }), 'init→');
  assert.equal(chain({ ancestry: of('sh'), ancestry_incomplete: 'cut' }), '?→sh→');
  assert.equal(chain({ ancestry: of('sshd→bash') }), 'sshd\\u2192bash→');
  assert.equal(chain({ ancestry: [{ pid: 77 }] })?.endsWith('77→'), true);
});

test('an exit shows status or signal, the core, and how long the program ran', () => {
  assert.match(formatCompact(exit({ status: 3 }), plain), /^💥 exit .* x\.py {2}status 3 after 1\.6s$/);
  assert.match(formatCompact(exit({}), plain), / {2}status 0 after 1\.6s$/);
  assert.match(formatCompact(exit({ signal: 'SIGKILL' }), plain), / {2}SIGKILL after 1\.6s$/);
  const crash = formatCompact(exit({ signal: 'SIGSEGV' }, { core_dumped: true }), plain);
  assert.match(crash, / {2}SIGSEGV \(core dumped\) after 1\.6s$/);
});

test('gaps are loud', () => {
  const gap = { lane: 'lifecycle', cpu: 1, lost: '12', from: time, to: time };
  const line = formatCompact({ merlon_gap: gap, time }, plain);
  assert.match(line, /^🚨 LOST 12 events \(lifecycle, cpu 1\) from \d\d:\d\d:\d\d\.\d{3} to /);
  assert.match(
    formatCompact({ merlon_gap: { ...gap, cpu: 0, lost: '1' } }, plain),
    /LOST 1 event \(lifecycle, cpu 0\)/,
  );
});

test('what to notice and what is missing', () => {
  const properties = {
    privileges_changed: ['PRIVILEGES_RAISED_EXEC_FILE_SETUID'],
    file: { inode: { number: '7', links: 0 } },
  };
  const line = formatCompact(
    exec({ binary_properties: properties }, { truncated: ['process.arguments'], enrichment: 'table_full' }),
    plain,
  );
  assert.match(line, / {2}\[setuid\] {2}\[deleted binary\] {2}\[process\.arguments cut\] {2}\[table full\]$/);
});

test('unknown types', () => {
  assert.match(formatCompact({ merlon_new: { a: 1 } }, plain), /^❔ merlon_new \{"a":1\}$/);
  assert.match(
    formatCompact({ process_new: { process: python, function_name: 'fd_install' } }, plain),
    /^❔ process_new .*python3\.11 x\.py$/,
  );
});

test('with a width the line fits and keeps its outcome; without one nothing is lost', () => {
  const long = {
    process: { ...python, binary: `/tmp/${'d/'.repeat(300)}evil`, arguments: '世界 '.repeat(500) },
  };
  const event = { process_exit: { ...long, signal: 'SIGKILL' }, time, merlon: { ancestry } };
  for (const width of [84, 90, 100, 120, 200]) {
    const line = formatCompact(event, { color: false, width });
    assert.ok(columnsOf(line) <= width, `${columnsOf(line)} > ${width}`);
    assert.match(line, /\/tmp.*….*SIGKILL/);
  }
  assert.ok(formatCompact(event, plain).includes(long.process.binary));
});

test('colour adds escape sequences and nothing else', () => {
  for (const event of [exec(), exit({ status: 1 }), { merlon_gap: { lost: '1' } }]) {
    const colored = formatCompact(event, { color: true });
    assert.match(colored, /\x1b\[/);
    assert.equal(stripVTControlCharacters(colored), formatCompact(event, { color: false }));
  }
});

test('nothing hostile reaches the terminal, wherever it stands', () => {
  const evil = 'x\x1b]0;pwned\x07\x1b[2J\n\r\x9b31m\u202e\u200bz';
  const process = {
    pid: evil,
    uid: evil,
    binary: evil,
    arguments: evil,
    user: { name: evil },
    pod: { name: evil, namespace: evil },
  };
  const merlon = {
    ancestry: [{ pid: 3, binary: `/${evil}` }, { pid: evil }],
    argv: [evil, evil],
    verdict: evil,
    truncated: [evil],
    enrichment: evil,
    sock_owner: { pid: evil },
  };
  const bodies = {
    process,
    signal: evil,
    status: evil,
    subsys: evil,
    args: [
      { a: evil },
      evil,
      { string_arg: evil, label: evil },
      { file_arg: { path: evil } },
      { sock_arg: { saddr: evil } },
    ],
    ...{ function_name: evil, return: { error_arg: { Message: evil } }, message: evil, policy_name: evil },
    ...{ action: evil, path: evil, symbol: evil, provider: evil, name: evil, offset: evil, buildid: evil },
    data: [{ b: { c: [evil], d: { e: evil } } }],
    lane: evil,
    lost: evil,
    cpu: evil,
  };
  for (const type of [
    'process_exec',
    'process_exit',
    'process_tracepoint',
    ...['process_kprobe', 'process_lsm', 'process_uprobe', 'process_usdt', 'process_loader'],
    'merlon_gap',
    evil,
  ]) {
    for (const body of [bodies, { ...bodies, process: undefined }, evil]) {
      const event = { [type]: body, time: evil, node_name: evil, merlon };
      for (const width of [20, 100]) {
        assert.doesNotMatch(
          formatCompact(event, { color: false, nodeName: true, width }),
          /[\x00-\x1f\x7f-\x9f\u202e\u200b]/,
        );
      }
      assert.doesNotMatch(formatCompact(event, plain), /[\x00-\x1f\x7f-\x9f\u202e\u200b]/);
    }
  }
});

test('values of the wrong type do no harm', () => {
  const odd = [
    null,
    0,
    -1,
    '',
    'x',
    true,
    [],
    [null],
    [[1]],
    {},
    { process: null },
    { process: [] },
    { process: 7 },
  ];
  const names = [
    'process',
    'signal',
    'args',
    'lost',
    'from',
    'ancestry',
    'argv',
    'binary_properties',
    'truncated',
    'pod',
    ...['function_name', 'return', 'data', 'action', 'path', 'symbol', 'buildid', 'sock_owner'],
  ];
  const hooks = ['process_kprobe', 'process_lsm', 'process_uprobe', 'process_usdt', 'process_loader'];
  for (const type of [
    'process_exec',
    'process_exit',
    'process_tracepoint',
    ...hooks,
    'merlon_gap',
    'other',
  ]) {
    for (const value of odd) {
      formatCompact({ [type]: value, time: value, merlon: value }, { color: true, width: 80 });
      for (const name of names) {
        const body = { process: { [name]: value }, [name]: value };
        formatCompact({ [type]: body, merlon: { [name]: value } }, { color: true, width: 80 });
      }
    }
  }
});

test('elapsed times', () => {
  const from = '2026-11-20T00:00:00Z';
  const after = (ms: number) => elapsed(from, new Date(Date.parse(from) + ms).toISOString());
  assert.deepEqual([0, 999, 1000, 59_999, 60_000, 3_599_999, 18_420_000, 187_200_000].map(after), [
    '0ms',
    '999ms',
    '1s',
    '59.9s',
    '1m0s',
    '59m59s',
    '5h7m',
    '2d4h',
  ]);
  assert.deepEqual([after(-1), elapsed('', from)], ['', '']);
});
