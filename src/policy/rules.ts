// SPDX-License-Identifier: Apache-2.0
import type { CelInput } from '@bufbuild/cel';
import { celEnv, parse, plan } from '@bufbuild/cel';
import type { KeywordDefinition, SchemaValidateFunction } from 'ajv';
import type { Rule } from './crd.ts';

type Check = (self: CelInput) => boolean;

const environment = celEnv();
const planned = new Map<string, Check>();

/** A rule as a function of `self`. One that meets a part of another type holds: the schema refuses that part. */
function planRule(rule: string): Check {
  const known = planned.get(rule);
  if (known !== undefined) return known;
  const evaluate = plan(environment, parse(rule));
  const check: Check = (self) => evaluate({ self }) !== false;
  planned.set(rule, check);
  return check;
}

/** Data of a document as CEL sees it: mappings are maps, integers are int. */
function toCel(data: unknown): CelInput {
  if (typeof data === 'number') return Number.isInteger(data) ? BigInt(data) : data;
  if (Array.isArray(data)) return data.map(toCel);
  if (typeof data === 'object' && data !== null)
    return new Map(Object.entries(data).map(([name, value]) => [name, toCel(value)]));
  return data as string | boolean | null;
}

const validate: SchemaValidateFunction = (rules: readonly Rule[], data: unknown) => {
  const self = toCel(data);
  const broken = rules.filter(({ rule }) => !planRule(rule)(self));
  validate.errors = broken.map(({ message, fieldPath }) => ({
    keyword: 'x-kubernetes-validations',
    message,
    params: { fieldPath },
  }));
  return broken.length === 0;
};

/** Kubernetes' keyword for rules between fields. */
export const rulesKeyword: KeywordDefinition = {
  keyword: 'x-kubernetes-validations',
  type: 'object',
  schemaType: 'array',
  validate,
  errors: true,
};
