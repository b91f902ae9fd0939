// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UprobeHook, UsdtHook } from '../policy/model.ts';
import type { KernelFacts, UserFile } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { uprobeTargets, usdtTargets } from './plan-user-target.ts';
import { AT, kernelFacts } from './testing.ts';

const PATH = '/bin/prog';
const SYMBOLS = new Map([
  ['first', 0x401000],
  ['second', 0x401100],
]);
const NOTE = { provider: 'app', name: 'request', args: '-4@%edi', semaphore: 0x402010 };

/** A file whose addresses from 0x401000 to 0x402fff are mapped from its byte 0x1000 on. */
const FILE: UserFile = {
  identity: '1:2:3',
  openPath: '/proc/self/fd/9',
  fileOffset: (address) => (address >= 0x401000 && address < 0x403000 ? address - 0x400000 : undefined),
  isMapped: (offset) => offset >= 0x1000 && offset < 0x3000,
  symbol: (name) => SYMBOLS.get(name),
  symbolNames: () => SYMBOLS.keys(),
  buildId: () => 'abcd',
  digest: (algorithm) => `digest of ${algorithm}`,
  usdtNotes: () => [
    { ...NOTE, address: 0x401200 },
    { ...NOTE, address: 0x401300, semaphore: 0 },
  ],
};

function factsOf(file: Partial<UserFile> = {}): KernelFacts {
  return kernelFacts({
    userFile: (path) => {
      if (path !== PATH) throw new Error('it is not a file');
      return { ...FILE, ...file };
    },
  });
}

const COMMON = { args: [], data: [], selectors: [], message: '', tags: [], at: AT, btfPath: undefined };

function uprobe(more: Partial<UprobeHook> = {}): UprobeHook {
  return {
    ...{ ...COMMON, kind: 'uprobe', path: PATH, returnArg: undefined, returnArgAction: undefined },
    target: { by: 'symbol', symbols: ['first'] },
    ...{ refCtrOffsets: [], binaryDigests: [], ignoreDigestVerificationFailure: false },
    ...more,
  };
}

function usdt(more: Partial<UsdtHook> = {}): UsdtHook {
  return { ...COMMON, kind: 'usdt', path: PATH, provider: 'app', name: 'request', ...more };
}

function offsetsOf(hook: UprobeHook): (number | undefined)[] {
  return uprobeTargets(hook, factsOf()).map(({ attach }) => ('offset' in attach ? attach.offset : undefined));
}

test('symbols, offsets and addresses are places in the file', () => {
  const symbols = ['first', 'second+0x10'];
  assert.deepEqual(offsetsOf(uprobe({ target: { by: 'symbol', symbols } })), [0x1000, 0x1110]);
  assert.deepEqual(offsetsOf(uprobe({ target: { by: 'offset', offsets: [0x1234n] } })), [0x1234]);
  assert.deepEqual(offsetsOf(uprobe({ target: { by: 'address', addresses: [0x401234n] } })), [0x1234]);
});

test('a counter for each place', () => {
  const target = { by: 'symbol', symbols: ['first', 'second'] } as const;
  const targets = uprobeTargets(uprobe({ target, refCtrOffsets: [8n, 16n] }), factsOf());
  assert.deepEqual(
    targets.map(({ shown }) => ('refCtrOffset' in shown ? shown.refCtrOffset : undefined)),
    [8n, 16n],
  );
});

test('a stripped file, a missing file and what is not in it are refused', () => {
  const refusal = (hook: UprobeHook, file: Partial<UserFile> = {}): PlanError => {
    try {
      uprobeTargets(hook, factsOf(file));
    } catch (error) {
      if (error instanceof PlanError) return error;
    }
    throw new Error('It was accepted');
  };
  const unknown = uprobe({ target: { by: 'symbol', symbols: ['frist'] } });
  assert.equal(refusal(unknown).remedy, 'Did you mean "first"?');
  assert.match(refusal(unknown, { symbol: () => undefined, symbolNames: () => [] }).message, /no symbols/);
  assert.match(refusal(uprobe({ path: '/bin/other' })).message, /it is not a file/);
  refusal(uprobe({ target: { by: 'offset', offsets: [0x9000n] } }));
  refusal(uprobe({ target: { by: 'address', addresses: [1n] } }));
  refusal(uprobe({ target: { by: 'symbol', symbols: ['first+0x9000'] } }));
});

test('one digest of several must be right', () => {
  const digests = (...values: [string, string][]): UprobeHook['binaryDigests'] =>
    values.map(([algorithm, value]) => ({ algorithm, value }));
  const wrong = digests(['sha256', 'other'], ['build-id', 'cdef']);
  assert.equal(
    uprobeTargets(uprobe({ binaryDigests: digests(['sha1', '-'], ['build-id', 'abcd']) }), factsOf()).length,
    1,
  );
  assert.throws(() => uprobeTargets(uprobe({ binaryDigests: wrong }), factsOf()), PlanError);
  const ignored = uprobe({ binaryDigests: wrong, ignoreDigestVerificationFailure: true });
  assert.deepEqual(uprobeTargets(ignored, factsOf()), []);
});

test('a USDT probe has a target for each of its places', () => {
  const targets = usdtTargets(usdt(), factsOf());
  assert.deepEqual(
    targets.map(({ attach }) => ('offset' in attach ? [attach.offset, attach.refCtrOffset] : [])),
    [
      [0x1200, 0x2010],
      [0x1300, 0],
    ],
  );
  assert.throws(() => usdtTargets(usdt({ name: 'reqest' }), factsOf()), {
    remedy: 'Did you mean "app:request"?',
  });
});
