// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import { parseInteger } from './integer.ts';
import type { UprobeHook, UsdtHook } from './model.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import { hookScope, isReadable, readCommon, readName, readReturn } from './read-hook.ts';
import { readSelectors } from './read-selector.ts';
import type { PolicyScope } from './scope.ts';

/** Hexadecimal digits of each digest; a build-id has as many as its linker gave it. */
const DIGESTS: Readonly<Record<string, number | undefined>> = {
  sha1: 40,
  sha256: 64,
  sha384: 96,
  sha512: 128,
  'build-id': undefined,
};

/** Reads an item of uprobes; undefined when the schema check has refused it, or it has no target. */
export function readUprobe(cursor: Cursor, scope: PolicyScope): UprobeHook | undefined {
  if (!isReadable(cursor)) return undefined;
  const kind = 'uprobe';
  const title = `uprobe ${quote(cursor.textOf('path'))}`;
  const path = readPath(cursor, 'path', title, scope) ?? '';
  const btfPath = readPath(cursor, 'btfPath', title, scope);
  const target = readTarget(cursor, title, scope);
  const common = readCommon(cursor, scope, { kind, title, btfPath });
  const returns = readReturn(cursor, scope, { kind, title, btfPath });
  const selectors = readSelectors(
    cursor,
    hookScope(scope, { kind, title, ...common, returnArg: returns.returnArg }),
  );
  if (target === undefined) return undefined;
  return {
    kind,
    ...common,
    ...returns,
    selectors,
    path,
    btfPath,
    target,
    refCtrOffsets: cursor.list('refCtrOffsets').map(({ integer }) => integer),
    binaryDigests: cursor.list('binaryDigests').flatMap((digest) => readDigest(digest, title, scope) ?? []),
    ignoreDigestVerificationFailure: cursor.field('ignore')?.isOn('digestVerificationFailure') ?? false,
  };
}

/** Reads an item of usdts; undefined when the schema check has refused it. */
export function readUsdt(cursor: Cursor, scope: PolicyScope): UsdtHook | undefined {
  if (!isReadable(cursor)) return undefined;
  const kind = 'usdt';
  const provider = readName(cursor, 'provider', 'USDT probe', scope);
  const name = readName(cursor, 'name', 'USDT probe', scope);
  const title = `USDT probe ${quote(`${provider}:${name}`)}`;
  const path = readPath(cursor, 'path', title, scope) ?? '';
  const btfPath = readPath(cursor, 'btfPath', title, scope);
  const common = readCommon(cursor, scope, { kind, title, btfPath });
  const selectors = readSelectors(cursor, hookScope(scope, { kind, title, ...common, returnArg: undefined }));
  return { kind, ...common, selectors, path, btfPath, provider, name };
}

/** An absolute path: the agent's own directory has no meaning for a policy. */
function readPath(cursor: Cursor, name: string, title: string, { report }: PolicyScope): string | undefined {
  const field = cursor.field(name);
  if (field !== undefined && !field.text.startsWith('/'))
    report(
      ProblemCode.Value,
      field.at,
      `Cannot use ${name} ${quote(field.text)} in ${title}: expected an absolute path`,
    );
  return field?.text;
}

function readTarget(
  cursor: Cursor,
  title: string,
  { report }: PolicyScope,
): UprobeHook['target'] | undefined {
  const named = (['symbols', 'offsets', 'addrs'] as const).filter((name) => cursor.list(name).length > 0);
  const [by, second] = named;
  if (by === undefined || second !== undefined) {
    report(
      by === undefined ? ProblemCode.MissingField : ProblemCode.Conflict,
      cursor.field(second ?? 'path')?.nameAt ?? cursor.startAt,
      `Cannot hook ${title}: expected one of symbols, offsets and addrs`,
    );
    return undefined;
  }
  const places = cursor.list(by);
  const counters = cursor.field('refCtrOffsets');
  if (counters !== undefined && counters.items.length > 0 && counters.items.length !== places.length)
    report(
      ProblemCode.Conflict,
      counters.nameAt,
      `Cannot use ${counters.items.length} refCtrOffsets in ${title}: expected one for each of its ${places.length} ${by}`,
    );
  if (by === 'offsets') return { by: 'offset', offsets: places.map(({ integer }) => integer) };
  if (by === 'addrs') return { by: 'address', addresses: places.map(({ integer }) => integer) };
  for (const symbol of places) {
    if (!isSymbol(symbol.text))
      report(
        ProblemCode.Value,
        symbol.at,
        `Cannot hook symbol ${quote(symbol.text)} in ${title}: expected NAME or NAME+OFFSET`,
      );
  }
  return { by: 'symbol', symbols: places.map(({ text }) => text) };
}

function isSymbol(text: string): boolean {
  const [name = '', offset, ...rest] = text.split('+');
  const value = offset === undefined ? 0n : parseInteger(offset);
  return name !== '' && rest.length === 0 && value !== undefined && value >= 0n;
}

function readDigest(
  cursor: Cursor,
  title: string,
  { report }: PolicyScope,
): { algorithm: string; value: string } | undefined {
  const [, algorithm = '', value = ''] = /^\s*([^:]*?)\s*:\s*(.*?)\s*$/.exec(cursor.text.toLowerCase()) ?? [];
  const digits = DIGESTS[algorithm];
  const known = Object.hasOwn(DIGESTS, algorithm);
  if (known && /^[0-9a-f]+$/.test(value) && (digits === undefined || value.length === digits))
    return { algorithm, value };
  const names = Object.keys(DIGESTS);
  const expected = known
    ? `${digits ?? 'the'} hexadecimal digits after "${algorithm}:"`
    : `ALGORITHM:HEX with the algorithm ${alternatives(names)}`;
  report(
    ProblemCode.Value,
    cursor.at,
    `Cannot use digest ${quote(cursor.text)} in ${title}: expected ${expected}`,
    known ? {} : suggest(algorithm, names),
  );
  return undefined;
}
