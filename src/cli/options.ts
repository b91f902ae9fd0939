// SPDX-License-Identifier: Apache-2.0
import type { Command, Help } from 'commander';
import { Option } from 'commander';
import type { Setting, SettingName } from '../base/settings-table.ts';
import { settingsTable, variableName } from '../base/settings-table.ts';

export const everySetting = Object.keys(settingsTable) as SettingName[];

/** Adds a flag for each of the settings, in the groups and with the defaults of the table. */
export function addSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) command.addOption(settingOption(name, settingsTable[name]));
  return command;
}

function settingOption(name: SettingName, setting: Setting): Option {
  const { kind, short, help, group, fallbackText } = setting;
  // A switch may be given without its value.
  const [open, close] = kind.placeholder === 'true|false' ? ['[', ']'] : ['<', '>'];
  const flags = `${short === undefined ? '' : `-${short}, `}--${name} ${open}${kind.placeholder}${close}`;
  const description = `${help}\ndefault: ${fallbackText}; variable: ${variableName(name)}`;
  const option = new Option(flags, description).helpGroup(`${group}:`);
  if (kind.repeatable === true)
    option.argParser((value: string, earlier: string | undefined) =>
      earlier === undefined ? value : `${earlier},${value}`,
    );
  return option;
}

/** Each item on a line of its own with the description below: flags of settings are long. */
export function formatBelow(term: string, _width: number, description: string, helper: Help): string {
  const width = (helper.helpWidth ?? 80) - 8;
  const lines = description.split('\n').flatMap((line) => helper.boxWrap(line, width).split('\n'));
  return [`  ${term}`, ...lines.map((line) => `        ${line}`)].join('\n');
}

/** The texts of the settings that stand on the command line, by name. */
export function givenFlags(command: Command): Record<string, string> {
  const values: Record<string, unknown> = command.opts();
  const given: Record<string, string> = {};
  for (const option of command.options) {
    const name = option.long?.slice(2) ?? '';
    const value = values[option.attributeName()];
    // `-o` of a command that has other forms than a setting has is an option of its own
    if (!Object.hasOwn(settingsTable, name) || option.helpGroupHeading === undefined) continue;
    if (typeof value === 'string' || value === true) given[name] = String(value);
  }
  return given;
}

/** `-o`: the forms of a command that answers once; the first is the default. */
export function outputOption(...forms: [string, ...string[]]): Option {
  return new Option('-o, --output <form>', 'form of the answer').choices(forms).default(forms[0]);
}
