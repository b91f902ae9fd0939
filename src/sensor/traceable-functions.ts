// SPDX-License-Identifier: Apache-2.0

/** How ftrace calls a place whose function is gone (kernel/trace/ftrace.c). */
const INVALID = '__ftrace_invalid_address__';

/**
 * The kernel's own functions in the text of available_filter_functions, in order and each once. Those of modules stand
 * behind them, with the module's name.
 */
export function parseTraceableFunctions(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const firstOfModule = lines.findIndex((line) => line.includes(' '));
  const own = firstOfModule < 0 ? lines : lines.slice(0, firstOfModule);
  return [...new Set(own.filter((name) => !name.includes(INVALID)))].sort();
}
