// SPDX-License-Identifier: Apache-2.0
import { ValueSource } from '../events/gen/layouts.ts';
import type { Argument, ArgumentType } from '../policy/model.ts';
import { autoType } from './auto-type.ts';
import type { TracepointField } from './kernel-facts.ts';
import { noBuffer, planBuffer } from './plan-buffer.ts';
import { PlanError } from './plan-problem.ts';
import type { Signature } from './plan-value.ts';
import type { ValuePlan } from './value-plan.ts';
import { isBuffer, makeValue, typeFacts } from './value-plan.ts';

/** An argument of a classic tracepoint is a field of its record. */
export function fieldValue(argument: Argument, signature: Extract<Signature, { kind: 'record' }>): ValuePlan {
  const { fields } = signature;
  const field = fields[argument.index];
  if (field === undefined)
    throw new PlanError(
      argument.fieldAt.index,
      `Cannot use field ${argument.index}: the record has ${fields.map(({ name }, index) => `${index} ${name}`).join(', ')}`,
      indexRemedy(fields.length),
    );
  if (argument.resolve !== '')
    throw new PlanError(
      argument.fieldAt.resolve,
      'Cannot resolve a path in a field of a tracepoint',
      'Use a raw tracepoint (raw: true).',
    );
  const type = argument.type === 'auto' ? fieldType(field) : argument.type;
  const known = type === undefined ? undefined : typeFacts(type);
  if (argument.maxData && (known === undefined || !isBuffer(known))) throw noBuffer(argument);
  if (type === undefined || known === undefined)
    throw new PlanError(
      argument.fieldAt.type,
      `Cannot read field "${field.name}" (${field.declaration}) as "${argument.spelling}"`,
      'Leave the type to "auto".',
    );
  const isEmbedded = field.declaration.endsWith(']') && !field.declaration.startsWith('__data_loc');
  return makeValue(type, known, {
    source:
      isEmbedded && known.form !== 'number' ? ValueSource.SOURCE_FIELD_ADDRESS : ValueSource.SOURCE_FIELD,
    field: field.offset,
    bytes: Math.min(field.size, 8),
    ...(isEmbedded && { maxLength: field.size }),
    ...(isBuffer(known) && planBuffer(argument, type, signature)),
  });
}

function fieldType(field: TracepointField): ArgumentType | undefined {
  if (field.declaration.startsWith('__data_loc')) return 'data_loc';
  if (/^(const )?char ?\[/.test(field.declaration)) return 'string';
  if (field.declaration.endsWith(']')) return 'const_buf';
  if (/\bchar ?\*$/.test(field.declaration)) return 'string';
  return autoType(field.declaration, field.declaration.endsWith('*') ? 'pointer' : 'int', field.size);
}

export function indexRemedy(count: number): string {
  return count === 0 ? 'Delete the argument.' : `Use an index from 0 to ${count - 1}.`;
}
