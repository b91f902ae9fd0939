// SPDX-License-Identifier: Apache-2.0
/** Namespace and name: a policy that replaces another has the same. */
export function policyKey({
  namespace = '',
  name,
}: {
  namespace?: string | undefined;
  name: string;
}): string {
  return `${namespace}/${name}`;
}
