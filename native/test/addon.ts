// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

import type * as Native from '../index.d.ts';

/** The error class of these tests: what the addon passes, as it is. */
export class TestError extends Error {
  readonly detail: Native.NativeErrorDetail;
  constructor(message: string, detail: Native.NativeErrorDetail) {
    super(message);
    this.detail = detail;
  }
}

/** MERLON_TEST_ADDON names another build of the addon (asan.sh). */
const path = process.env['MERLON_TEST_ADDON'] ?? '../build/Release/merlon.node';
export const addon = createRequire(import.meta.url)(path) as typeof Native;
addon.initialize(TestError);

/** For assert.throws: an error of the addon with that errno, whose message matches. */
export function failure(errnoName: string, message: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof TestError)) throw error;
    return error.detail.errnoName === errnoName && message.test(error.message);
  };
}

export const u32 = (...values: number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);
export const u64 = (...values: bigint[]): Uint8Array => new Uint8Array(new BigUint64Array(values).buffer);

/** The values in a copy of the bytes, whatever their alignment. */
export const asU64 = (bytes: Uint8Array): bigint[] => [...new BigUint64Array(bytes.slice().buffer)];

/** Makes `count` getppid calls: what the test programs count. */
export function callGetppid(count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += process.ppid;
  return sum;
}

/** The number of getppid on this architecture. */
export const GETPPID = process.arch === 'x64' ? 110n : 173n;
