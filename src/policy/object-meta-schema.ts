// SPDX-License-Identifier: Apache-2.0
import type { CrdSchema } from './crd.ts';

const text: CrdSchema = { type: 'string', nullable: true, coerced: true };
const flag: CrdSchema = { type: 'boolean', nullable: true };
const count: CrdSchema = { type: 'integer', format: 'int64', nullable: true };
const texts: CrdSchema = { type: 'array', items: text, nullable: true };
const textMap: CrdSchema = { type: 'object', additionalProperties: text, nullable: true };
const time: CrdSchema = { type: 'string', format: 'date-time', nullable: true };

/** Kubernetes' ObjectMeta (apimachinery, meta/v1), as a cluster prints it with an object. */
export const objectMeta: CrdSchema = {
  type: 'object',
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: text,
    resourceVersion: text,
    generation: { ...count, minimum: 0 },
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: count,
    labels: textMap,
    annotations: textMap,
    ownerReferences: {
      type: 'array',
      nullable: true,
      items: {
        type: 'object',
        properties: {
          apiVersion: text,
          kind: text,
          name: text,
          uid: text,
          controller: flag,
          blockOwnerDeletion: flag,
        },
      },
    },
    finalizers: texts,
    managedFields: {
      type: 'array',
      nullable: true,
      items: {
        type: 'object',
        properties: {
          manager: text,
          operation: text,
          apiVersion: text,
          time,
          fieldsType: text,
          fieldsV1: { type: 'object', nullable: true },
          subresource: text,
        },
      },
    },
  },
};
