// SPDX-License-Identifier: Apache-2.0
import type { ComparePoliciesResponse } from '../api/gen/merlon/agent_pb.js';
import { escapeHidden } from '../encode/escape.ts';
import { estimatedBytes, estimatedNs } from '../plan/estimate.ts';
import { dimensionText, reasonFor } from '../plan/explain-plan.ts';
import type { PlannedProgram } from '../plan/plan-set.ts';
import { formatProblem } from '../policy/index.ts';
import { table } from './output.ts';
import type { PlanReport } from './policy-plan.ts';

/** The report as tables: programs, then each one's reason and dimensions, then what changes. */
export function describePlan({ plan, facts, problems, diff, reason, notes }: PlanReport): string {
  const rows = plan.programs.map((program) => {
    const { policies, rules, values, dimensions, bytes, ns } = figuresOf(program);
    return [
      ...[nameOf(program), String(policies), String(rules), String(values), String(dimensions)],
      ...[`${(bytes / 1024).toFixed(1)} KiB`, `${ns} ns`],
    ];
  });
  const details = plan.programs.map((program) => {
    const { plan: instance } = program;
    const lines = instance.dimensions.map((dimension) => {
      const { type, entries } = dimension.table;
      return `  ${dimensionText(dimension, instance)}: ${type}, ${entries} ${entries === 1 ? 'entry' : 'entries'}\n`;
    });
    return `${titleOf(program)}: ${reasonFor(instance.attach, facts)}\n${lines.join('')}`;
  });
  return [
    ...(problems.length === 0 ? [] : [problems.map(formatProblem).join('')]),
    ...(rows.length === 0
      ? []
      : [
          table(
            [['PROGRAM', 'POLICIES', 'RULES', 'VALUES', 'DIMENSIONS', 'TABLES', 'PER HIT'], ...rows],
            RIGHT,
          ),
        ]),
    ...(details.length === 0 ? [] : [details.join('')]),
    diff === undefined ? `Not compared with what is loaded: ${reason}\n` : describeDiff(diff),
    ...(notes.length === 0 ? [] : [notes.map((note) => `${escapeHidden(note)}\n`).join('')]),
  ].join('\n');
}

/** Columns of numbers. */
const RIGHT = [1, 2, 3, 4, 5, 6];

/** docs/json.md has its form. */
export function planJson({ plan, facts, problems, diff, reason, notes }: PlanReport): string {
  const form = {
    ok: problems.length === 0 && plan.policies.length > 0,
    problems: problems.map(({ code, at: { file, line, column }, message, remedy }) => ({
      ...{ code, file, line, column, message },
      remedy: remedy ?? null,
    })),
    policies: plan.policies.map(({ policy: { namespace, name }, digest, problems: own }) => ({
      ...{ namespace: namespace ?? null, name, ok: own.length === 0, digest },
    })),
    programs: plan.programs.map((program) => {
      const { policies, rules, values, bytes, ns } = figuresOf(program);
      const { key, part, digest, plan: instance } = program;
      return {
        ...{
          attached_to: key,
          part,
          mechanism: instance.attach.by,
          reason: reasonFor(instance.attach, facts),
        },
        ...{ digest, policies, rules, values, table_bytes: bytes, ns_per_hit: ns },
        dimensions: instance.dimensions.map((dimension) => ({
          of: dimensionText(dimension, instance),
          ...{ table: dimension.table.type, entries: dimension.table.entries },
        })),
      };
    }),
    changes:
      diff === undefined
        ? null
        : {
            policies: diff.policies.map(({ namespace, name, change }) => ({ namespace, name, change })),
            programs: diff.programs.map(({ attachedTo, part, change }) => ({
              attached_to: attachedTo,
              part,
              change,
            })),
          },
    not_compared: diff === undefined ? reason : null,
    notes,
  };
  return `${JSON.stringify(form)}\n`;
}

function figuresOf({
  plan,
}: PlannedProgram): Record<'policies' | 'rules' | 'values' | 'dimensions' | 'bytes' | 'ns', number> {
  return {
    policies: plan.policies.length,
    rules: plan.policies.reduce((sum, { rules }) => sum + rules.length, 0),
    values: plan.values.length,
    dimensions: plan.dimensions.length,
    bytes: estimatedBytes(plan),
    ns: estimatedNs(plan),
  };
}

function nameOf({ key, part }: { key: string; part: number }): string {
  return escapeHidden(part === 0 ? key : `${key}, part ${part + 1}`);
}

/** With the call's name where the key has its number only. */
function titleOf(program: PlannedProgram): string {
  const { attach, shown } = program.plan;
  const isNumber = attach.by === 'sys_enter' || attach.by === 'sys_exit';
  return `${nameOf(program)}${isNumber && 'functionName' in shown ? ` (${shown.functionName})` : ''}`;
}

function describeDiff({ policies, programs }: ComparePoliciesResponse): string {
  const rows = [
    ...policies.map(({ namespace, name, change }) => [
      ...['policy', change, escapeHidden(namespace === '' ? name : `${namespace}/${name}`)],
    ]),
    ...programs.map(({ attachedTo, part, change }) => [
      ...['program', change, nameOf({ key: attachedTo, part })],
    ]),
  ];
  return table([['LOADED', 'CHANGE', 'NAME'], ...rows]);
}
