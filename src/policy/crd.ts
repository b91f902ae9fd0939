// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { objectMeta } from './object-meta-schema.ts';

/** deploy/crds/ is the only place where the schema is written; kubectl and this agent read the same files. */
const FILES = {
  TracingPolicy: 'cilium.io_tracingpolicies.yaml',
  TracingPolicyNamespaced: 'cilium.io_tracingpoliciesnamespaced.yaml',
} as const;

export type PolicyKind = keyof typeof FILES;
export const POLICY_KINDS = Object.keys(FILES) as PolicyKind[];
export const API_VERSION = 'cilium.io/v1alpha1';

/** What a CustomResourceDefinition's OpenAPI schema consists of here. */
export interface CrdSchema {
  readonly description?: string;
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly additionalProperties?: CrdSchema;
  readonly items?: CrdSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
  /** of ours, for `metadata`: null counts as absent */
  readonly nullable?: boolean;
  /** of ours, for `metadata`: numbers and booleans are taken as texts */
  readonly coerced?: boolean;
}

/** A CEL expression over `self`, and what it means when it is false. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** the field that it is about, such as `.return` */
  readonly fieldPath?: string;
}

interface Manifest {
  spec: { versions: { schema: { openAPIV3Schema: CrdSchema } }[] };
}

const loaded = new Map<PolicyKind, CrdSchema>();

/** The schema of a kind. `metadata`, which a CRD must leave to Kubernetes, has the fields that Kubernetes gives it. */
export function crdSchema(kind: PolicyKind): CrdSchema {
  const known = loaded.get(kind);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../../deploy/crds/${FILES[kind]}`, import.meta.url), 'utf8');
  const root = (load(text) as Manifest).spec.versions[0]?.schema.openAPIV3Schema;
  if (root === undefined) throw new Error(`deploy/crds/${FILES[kind]} has no version`);
  const schema = { ...root, properties: { ...root.properties, metadata: objectMeta } };
  loaded.set(kind, schema);
  return schema;
}
