// SPDX-License-Identifier: Apache-2.0

/**
 * Whether a variable is one that the kubelet adds to a container for a Service (`NAME_SERVICE_HOST`, `NAME_PORT`,
 * `NAME_PORT_443_TCP` …). A Service whose name begins with "merlon" would otherwise look like an unknown setting and keep
 * the agent from starting. Such variables always come together, so `NAME_SERVICE_HOST` must be there too.
 */
export function isServiceVariable(variable: string, env: NodeJS.ProcessEnv): boolean {
  for (const match of variable.matchAll(/_(SERVICE|PORT)(?=_|$)/g)) {
    const service = variable.slice(0, match.index);
    if (Object.hasOwn(env, `${service}_SERVICE_HOST`)) return true;
  }
  return false;
}
