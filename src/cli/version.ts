// SPDX-License-Identifier: Apache-2.0
import { arch, release } from 'node:os';
import { version } from '../base/version.ts';
import { endWithReader, write } from './output.ts';

/** Prints this program's version and what it runs on. */
export async function printVersion(options: { output?: string }): Promise<void> {
  endWithReader();
  const facts = { version, node: process.versions.node, kernel: release(), architecture: arch() };
  const line = `merlon ${version} (Node ${facts.node}, Linux ${facts.kernel}, ${facts.architecture})`;
  await write(`${options.output === 'json' ? JSON.stringify(facts) : line}\n`);
}
