// SPDX-License-Identifier: Apache-2.0
import type { Section } from './feature.ts';
import { optionsTable } from './tables.ts';

/** What stands beside the hooks. */
export const POLICY: Section = {
  title: 'The policy',
  intro:
    'A policy is a YAML document of the kind `TracingPolicy` or `TracingPolicyNamespaced`, `cilium.io/v1alpha1`. A file may hold ' +
    'several. `merlon policy check FILE` finds its mistakes without a kernel; `merlon run --policy FILE` puts it in force. ' +
    'Fields that are not listed here are refused.',
  parts: ['spec', 'list', 'option', 'labels', 'expression', 'enforcer'],
  features: [
    {
      title: 'Several kinds of hooks',
      covers: ['spec.kprobes', 'spec.tracepoints'],
      text: 'A policy may have hooks of every kind.',
      examples: ['policy-several-kinds'],
      tetragon: 'refuses more than one kind in a policy.',
    },
    {
      title: 'Lists',
      covers: ['spec.lists', 'list.name', 'list.values', 'list.type=syscalls', 'list.validated'],
      text:
        'A list holds names of functions, or with `type: syscalls` of system calls. `call: list:NAME` hooks each of them, ' +
        '`values: ["list:NAME"]` compares the number of a system call with all of them (`InMap` and `NotInMap` on `syscall64`). ' +
        '`validated` is accepted and changes nothing: names are always checked.',
      examples: ['list-syscalls', 'list-functions', 'list-in-filter'],
    },
    {
      title: 'Lists that the agent fills',
      covers: ['list.type=generated_syscalls', 'list.type=generated_ftrace', 'list.pattern'],
      text:
        '`generated_syscalls` holds every system call of this kernel, `generated_ftrace` every function of it whose name the ' +
        'regular expression `pattern` accepts.',
      examples: ['list-generated-syscalls', 'list-generated-functions'],
    },
    {
      title: 'Macros',
      covers: ['spec.selectorsMacros', 'selector.macros'],
      text:
        'Conditions and actions with a name, which selectors take over by it. They are joined with those of the selector; the ' +
        'same kind of condition cannot stand in both. Macros do not nest.',
      examples: ['selector-macros'],
    },
    {
      title: 'Options',
      covers: ['spec.options', 'option.name', 'option.value'],
      text:
        'Settings of the policy. They are checked; as long as no action enforces anything, none of them changes what a policy ' +
        'reports. Merlon has no use for the choices of how hooks are attached, since it has one program for a hook.',
      table: optionsTable,
      examples: ['policy-options'],
      tetragon: 'takes unknown names and ignores them.',
    },
    {
      title: 'The annotation merlon.dev/on-unreadable',
      covers: [],
      text:
        'What a condition means when the value that it compares cannot be read (the memory is not there at this moment). By ' +
        'default the policy matches, and the event names the values in `merlon.unreadable`; with `no-match` it does not. Actions that ' +
        'deny or signal are carried out for such a hit only with `match`, or when it is a path that is too long to be read; else ' +
        'the event has the rung `none`. A null ' +
        'pointer and a descriptor that is not open are no such case: they are in no set.',
      examples: ['policy-on-unreadable'],
      tetragon: 'has no such choice; what it cannot read does not match, or is compared as empty.',
    },
    {
      title: 'The annotation merlon.dev/accept-weaker',
      covers: [],
      text:
        'A policy whose Override this kernel cannot carry out is refused, with the reason and what to do. With "true" it is loaded ' +
        'with the actions that are left: the event of such a rule has the rung `signal`, or `none` when it only observes.',
      examples: ['policy-accept-weaker'],
      tetragon: 'has no such choice; it refuses the policy.',
    },
    {
      title: 'The annotation merlon.dev/match-inode',
      covers: [],
      text:
        'With `"true"`, a path that `Equal` or `NotEqual` compares with a file, path, dentry or descriptor also stands for the file ' +
        'that it leads to (symbolic links followed) when the set of policies last changed, by device and inode: under a hard link, ' +
        'another name, a bind mount or in a chroot. What takes its place later is known by its path, and by its inode from the next ' +
        'change of the set on. Until then a new file can get the inode of one that was removed. Files on btrfs are refused: its ' +
        'subvolumes share numbers.',
      examples: ['policy-match-inode'],
      tetragon: 'has no such choice.',
    },
    {
      title: 'Policies for workloads',
      covers: [
        ...['spec.podSelector', 'spec.containerSelector', 'spec.hostSelector', 'spec.nodeSelector'],
        ...['labels.matchLabels', 'labels.matchExpressions'],
      ],
      text:
        'Which pods, containers and nodes a policy is for, by their labels; `hostSelector: {}` is the processes of the host that ' +
        'are in no pod. They are checked, and a policy that has them is not put in force while Kubernetes is not on: it ' +
        'would watch more than it says.',
      examples: ['policy-namespaced', 'policy-host', 'policy-nodes'],
    },
    {
      title: 'Enforcers',
      covers: ['spec.enforcers', 'enforcer.calls'],
      text: 'Calls that the action `NotifyEnforcer` of another hook acts upon.',
      examples: ['hook-enforcers'],
    },
  ],
};
