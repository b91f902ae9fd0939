// SPDX-License-Identifier: Apache-2.0
import { gunzipSync } from 'node:zlib';
import { readBytes } from './read-text.ts';

/** The options that the running kernel was built with. */
export interface KernelConfig {
  /** the file that told; undefined when none can be read */
  readonly source: string | undefined;
  /** `y`, `m` or a value by name; an option that is not set is absent. Undefined without a source. */
  readonly options: Readonly<Record<string, string>> | undefined;
}

/** From the kernel itself when it was built to tell (CONFIG_IKCONFIG_PROC), else from where distributions put the file. */
export function readKernelConfig(release: string): KernelConfig {
  for (const source of ['/proc/config.gz', `/boot/config-${release}`, `/lib/modules/${release}/config`]) {
    const bytes = readBytes(source);
    if (bytes === undefined) continue;
    const text = source.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    return { source, options: parseKernelConfig(text.toString()) };
  }
  return { source: undefined, options: undefined };
}

/** Lines `CONFIG_NAME=value`; a string's quotes are taken off. */
export function parseKernelConfig(text: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/^(CONFIG_\w+)=(.*)$/gm))
    options[name] = value.replace(/^"(.*)"$/, '$1');
  return options;
}
