// SPDX-License-Identifier: Apache-2.0
import { nearestName } from '../base/nearest-name.ts';
import type { SourcePosition } from '../base/source-position.ts';
import type { UprobeHook, UsdtHook } from '../policy/model.ts';
import type { UserTarget } from './attach-target.ts';
import type { KernelFacts, OtherTypes, UserFile } from './kernel-facts.ts';
import { PlanError, UncheckedFact } from './plan-problem.ts';
import type { PlannedTarget } from './plan-target.ts';
import { parseUsdtArguments } from './usdt-argument.ts';

/**
 * Where a uprobe is attached: one target for each symbol, offset or address. None when the file has not the digest that the
 * policy asks for and the policy says to ignore that. Throws a PlanError for what cannot be found.
 */
export function uprobeTargets(hook: UprobeHook, facts: KernelFacts): PlannedTarget[] {
  const file = openFile(hook.path, hook.at, facts);
  if (!hasDigest(hook, file)) {
    if (hook.ignoreDigestVerificationFailure) return [];
    throw new PlanError(
      hook.at,
      `Cannot attach to "${hook.path}": the file has none of the digests of binaryDigests`,
      'Name the digest of this file, or add "digestVerificationFailure: true" to ignore.',
    );
  }
  const types = typesOf(hook.btfPath, hook.at, facts);
  const atReturn = hook.returnArg !== undefined;
  return placesOf(hook, file).map(({ symbol, offset, shownOffset }, index) => {
    const refCtrOffset = hook.refCtrOffsets[index] ?? 0n;
    return {
      attach: {
        by: atReturn ? 'uretprobe' : 'uprobe',
        ...fileOf(hook.path, file),
        offset,
        refCtrOffset: Number(refCtrOffset),
        name: symbol,
      },
      shown: { kind: 'uprobe', path: hook.path, symbol, offset: shownOffset, refCtrOffset },
      signature: { kind: 'user', types },
      syscallRegisters: false,
      argumentCount: 6,
      atReturn,
    };
  });
}

/** One target for each place where the probe stands: the compiler may have made several, with arguments in other registers. */
export function usdtTargets(hook: UsdtHook, facts: KernelFacts): PlannedTarget[] {
  const { path, provider, name, at } = hook;
  const file = openFile(path, at, facts);
  const notes = read(path, at, () => file.usdtNotes());
  const found = notes.filter((note) => note.provider === provider && note.name === name);
  if (found.length === 0) throw unknownProbe(hook, notes);
  const types = typesOf(hook.btfPath, at, facts);
  return found.map(({ address, semaphore, args }) => {
    const offset = file.fileOffset(address);
    const refCtrOffset = semaphore === 0 ? 0 : file.fileOffset(semaphore);
    if (offset === undefined || refCtrOffset === undefined)
      throw new PlanError(
        at,
        `Cannot attach to USDT probe "${provider}:${name}": its note names no place of "${path}"`,
      );
    return {
      attach: { by: 'usdt', ...fileOf(path, file), offset, refCtrOffset, name: `${provider}:${name}` },
      shown: { kind: 'usdt', path, provider, name },
      signature: { kind: 'usdt', args: parseUsdtArguments(args), types },
      syscallRegisters: false,
      argumentCount: 6,
      atReturn: false,
    };
  });
}

function fileOf(
  path: string,
  { openPath, identity }: UserFile,
): Pick<UserTarget, 'path' | 'openPath' | 'identity'> {
  return { path, openPath, identity };
}

function openFile(path: string, at: SourcePosition, facts: KernelFacts): UserFile {
  try {
    return facts.userFile(path);
  } catch (error) {
    throw unusable(path, at, error);
  }
}

function read<Value>(path: string, at: SourcePosition, get: () => Value): Value {
  try {
    return get();
  } catch (error) {
    throw unusable(path, at, error);
  }
}

