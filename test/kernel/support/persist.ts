// SPDX-License-Identifier: Apache-2.0
// Policies of an agent with --keep, and loops that attempt what they deny while agents come and go.
import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Agent, type AgentOptions, type LogLine, type Places } from './agent.ts';
import { merlon } from './command.ts';
import { type Difference, makeOtherBuild } from './other-build.ts';
import { program } from './programs.ts';
import { requires } from './requirements.ts';
import { Subject } from './subject.ts';
import { eventually } from './wait.ts';

/** ATTEMPT of attempt-until-end.c */
const COMMAND = 0x4d4c5450;
const LOSSES = new Set(['Kernel records were lost', 'Records of another version cannot be read']);
const IS_GUEST = process.env.GUEST_KERNEL !== undefined;
/** An emulated guest spends some 10 ms on an attempt; the agents are to get on beside three loops. */
const PAUSE_US = IS_GUEST ? '100000' : '2000';

interface AttemptReport {
  readonly attempts: number;
  readonly failed: number;
}

export interface Attack {
  readonly policy: string;
  readonly spec: string;
  readonly arguments: readonly string[];
  readonly verdict: string;
  /** number of the attempt that an event is about */
  readonly numberOf: (args: readonly Record<string, unknown>[]) => number;
}

/** What the policies of these places deny, each to the places' own copy of the program. */
export function attacks(places: Places): Attack[] {
  const own = `matchBinaries: [{operator: In, values: ["${attacker(places)}"]}]`;
  const killing = (index: number, prefix: string): string => `
  args: [{index: ${index}, type: string}]
  selectors:
  - ${own}
    matchArgs: [{index: ${index}, operator: Prefix, values: ["${prefix}/"]}]
    matchActions: [{action: Sigkill}]`;
  const kill = (policy: string, hook: string, index: number): Attack => ({
    policy,
    spec: `${hook}${killing(index, `/${policy}`)}`,
    arguments: ['kill', `/${policy}`],
    verdict: 'killed',
    numberOf: ([path]) => Number(String(path?.string_arg).split('/').at(-1)),
  });
  const killers = [
    kill('persist-call', 'kprobes:\n- call: sys_faccessat\n  syscall: true', 1),
    kill('persist-tracepoint', 'tracepoints:\n- subsystem: syscalls\n  event: sys_enter_faccessat', 6),
  ];
  if (requires('bpfLsm') !== false) return killers;
  const denier: Attack = {
    policy: 'persist-lsm',
    spec: `lsmhooks:
- hook: file_ioctl
  args: [{index: 1, type: uint32}, {index: 2, type: uint64}]
  selectors:
  - ${own}
    matchArgs: [{index: 1, operator: Equal, values: ["${COMMAND}"]}]
    matchActions: [{action: Override, argError: -1}]`,
    arguments: ['deny'],
    verdict: 'denied',
    numberOf: ([, number]) => Number(number?.size_arg),
  };
  return [...killers, denier];
}

function attacker({ directory }: Places): string {
  return join(directory, 'attempt-until-end');
}

/** Writes the policies of these attacks; returns the flags of an agent that keeps them in force. */
export function keepFlags(
  places: Places,
  policies: readonly Pick<Attack, 'policy' | 'spec'>[],
  keep = true,
): string[] {
  const path = join(places.directory, 'policies.yaml');
  const text = policies.map(
    ({ policy, spec }) =>
      `apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: { name: ${policy} }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`,
  );
  writeFileSync(path, text.join('---\n'));
  return ['--policy-dir', '/nonexistent', '--policy', path, `--keep=${keep}`];
}

/** An agent with the policies, all of which must be in force. */
export async function startKeeping(places: Places, options: AgentOptions): Promise<Agent> {
  const agent = await Agent.start({ places, wanted: () => false, ...options });
  const refused = complaints(agent);
  if (refused.length === 0) return agent;
  await agent.kill();
  throw new Error(JSON.stringify(refused));
}

/** What an agent has warned of, but for losses, which a loaded machine can have. */
export function complaints(agent: Agent): LogLine[] {
  return agent
    .log()
    .filter(({ msg, level }) => ['warn', 'error'].includes(String(level)) && !LOSSES.has(msg));
}

/** A running attack. */
export class Attempts {
  readonly attack: Attack;
  readonly #subject: Subject;

  constructor(places: Places, attack: Attack) {
    if (!existsSync(attacker(places))) copyFileSync(program('attempt-until-end'), attacker(places));
    this.attack = attack;
    this.#subject = new Subject(attacker(places), [PAUSE_US, ...attack.arguments]);
  }

