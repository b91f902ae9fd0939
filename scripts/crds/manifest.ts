// SPDX-License-Identifier: Apache-2.0
import { enforcers, functions, lists, lsmHooks, tracepoints, uprobes, usdts } from './hooks.ts';
import type { OpenApi } from './openapi.ts';
import { flag, list, object, text } from './openapi.ts';
import { selector } from './selector.ts';
import { labelSelector, workloadSelectors } from './workload.ts';

/** A CustomResourceDefinition with the file it is written to. */
export interface Manifest {
  file: string;
  document: object;
}

interface Kind {
  kind: string;
  plural: string;
  shortName: string;
  scope: 'Cluster' | 'Namespaced';
  description: string;
  rules?: OpenApi['x-kubernetes-validations'];
}

const KINDS: Kind[] = [
  {
    kind: 'TracingPolicy',
    plural: 'tracingpolicies',
    shortName: 'tgtp',
    scope: 'Cluster',
    description: 'What to watch, and what to do, on every node and in every namespace.',
  },
  {
    kind: 'TracingPolicyNamespaced',
    plural: 'tracingpoliciesnamespaced',
    shortName: 'tgtpn',
    scope: 'Namespaced',
    description: 'What to watch, and what to do, in the pods of one namespace.',
    rules: [
      {
        rule: '!has(self.spec.hostSelector)',
        message: 'a TracingPolicyNamespaced applies to pods of its namespace, so it has no hostSelector',
        fieldPath: '.spec.hostSelector',
      },
    ],
  },
];

export function manifests(): Manifest[] {
  return KINDS.map((kind) => ({ file: `cilium.io_${kind.plural}.yaml`, document: manifest(kind) }));
}

function manifest({ kind, plural, shortName, scope, description, rules }: Kind): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.cilium.io` },
    spec: {
      group: 'cilium.io',
      names: {
        categories: ['tetragon'],
        kind,
        listKind: `${kind}List`,
        plural,
        shortNames: [shortName],
        singular: kind.toLowerCase(),
      },
      scope,
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: root(description, rules) },
        },
      ],
    },
  };
}

function root(description: string, rules: Kind['rules']): OpenApi {
  return object(
    description,
    {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      'metadata!': { type: 'object' },
      'spec!': spec(),
    },
    rules === undefined ? {} : { 'x-kubernetes-validations': rules },
  );
}

function spec(): OpenApi {
  const { pods, containers, host } = workloadSelectors();
  return object('The policy.', {
    kprobes: functions('Functions of the kernel.'),
    fentries: functions('Functions of the kernel, by their fentry and fexit points.'),
    tracepoints: tracepoints(),
    lsmhooks: lsmHooks(),
    uprobes: uprobes(),
    usdts: usdts(),
    loader: flag('Report each ELF file that is mapped to be executed.'),
    lists: lists(),
    selectorsMacros: {
      description: 'Conditions by name, for the "macros" of selectors.',
      type: 'object',
      additionalProperties: selector('Conditions and actions; no macros.'),
    },
    enforcers: enforcers(),
    podSelector: pods,
    containerSelector: containers,
    hostSelector: host,
    nodeSelector: labelSelector('Nodes, by their labels, that load the policy.'),
    options: list(
      'Settings of the policy.',
      object('A setting.', {
        'name!': text('Its name, such as policy-mode.'),
        value: text('Its value.'),
      }),
    ),
  });
}