function unusable(path: string, at: SourcePosition, error: unknown): PlanError {
  if (error instanceof UncheckedFact) throw error;
  const why = error instanceof Error ? error.message : String(error);
  return new PlanError(at, `Cannot attach to "${path}": ${why}`);
}

function typesOf(
  btfPath: string | undefined,
  at: SourcePosition,
  facts: KernelFacts,
): OtherTypes | undefined {
  if (btfPath === undefined) return undefined;
  try {
    return facts.userTypes(btfPath);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new PlanError(at, `Cannot read the types of btfPath "${btfPath}": ${why}`);
  }
}

/** One of them is enough; without any, every file is right. */
function hasDigest({ binaryDigests, path, at }: UprobeHook, file: UserFile): boolean {
  return (
    binaryDigests.length === 0 ||
    binaryDigests.some(
      ({ algorithm, value }) =>
        read(path, at, () =>
          algorithm === 'build-id'
            ? file.buildId()
            : file.digest(algorithm as Parameters<UserFile['digest']>[0]),
        ) === value,
    )
  );
}

interface Place {
  /** as the policy has it; empty for a place without one */
  readonly symbol: string;
  readonly offset: number;
  /** what events show: as in Tetragon, only where the policy gives a place */
  readonly shownOffset: bigint;
}

function placesOf(hook: UprobeHook, file: UserFile): Place[] {
  const { target, path, at } = hook;
  switch (target.by) {
    case 'symbol':
      return target.symbols.map((symbol) => ({
        symbol,
        offset: symbolOffset(symbol, hook, file),
        shownOffset: 0n,
      }));
    case 'offset':
      return target.offsets.map((offset) => {
        if (!file.isMapped(Number(offset)))
          throw new PlanError(
            at,
            `Cannot attach to offset ${hex(offset)} of "${path}": nothing of the file runs from there`,
          );
        return { symbol: '', offset: Number(offset), shownOffset: offset };
      });
    case 'address':
      return target.addresses.map((address) => {
        const offset = file.fileOffset(Number(address));
        if (offset === undefined)
          throw new PlanError(
            at,
            `Cannot attach to address ${hex(address)} of "${path}": the file has no such address`,
          );
        return { symbol: '', offset, shownOffset: BigInt(offset) };
      });
  }
}

/** NAME, or NAME+OFFSET */
function symbolOffset(spelling: string, { path, at }: UprobeHook, file: UserFile): number {
  const plus = spelling.lastIndexOf('+');
  const name = plus < 0 ? spelling : spelling.slice(0, plus);
  const address = read(path, at, () => file.symbol(name));
  if (address === undefined) throw unknownSymbol(name, path, at, file);
  const offset = file.fileOffset(address + (plus < 0 ? 0 : Number(spelling.slice(plus + 1))));
  if (offset === undefined)
    throw new PlanError(at, `Cannot attach to "${spelling}" of "${path}": the file has no such address`);
  return offset;
}

function unknownSymbol(name: string, path: string, at: SourcePosition, file: UserFile): PlanError {
  const names = [...file.symbolNames()];
  const near = nearestName(name, names);
  if (names.length === 0)
    return new PlanError(
      at,
      `Cannot attach to "${name}" of "${path}": the file has no symbols`,
      'It was stripped. Name the place by offsets or addrs.',
    );
  return new PlanError(
    at,
    `Cannot attach to "${name}" of "${path}": the file has no symbol of that name`,
    near === undefined ? undefined : `Did you mean "${near}"?`,
  );
}

function unknownProbe(
  { path, provider, name, at }: UsdtHook,
  notes: ReturnType<UserFile['usdtNotes']>,
): PlanError {
  const wanted = `${provider}:${name}`;
  const names = [...new Set(notes.map((note) => `${note.provider}:${note.name}`))];
  const near = nearestName(wanted, names);
  return new PlanError(
    at,
    `Cannot attach to USDT probe "${wanted}": ${names.length === 0 ? `"${path}" has none at all` : `"${path}" has none of that name`}`,
    near === undefined ? undefined : `Did you mean "${near}"?`,
  );
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
