// SPDX-License-Identifier: Apache-2.0
import type { OpenApi } from './openapi.ts';
import { list, object, oneOf, text, texts } from './openapi.ts';

const VALUE_PATTERN = '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$';
const ATOMIC_LIST = { 'x-kubernetes-list-type': 'atomic' } as const;

/** A selector over labels, in the form that Kubernetes has. */
export function labelSelector(description: string, more: Partial<OpenApi> = {}): OpenApi {
  return object(
    description,
    {
      matchExpressions: list(
        'Conditions that must all hold.',
        object('A condition on one label.', {
          'key!': text('Name of the label.'),
          'operator!': oneOf('How the label is compared.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
          values: texts('Values for In and NotIn.', ATOMIC_LIST),
        }),
        ATOMIC_LIST,
      ),
      matchLabels: {
        description: 'Labels that must have exactly these values.',
        type: 'object',
        additionalProperties: { type: 'string', maxLength: 63, pattern: VALUE_PATTERN },
      },
    },
    { 'x-kubernetes-map-type': 'atomic', ...more },
  );
}

/** The three selectors that say where a policy, or one selector of a hook, applies. */
export function workloadSelectors(): { pods: OpenApi; containers: OpenApi; host: OpenApi } {
  return {
    pods: labelSelector('Pods by their labels; the namespace is "k8s:io.kubernetes.pod.namespace".'),
    containers: labelSelector('Containers by their "name" and the "repo" of their image.'),
    host: labelSelector('{} stands for the processes of the host that are in no pod.', {
      'x-kubernetes-validations': [
        {
          rule: '!has(self.matchLabels) && !has(self.matchExpressions)',
          message: 'hostSelector takes no labels: it is {} or absent',
        },
      ],
    }),
  };
}
