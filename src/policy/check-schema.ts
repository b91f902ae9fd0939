// SPDX-License-Identifier: Apache-2.0
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import type { PolicyKind } from './crd.ts';
import { crdSchema } from './crd.ts';
import { toJsonSchema } from './json-schema.ts';
import type { Place } from './place.ts';
import { markFlaw } from './place.ts';
import type { OnProblem } from './problem.ts';
import { rulesKeyword } from './rules.ts';
import { describeSchemaError } from './schema-message.ts';
import type { SourceText } from './source-text.ts';

const INT32 = { type: 'number', validate: (value: number) => value === (value | 0) } as const;
/** The range of 64 bits is checked where the number is still exact. */
const INT64 = { type: 'number', validate: () => true } as const;
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const TIME = (value: string): boolean => RFC3339.test(value) && !Number.isNaN(Date.parse(value));

const compiled = new Map<PolicyKind, ValidateFunction>();

function validator(kind: PolicyKind): ValidateFunction {
  const known = compiled.get(kind);
  if (known !== undefined) return known;
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    keywords: [rulesKeyword],
    formats: { int32: INT32, int64: INT64, 'date-time': TIME },
  });
  const validate = ajv.compile(toJsonSchema(crdSchema(kind)));
  compiled.set(kind, validate);
  return validate;
}

/**
 * Checks a document against the CRD of its kind and its rules, adds the defaults to its data, and marks the places that
 * have a problem.
 */
export function checkSchema(kind: PolicyKind, root: Place, source: SourceText, onProblem: OnProblem): void {
  const validate = validator(kind);
  if (validate(root.data)) return;
  for (const error of relevant(validate.errors ?? [])) {
    const { problem, way } = describeSchemaError(error, root, source);
    markFlaw(way);
    onProblem(problem);
  }
}

/** Without those that only follow from a value of another type, or say of a long text that it is no name either. */
function relevant(errors: readonly ErrorObject[]): ErrorObject[] {
  const places = (...keywords: string[]): Set<string> =>
    new Set(
      errors.filter(({ keyword }) => keywords.includes(keyword)).map(({ instancePath }) => instancePath),
    );
  const wrongType = places('type');
  const tooLong = places('maxLength');
  return errors.filter(({ keyword, instancePath }) => {
    if (keyword === 'type') return true;
    return !wrongType.has(instancePath) && !(keyword === 'pattern' && tooLong.has(instancePath));
  });
}
