// SPDX-License-Identifier: Apache-2.0
import type { ErrorObject } from 'ajv';
import type { CrdSchema } from './crd.ts';
import type { Place } from './place.ts';
import { followPointer } from './place.ts';
import type { PolicyProblem } from './problem.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import { removedActions, removedFields } from './removed.ts';
import type { SourceText } from './source-text.ts';
import type { ScalarValue } from './yaml-scalar.ts';

type Wording = Pick<PolicyProblem, 'code' | 'message' | 'remedy'> & { offset: number };

/** An error of the validator as a problem at the place that it is about, with the way to that place. */
export function describeSchemaError(
  error: ErrorObject,
  root: Place,
  source: SourceText,
): { problem: PolicyProblem; way: Place[] } {
  const way = followPointer(root, error.instancePath);
  const place = way.at(-1) ?? root;
  const { offset, ...wording } = describe(error, place, pathText(error.instancePath));
  return { problem: { ...wording, at: source.at(offset) }, way };
}

/** `/spec/kprobes/0/call` as `spec.kprobes[0].call` */
function pathText(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(
      (path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`),
      '',
    );
}

function describe(error: ErrorObject, place: Place, path: string): Wording {
  const params = error.params as Record<string, unknown>;
  const schema = error.parentSchema as CrdSchema;
  const offset = place.node.offset;
  const value = (expected: string, more: { remedy?: string } = {}): Wording => ({
    code: ProblemCode.Value,
    offset,
    message: `Cannot use ${shown(place)} as ${path}: expected ${expected}`,
    ...more,
  });
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params.additionalProperty);
      return unknownField(name, schema, place, path);
    }
    case 'required':
      return {
        code: ProblemCode.MissingField,
        offset: firstKey(place),
        message: `Cannot use ${path === '' ? 'the document' : path}: field ${quote(String(params.missingProperty))} is missing`,
        remedy: `Add "${String(params.missingProperty)}".`,
      };
    case 'type':
      return wrongType(String(params.type), place, path);
    case 'enum':
      return wrongName((params.allowedValues as string[] | undefined) ?? [], place, path);
    case 'minimum':
      return value(`${String(params.limit)} or more`);
    case 'format':
      return value(
        params.format === 'date-time' ? 'a time such as 2026-01-31T12:00:00Z' : 'an integer of 32 bits',
      );
    case 'maxItems': {
      const limit = Number(params.limit);
      return {
        code: ProblemCode.Value,
        offset: place.items?.[limit]?.node.offset ?? offset,
        message: `Cannot use ${place.items?.length ?? 0} items as ${path}: expected at most ${limit}`,
      };
    }
    case 'maxLength':
      return value(`at most ${String(params.limit)} characters`);
    case 'pattern':
      return value('letters, digits, "-", "_" and ".", with a letter or digit at both ends');
    default:
      return {
        code: ProblemCode.Rule,
        offset: fieldOf(place, params.fieldPath)?.keyOffset ?? firstKey(place),
        message: `Cannot use ${path === '' ? 'the document' : path}: ${error.message ?? ''}`,
      };
  }
}

function unknownField(name: string, schema: CrdSchema, place: Place, path: string): Wording {
  const known = Object.keys(schema.properties ?? {});
  const where = path === '' ? 'the document' : path;
  const removed = known.includes('action') ? removedFields.get(name) : undefined;
  return {
    code: ProblemCode.UnknownField,
    offset: place.fields?.get(name)?.keyOffset ?? place.node.offset,
    message: `Cannot use field ${quote(name)} in ${where}: ${removed?.reason ?? 'no such field'}`,
    ...(removed === undefined
      ? suggest(name, known, `Its fields are ${alternatives(known).replace(/ or (?=[^ ]*$)/, ' and ')}.`)
      : { remedy: removed.remedy }),
  };
}

function wrongName(names: readonly string[], place: Place, path: string): Wording {
  const name = String(place.data);
  const wording = { code: ProblemCode.Value, offset: place.node.offset };
  const removed = removedActions.get(name);
  if (removed !== undefined)
    return {
      ...wording,
      message: `Cannot use ${quote(name)} as ${path}: ${removed.reason}`,
      remedy: removed.remedy,
    };
  const suggestion = suggest(name, names);
  const expected = suggestion.remedy === undefined ? `expected ${alternatives(names)}` : 'no such name';
  return { ...wording, message: `Cannot use ${shown(place)} as ${path}: ${expected}`, ...suggestion };
}

const TYPE_NAMES: Record<string, string> = {
  object: 'a mapping',
  array: 'a sequence',
  string: 'a text',
  integer: 'an integer',
  boolean: 'true or false',
};

function wrongType(type: string, place: Place, path: string): Wording {
  const { node } = place;
  const wording = {
    code: ProblemCode.Value,
    offset: node.kind === 'scalar' && node.value === null ? (place.keyOffset ?? node.offset) : node.offset,
    message: `Cannot use ${shown(place)} as ${path === '' ? 'the document' : path}: expected ${TYPE_NAMES[type] ?? type}`,
  };
  if (node.kind !== 'scalar' || node.value === null) return wording;
  if (type === 'string') return { ...wording, remedy: `Put it in quotes: ${quote(node.text)}.` };
  const bare = type === 'integer' ? /^-?\d+$/.test(node.text) : /^(true|false)$/.test(node.text);
  const quoted = typeof node.value === 'string' && (type === 'integer' || type === 'boolean') && bare;
  return quoted ? { ...wording, remedy: `Write it without quotes: ${node.text}.` } : wording;
}

/** The value as the message names it: what is not a text also says what it was read as. */
function shown({ node }: Place): string {
  if (node.kind !== 'scalar') return node.kind === 'mapping' ? 'a mapping' : 'a sequence';
  return readAs(node.text, node.value);
}

function readAs(text: string, value: ScalarValue): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'boolean':
      return text === String(value) ? text : `${text}, which YAML reads as ${value},`;
    case 'bigint':
      return text === String(value) ? text : `${text}, which YAML reads as ${value},`;
    case 'number':
      return text;
    default:
      return text === '' ? 'nothing' : text;
  }
}

/** The part that a rule names as `.spec.hostSelector`. */
function fieldOf(place: Place, fieldPath: unknown): Place | undefined {
  if (typeof fieldPath !== 'string') return undefined;
  const way = followPointer(place, fieldPath.replaceAll('.', '/'));
  return way.length > 1 ? way.at(-1) : undefined;
}

/** What a mapping begins with, so that the caret stands under a word. */
function firstKey(place: Place): number {
  const [first] = place.node.kind === 'mapping' ? place.node.entries.values() : [];
  return first?.keyOffset ?? place.keyOffset ?? place.node.offset;
}
