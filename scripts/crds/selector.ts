// SPDX-License-Identifier: Apache-2.0
import { actions } from './action.ts';
import type { OpenApi } from './openapi.ts';
import { flag, list, object, oneOf, position, text, texts } from './openapi.ts';
import { workloadSelectors } from './workload.ts';

/** The last two are spellings of Tetragon's documentation that its own schema lacks. */
const VALUE_OPERATORS = [
  ...['Equal', 'NotEqual', 'Prefix', 'NotPrefix', 'Postfix', 'NotPostfix', 'GreaterThan', 'LessThan', 'GT'],
  ...['LT', 'Mask', 'SPort', 'NotSPort', 'SPortPriv', 'NotSportPriv', 'DPort', 'NotDPort', 'DPortPriv'],
  ...['NotDPortPriv', 'SAddr', 'NotSAddr', 'DAddr', 'NotDAddr', 'Protocol', 'Family', 'State', 'InMap'],
  ...['NotInMap', 'CapabilitiesGained', 'InRange', 'NotInRange', 'SubString', 'SubStringIgnCase', 'CelExpr'],
  ...['FileType', 'NotFileType', 'NotSPortPriv', 'SubStringIgnoreCase'],
];
const NAMESPACES = [
  ...['Uts', 'Ipc', 'Mnt', 'Pid', 'PidForChildren', 'Net', 'Time', 'TimeForChildren', 'Cgroup', 'User'],
];

function inOrNot(): OpenApi {
  return oneOf('Whether the process is one of the values.', ['In', 'NotIn']);
}

function values(description: string): OpenApi {
  return list(
    description,
    object('A condition on one value.', {
      index: position('The value by its position in the function; in matchData by its position in "data".'),
      args: list('The values by their position in this file; goes before "index".', {
        type: 'integer',
        format: 'int32',
        minimum: 0,
      }),
      'operator!': oneOf('How the value is compared.', VALUE_OPERATORS),
      values: texts('What it is compared with; one of them is enough.'),
    }),
  );
}

function binaries(description: string): OpenApi {
  return list(
    description,
    object('A condition on the path of an executable.', {
      'operator!': oneOf('How the path is compared.', [
        ...['In', 'NotIn', 'Prefix', 'NotPrefix', 'Postfix', 'NotPostfix'],
      ]),
      'values!': texts('Paths, or their beginnings or ends.'),
      followChildren: flag('All descendants of such a process count as well.', { default: false }),
    }),
    { maxItems: 1 },
  );
}

function capabilities(description: string): OpenApi {
  return list(
    description,
    object('A condition on one set of capabilities.', {
      type: oneOf('The set.', ['Effective', 'Inheritable', 'Permitted'], { default: 'Effective' }),
      'operator!': inOrNot(),
      'values!': texts('Names such as CAP_SYS_ADMIN; one of them is enough.'),
      isNamespaceCapability: flag('Only processes outside the user namespace of the host count.', {
        default: false,
      }),
    }),
  );
}

/** Conditions that must all hold, and what is then done. */
export function selector(description: string): OpenApi {
  const { pods, containers, host } = workloadSelectors();
  return object(description, {
    label: text('Name of the selector in status and metrics.'),
    macros: texts('Names from spec.selectorsMacros; their conditions are added to this selector.'),
    matchPIDs: list(
      'Conditions on the process id.',
      object('A condition on the process id.', {
        'operator!': inOrNot(),
        'values!': list('Process ids.', { type: 'integer', format: 'int32' }),
        isNamespacePID: flag('Ids are those inside the pid namespace of the process.', { default: false }),
        followForks: flag('Descendants of such a process count as well.', { default: false }),
      }),
    ),
    matchArgs: values('Conditions on arguments.'),
    matchData: values('Conditions on items of "data".'),
    matchReturnArgs: values('Conditions on the value that is returned.'),
    matchBinaries: binaries('Condition on the executable of the process.'),
    matchParentBinaries: binaries('Condition on the executable of the parent.'),
    matchNamespaces: list(
      'Conditions on namespaces.',
      object('A condition on one namespace.', {
        'namespace!': oneOf('The namespace.', NAMESPACES),
        'operator!': inOrNot(),
        'values!': texts('Inode numbers, or host_ns.'),
      }),
    ),
    matchNamespaceChanges: list(
      'Conditions on namespaces that are not those of the execve any more.',
      object('A condition on changed namespaces.', {
        'operator!': inOrNot(),
        'values!': texts('Names of namespaces.'),
      }),
    ),
    matchCapabilities: capabilities('Conditions on capabilities.'),
    matchCapabilityChanges: capabilities(
      'Conditions on capabilities that are not those of the execve any more.',
    ),
    matchWorkloads: object('Conditions on where the process runs.', {
      podSelector: pods,
      containerSelector: containers,
      hostSelector: host,
    }),
    matchActions: actions('What is done on a match; without any, an event is sent.'),
    matchReturnActions: actions('What is done when the function returns and matchReturnArgs holds.'),
  });
}
