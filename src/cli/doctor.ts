// SPDX-License-Identifier: Apache-2.0
import { loadSettings } from '../base/settings.ts';
import { useColor } from '../base/use-color.ts';
import { version } from '../base/version.ts';
import { describe, diagnose, isFit, toJson } from '../doctor/index.ts';
import { endWithReader, terminalWidth, write } from './output.ts';

const WIDTH = 100;

/** Prints what this kernel offers and each feature needs. Exit status 1 when this version cannot work here. */
export async function doctor(flags: Record<string, string>, options: { output?: string }): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const diagnosis = diagnose();
  const json = options.output === 'json';
  const color = useColor(settings.color);
  const width = Math.min(WIDTH, terminalWidth().width ?? WIDTH);
  await write(
    json ? `${JSON.stringify(toJson(diagnosis, version))}\n` : describe(diagnosis, { version, color, width }),
  );
  if (!isFit(diagnosis.verdicts)) process.exitCode = 1;
}
