// SPDX-License-Identifier: Apache-2.0
import type { Section } from './feature.ts';

/** Who and what a policy is about. */
export const SELECTORS: Section = {
  title: 'Selectors',
  intro:
    'A hook has any number of selectors; without one, everything matches. In a selector all conditions must hold. The first ' +
    'selector of a policy that matches decides what is done. There is no limit to selectors and values, and their number changes ' +
    'little of what an event costs.',
  parts: [
    ...['selector', 'pids', 'values', 'binaries', 'namespaces', 'namespaceChanges', 'capabilities'],
    'workloads',
  ],
  features: [
    {
      title: 'matchArgs',
      covers: ['selector.matchArgs', 'values.index', 'values.args', 'selector.label'],
      text:
        'Conditions on arguments. `index` is the position in the function; `args` the place in the policy’s list, which tells ' +
        'entries of the same index apart. `label` names the selector.',
      examples: ['selector-args'],
      tetragon: 'takes five selectors with five such conditions and four values each.',
    },
    {
      title: 'matchData',
      covers: ['selector.matchData', 'function.data'],
      text: 'The same for `data`, where `index` is the place in the list.',
      examples: ['selector-data'],
    },
    {
      title: 'matchReturnArgs, matchReturnActions',
      covers: ['selector.matchReturnArgs', 'selector.matchReturnActions'],
      text: 'A condition on what the function returns, and what is then done.',
      examples: ['selector-return'],
    },
    {
      title: 'matchPIDs',
      covers: [
        'selector.matchPIDs',
        'pids.operator=In',
        'pids.operator=NotIn',
        'pids.isNamespacePID',
        'pids.followForks',
      ],
      text:
        'Process ids: those of the host, or with `isNamespacePID` those inside the process’s pid namespace. With `followForks` ' +
        'descendants count too, also those of processes that were there before the policy.',
      examples: ['selector-pids-in', 'selector-pids', 'selector-pids-follow'],
      tetragon: 'takes four ids.',
    },
    {
      title: 'matchBinaries',
      covers: [
        ...['In', 'NotIn', 'Prefix', 'NotPrefix', 'Postfix', 'NotPostfix'].map(
          (name) => `binaries.operator=${name}`,
        ),
        'selector.matchBinaries',
      ],
      text:
        'The file that the process executes. For a script this is its interpreter. What is compared is the path that the ' +
        'kernel has, without symbolic links.',
      examples: [
        ...[
          'selector-binaries',
          'selector-binaries-not',
          'selector-binaries-prefix',
          'selector-binaries-not-prefix',
        ],
        ...['selector-binaries-postfix', 'selector-binaries-not-postfix'],
      ],
    },
    {
      title: 'matchBinaries with followChildren',
      covers: ['binaries.followChildren'],
      text: 'Whatever such a process has started counts as well, at any depth and without a limit.',
      examples: ['selector-binaries-children'],
      tetragon: 'follows at most 64 such conditions at a time.',
    },
    {
      title: 'matchParentBinaries',
      covers: ['selector.matchParentBinaries'],
      text: 'The same for the file that the parent executed when it started the process.',
      examples: [
        ...['selector-parent', 'selector-parent-not', 'selector-parent-text', 'selector-parent-not-text'],
        ...['selector-parent-not-prefix', 'selector-parent-children'],
      ],
      tetragon: 'needs `--parents-map-enabled`.',
    },
    {
      title: 'matchNamespaces',
      covers: ['selector.matchNamespaces'],
      text:
        'Namespaces of the process, by their inode numbers or as `host_ns`, those of the host’s first process. ' +
        '`readlink /proc/PID/ns/uts` shows a number.',
      examples: ['selector-namespaces', 'selector-namespaces-host'],
    },
    {
      title: 'matchNamespaceChanges',
      covers: ['selector.matchNamespaceChanges', 'namespaceChanges.operator', 'namespaceChanges.values'],
      text: 'Namespaces that are not those of the process’s last execve any more.',
      examples: ['selector-namespace-changes', 'selector-namespace-changes-not'],
    },
    {
      title: 'matchCapabilities',
      covers: ['selector.matchCapabilities', 'capabilities.type', 'capabilities.isNamespaceCapability'],
      text: 'Capabilities in one of the process’s sets; one of the values is enough.',
      examples: ['selector-capabilities', 'selector-capabilities-not', 'selector-capabilities-namespace'],
    },
    {
      title: 'matchCapabilityChanges',
      covers: ['selector.matchCapabilityChanges'],
      text: 'Capabilities that the process has gained or lost since its last execve.',
      examples: [
        'selector-capability-changes',
        'selector-capability-changes-not',
        'selector-capability-changes-namespace',
      ],
    },
    {
      title: 'matchWorkloads',
      covers: [
        'selector.matchWorkloads',
        'workloads.podSelector',
        'workloads.containerSelector',
        'workloads.hostSelector',
      ],
      text: 'Where the process runs, for one selector.',
      examples: ['selector-workloads'],
    },
  ],
};
