// SPDX-License-Identifier: Apache-2.0
import { styleText } from 'node:util';
import type { CapabilityName } from '../kernel/capabilities.ts';
import { capabilityNames } from '../kernel/capabilities.ts';
import { describeKernel } from './describe-kernel.ts';
import { explain } from './explain.ts';
import type { Facts } from './facts.ts';
import type { Diagnosis } from './index.ts';
import type { FeatureState, Verdict } from './judge.ts';
import { isFit, isWhole } from './judge.ts';
import { rows } from './rows.ts';

const COLORS = { ready: 'green', degraded: 'yellow', missing: 'red', unknown: 'yellow' } as const;
const DONE = { attach: 'attached', load: 'loaded', create: 'created' } as const;

const WHOLE = 'What this version needs is here.';
const USABLE = 'The agent works here; a policy that needs what is missing is refused with this reason.';

export interface ReportOptions {
  readonly version: string;
  readonly color: boolean;
  /** columns of the terminal */
  readonly width: number;
}

/** The diagnosis as a table for people. */
export function describe({ facts, verdicts }: Diagnosis, { version, color, width }: ReportOptions): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const remedies = numberRemedies(verdicts);
  const titled = (title: string, body: string): string =>
    body === '' ? '' : `\n${paint('bold', title)}\n${body}`;
  const state = (word: FeatureState, cell: string): string => paint(COLORS[word], cell);
  const list = (implemented: boolean): string =>
    verdicts
      .filter((verdict) => verdict.implemented === implemented)
      .map((verdict) => describeFeature(verdict, remedies, width, state))
      .join('');
  return [
    `Merlon ${version}, Linux ${facts.release} (${facts.architecture}, ${facts.cpus} CPUs)\n`,
    titled('THIS KERNEL AND PROCESS', rows(describeKernel(facts), width)),
    titled('TRIED HERE, ONE BY ONE', rows(describeTrials(facts), width)),
    titled('WHAT THIS VERSION OF MERLON DOES', list(true)),
    titled('WHAT LATER VERSIONS WILL DO: is this kernel ready for it?', list(false)),
    titled(
      'REMEDIES',
      rows(
        [...remedies].map(([remedy, number]) => [String(number), remedy]),
        width,
      ),
    ),
    isFit(verdicts)
      ? `\n${paint('green', isWhole(verdicts) ? WHOLE : USABLE)}\n`
      : `\n${paint('red', 'This version cannot work here: see above.')}\n`,
  ].join('');
}

/** What works by how it was tried; what does not by its reason. */
function describeTrials(facts: Facts): string[][] {
  const lines = new Map<string, [label: string, names: CapabilityName[], reason: string]>();
  for (const name of capabilityNames) {
    const { available, tried } = facts.trials[name];
    const label = available === true ? DONE[tried] : available === false ? 'no' : 'not tried';
    const reason = available === true ? '' : explain(name, facts).reason;
    const line = lines.get(`${label} ${reason}`) ?? [label, [], reason];
    line[1].push(name);
    lines.set(`${label} ${reason}`, line);
  }
  const order = [...Object.values(DONE), 'no', 'not tried'];
  return [...lines.values()]
    .sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]))
    .map(([label, names, reason]) => [label, `${names.join(', ')}${reason === '' ? '' : `: ${reason}`}`]);
}

function describeFeature(
  { name, state, by, explanations }: Verdict,
  remedies: ReadonlyMap<string, number>,
  width: number,
  paint: (state: FeatureState, cell: string) => string,
): string {
  const how = by === undefined ? '' : ` (${by})`;
  const reasons = explanations.map(({ reason, remedy }) => {
    const number = remedy === undefined ? undefined : remedies.get(remedy);
    return ['', `- ${reason}${number === undefined ? '' : ` [${number}]`}`];
  });
  const text = rows([[state.padEnd(8), `${name}${how}`], ...reasons], width);
  return text.replace(state, paint(state, state));
}

/** In the order of their first use: what this version needs comes first. */
function numberRemedies(verdicts: readonly Verdict[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const { remedy } of verdicts.flatMap(({ explanations }) => explanations))
    if (remedy !== undefined && !numbers.has(remedy)) numbers.set(remedy, numbers.size + 1);
  return numbers;
}
