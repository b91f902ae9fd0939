// SPDX-License-Identifier: Apache-2.0
import { Resolver } from 'node:dns/promises';

/** Answers that say that the name has no address of this kind: the question was heard. */
const HEARD: readonly unknown[] = ['ENODATA'];

/**
 * Asks for the addresses of a name, by IPv4 and IPv6, of the name servers that /etc/resolv.conf has or of `servers`. Returns
 * why it failed, or undefined when it was answered.
 */
export async function lookUpName(
  name: string,
  signal: AbortSignal,
  servers?: readonly string[],
): Promise<string | undefined> {
  const resolver = new Resolver({ tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const codes = answers.map((answer) =>
      answer.status === 'fulfilled' ? 'ENODATA' : (answer.reason as NodeJS.ErrnoException).code,
    );
    if (codes.some((code) => HEARD.includes(code))) return undefined;
    return signal.aborted ? 'no answer in time' : (codes[0] ?? 'unknown');
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
