// SPDX-License-Identifier: Apache-2.0
// Events of a socket name the process that a rule has tied it to (TrackSock, UntrackSock), or, by themselves, the process
// that opened it, wherever the socket goes.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { HookExport } from './support/policy-run.ts';
import { runWithPolicy } from './support/policy-run.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { Subject } from './support/subject.ts';

interface Ports {
  port: number;
  other: number;
}
interface Pids {
  parent: number;
  child: number;
  count: number;
}

const SYN_SENT = 2;
const CLOSE = 7;

/** inet_sock_set_state(sk, oldstate, newstate): a connection begins with SYN_SENT, in the process that calls connect. */
function document({ port, other }: Ports): string {
  return `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: socks
spec:
  tracepoints:
  - subsystem: sock
    event: inet_sock_set_state
    raw: true
    args:
    - {index: 0, type: sock}
    - {index: 2, type: int}
    selectors:
    - matchArgs:
      - {index: 0, operator: DPort, values: ["${port}"]}
      - {index: 2, operator: Equal, values: ["${SYN_SENT}"]}
      matchActions:
      - {action: TrackSock, argSock: 0}
      - {action: NoPost}
    - matchArgs:
      - {index: 0, operator: DPort, values: ["${port}"]}
      - {index: 2, operator: Equal, values: ["${CLOSE}"]}
      matchActions:
      - {action: UntrackSock, argSock: 0}
    - matchArgs:
      - {index: 0, operator: DPort, values: ["${port}", "${other}"]}
`;
}

describe('tracked sockets', { skip: requires('root', 'btf') }, () => {
  let ports: Ports;
  let pids: Pids;
  let tracked: HookExport[];
  let others: HookExport[];

  before(async () => {
    const subject = new Subject(program('hand-socket'));
    ports = await subject.report<Ports>();
    const events = await runWithPolicy(document(ports), async () => {
      subject.write(Buffer.from('\n'));
      pids = await subject.report<Pids>(1);
      await subject.end();
    });
    const toPort = (port: number): HookExport[] =>
      events.filter(({ args }) => (args[0]?.sock_arg as { dport: number }).dport === port);
    tracked = toPort(ports.port);
    others = toPort(ports.other);
  });

  test('its events name the process that opened it, also in another process', () => {
    assert.ok(tracked.length >= 3, `${tracked.length} events`);
    for (const { merlon } of tracked) assert.equal(merlon.sock_owner?.pid, pids.child);
    assert.ok(tracked.some(({ process }) => process.pid === pids.parent));
    assert.equal(new Set(tracked.map(({ merlon }) => merlon.sock_owner?.exec_id)).size, 1);
  });

  test('NoPost beside TrackSock sends nothing', () => {
    assert.ok(tracked.every(({ args }) => args[1]?.int_arg !== SYN_SENT));
  });

  test('the event of UntrackSock is the last that names it', () => {
    const last = tracked.filter(({ action }) => action === 'KPROBE_ACTION_UNTRACKSOCK');
    assert.deepEqual(
      last.map(({ args }) => args[1]?.int_arg),
      [CLOSE],
    );
  });

  test('sockets that no rule tracked do not have that owner, also where they get the address of one', () => {
    assert.ok(others.length >= pids.count, `${others.length} events`);
    // Where the kernel has trampolines, sockets have an owner by themselves.
    const owner = requires('trampolines') === false ? pids.parent : undefined;
    for (const { merlon } of others) assert.equal(merlon.sock_owner?.pid, owner);
  });
});

/** Every change of state of sockets that connect to, or were accepted at, one of the ports. */
function readingDocument({ port, other }: Ports): string {
  return `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: socks
spec:
  tracepoints:
  - subsystem: sock
    event: inet_sock_set_state
    raw: true
    args:
    - {index: 0, type: sock}
    - {index: 2, type: int}
    selectors:
    - matchArgs:
      - {index: 0, operator: DPort, values: ["${port}", "${other}"]}
    - matchArgs:
      - {index: 0, operator: SPort, values: ["${port}", "${other}"]}
`;
}

const FIN_WAIT1 = 4;

test(
  'without a rule that tracks: events name the process that opened the socket',
  { skip: requires('root', 'btf', 'trampolines') },
  async () => {
    const subject = new Subject(program('hand-socket'));
    const ports = await subject.report<Ports>();
    let pids: Pids | undefined;
    const events = await runWithPolicy(readingDocument(ports), async () => {
      subject.write(Buffer.from('\n'));
      pids = await subject.report<Pids>(1);
      await subject.end();
    });
    const sockOf = ({ args }: HookExport): { sport?: number; dport?: number } => args[0]?.sock_arg as object;
    const ownersOf = (fits: (event: HookExport) => boolean): unknown[] => [
      ...new Set(events.filter(fits).map(({ merlon }) => merlon.sock_owner?.pid)),
    ];
    assert.deepEqual(
      ownersOf((event) => sockOf(event).dport === ports.port),
      [pids?.child],
      'the socket that was handed over',
    );
    assert.deepEqual(
      ownersOf((event) => sockOf(event).dport === ports.other),
      [pids?.parent],
      'connecting sockets',
    );
    const isClosing = ({ args }: HookExport): boolean => args[1]?.int_arg === FIN_WAIT1;
    assert.deepEqual(
      ownersOf((event) => sockOf(event).sport === ports.other && isClosing(event)),
      [pids?.parent],
      'accepted sockets, which close first',
    );
  },
);
