// SPDX-License-Identifier: Apache-2.0

/** What is known of an address of a stack. */
export interface StackFrame {
  /** name of the function; empty when the file has no symbol there */
  readonly symbol: string;
  /** bytes from the function's beginning (kernel), or in the file (user space) */
  readonly offset: bigint;
  /** the kernel module, or the path of the file that is mapped there; empty for the kernel itself */
  readonly module: string;
  /** of the file, as hexadecimal digits; empty when it has none */
  readonly buildId: string;
}

/** Finds the frame of an address in the kernel (tgid 0) or in a process; undefined when nothing is known of it. */
export type FindFrame = (address: bigint, tgid: number) => StackFrame | undefined;

/** An address as the kernel saw it when the stack was taken. */
export interface StackPlace {
  /** of the file that was mapped there, hexadecimal digits */
  readonly buildId: string;
  /** in that file */
  readonly offset: bigint;
}

/**
 * Names a place of a process that has ended; `binary` is what it executed. Always known as far as the place itself goes: a
 * file that cannot be found is called `build-id:ID`.
 */
export type FindPlace = (place: StackPlace, binary: string) => StackFrame;

/** What makes frames of addresses. */
export interface StackSymbols {
  readonly findFrame: FindFrame;
  readonly findPlace: FindPlace;
}