  async end(): Promise<AttemptReport> {
    assert.equal(await this.#subject.end(), 0);
    return await this.#subject.report<AttemptReport>();
  }
}

/** How often each attempt has an event, by its number. */
export function verdicts({ exportFile }: Places, attack: Attack): Map<number, number> {
  const found = new Map<number, number>();
  for (const line of readFileSync(exportFile, 'utf8').split('\n')) {
    // An agent that was killed can have left half a line.
    if (!line.includes(`"policy_name":"${attack.policy}"`) || !line.endsWith('}')) continue;
    const parsed = JSON.parse(line) as Record<string, { args?: Record<string, unknown>[]; verdict?: string }>;
    assert.equal(parsed.merlon?.verdict, attack.verdict, line);
    const number = attack.numberOf(Object.values(parsed)[0]?.args ?? []);
    assert.ok(number > 0, line);
    found.set(number, (found.get(number) ?? 0) + 1);
  }
  return found;
}

export interface RestartCounts {
  readonly stops: number;
  readonly kills: number;
  /** from builds that differ so, and back */
  readonly upgrades: readonly Difference[];
}

/**
 * Stops, kills and exchanges agents while every attack goes on. Asserts that none had success, and that each attempt has
 * exactly one verdict, but for what gaps tell of.
 */
export async function runRestarts(places: Places, counts: RestartCounts): Promise<object> {
  const policies = attacks(places);
  const flags = keepFlags(places, policies);
  let agent = await startKeeping(places, { flags });
  let killed = 0;
  const running = policies.map((attack) => new Attempts(places, attack));
  const exchange = async (how: 'stop' | 'kill', command?: string): Promise<void> => {
    await eventsToCome(places, policies);
    if (how === 'kill') {
      await agent.kill();
      killed++;
    } else assert.equal(await agent.stop(), 0);
    agent.events.close();
    agent = await startKeeping(places, { flags, killed, ...(command === undefined ? {} : { command }) });
  };
  try {
    for (let stop = 0; stop < counts.stops; stop++) await exchange('stop');
    for (let kill = 0; kill < counts.kills; kill++) await exchange('kill');
    for (const [index, difference] of counts.upgrades.entries()) {
      await exchange('stop', makeOtherBuild(join(places.directory, `build-${index}`), difference));
      await exchange(counts.kills > 0 ? 'kill' : 'stop');
    }
    await eventsToCome(places, policies);
    const reports = await Promise.all(running.map((attempts) => attempts.end()));
    assert.equal(await agent.stop(), 0);
    let [attempts, missing, twice] = [0, 0, 0];
    reports.forEach((report, index) => {
      const found = verdicts(places, policies[index] as Attack);
      assert.equal(report.failed, 0, `${policies[index]?.policy}: ${JSON.stringify(report)}`);
      assert.ok([...found.keys()].every((number) => number <= report.attempts));
      attempts += report.attempts;
      missing += report.attempts - found.size;
      twice += [...found.values()].filter((count) => count > 1).length;
    });
    const toldOf = agent.events.lost;
    assert.ok(missing <= toldOf, `${missing} of ${attempts} verdicts are missing, ${toldOf} told of`);
    // Roots of both report for a moment; records of the other are counted and cannot be read.
    if (!counts.upgrades.includes('roots')) assert.equal(twice, 0);
    if (!counts.upgrades.includes('records') && killed === 0) assert.equal(missing, 0);
    assert.equal(merlon('unload', '--bpf-dir', places.bpfDir, '--run-dir', places.runDir).status, 0);
    assert.equal(existsSync(places.bpfDir), false);
    return { ...counts, attempts, missing, toldOf, twice };
  } finally {
    await agent.dispose();
  }
}

/** Each attack has a further event. */
async function eventsToCome({ exportFile }: Places, policies: readonly Attack[]): Promise<void> {
  const file = openSync(exportFile, 'r');
  try {
    const missing = new Set(policies.map(({ policy }) => policy));
    let position = fstatSync(file).size;
    await eventually('verdicts of every attack', () => {
      const bytes = Buffer.alloc(fstatSync(file).size - position);
      readSync(file, bytes, { position });
      // What is no whole line yet is read again.
      const end = bytes.lastIndexOf('\n') + 1;
      position += end;
      for (const [, name = ''] of bytes.toString('utf8', 0, end).matchAll(/"policy_name":"([^"]+)"/g))
        missing.delete(name);
      return missing.size === 0 || undefined;
    });
  } finally {
    closeSync(file);
  }
}
