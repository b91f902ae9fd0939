// SPDX-License-Identifier: Apache-2.0
/** Small words to write the OpenAPI schema of a CustomResourceDefinition with. */

export interface Rule {
  rule: string;
  message: string;
  /** the field that it is about; Kubernetes shows it with the message */
  fieldPath?: string;
}

export interface OpenApi {
  description?: string;
  type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  properties?: Record<string, OpenApi>;
  additionalProperties?: OpenApi;
  items?: OpenApi;
  required?: string[];
  enum?: string[];
  default?: string | boolean;
  format?: 'int32' | 'int64';
  minimum?: number;
  maxItems?: number;
  maxLength?: number;
  pattern?: string;
  'x-kubernetes-validations'?: Rule[];
  'x-kubernetes-list-type'?: 'atomic';
  'x-kubernetes-map-type'?: 'atomic';
}

type More = Partial<OpenApi>;

export function text(description: string, more: More = {}): OpenApi {
  return { description, type: 'string', ...more };
}

export function oneOf(description: string, names: readonly string[], more: More = {}): OpenApi {
  return { description, type: 'string', enum: [...names], ...more };
}

export function flag(description: string, more: More = {}): OpenApi {
  return { description, type: 'boolean', ...more };
}

export function int32(description: string, more: More = {}): OpenApi {
  return { description, type: 'integer', format: 'int32', ...more };
}

export function int64(description: string, more: More = {}): OpenApi {
  return { description, type: 'integer', format: 'int64', ...more };
}

/** A position: 32 bits, not negative. */
export function position(description: string): OpenApi {
  return int32(description, { minimum: 0 });
}

export function list(description: string, items: OpenApi, more: More = {}): OpenApi {
  return { description, type: 'array', items, ...more };
}

export function texts(description: string, more: More = {}): OpenApi {
  return list(description, { type: 'string' }, more);
}

/** Fields whose names end in `!` are required. */
export function object(description: string, fields: Record<string, OpenApi>, more: More = {}): OpenApi {
  const properties: Record<string, OpenApi> = {};
  const required: string[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const name = key.replace(/!$/, '');
    properties[name] = field;
    if (name !== key) required.push(name);
  }
  return { description, type: 'object', ...(required.length > 0 && { required }), properties, ...more };
}
