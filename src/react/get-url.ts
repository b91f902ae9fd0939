// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { version } from '../base/version.ts';

const REDIRECTS_MAX = 5;

/**
 * Sends a GET and reads the answer's head; the body is of no interest. Redirects within the host are followed. Returns why
 * it failed, in few words that name no part of the URL, or undefined when it was answered.
 */
export async function getUrl(text: string, signal: AbortSignal): Promise<string | undefined> {
  let url = new URL(text);
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const answer = await request(url, signal);
    if (typeof answer === 'string') return answer;
    const { status, location } = answer;
    if (status < 300 || (status === 304 && location === undefined)) return undefined;
    if (status >= 400) return `status ${status}`;
    if (location === undefined || !URL.canParse(location, url.href))
      return `status ${status} without a location`;
    const next = new URL(location, url);
    if (!isSamePlace(url, next)) return 'redirect to another place';
    url = next;
  }
  return 'too many redirects';
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

function request(url: URL, signal: AbortSignal): Promise<Answer | string> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve(signal.aborted ? 'no answer in time' : (error.code ?? error.message));
    const options = { agent: false, signal, headers: { 'user-agent': `merlon/${version}` } };
    get(url, options, (response: IncomingMessage) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
      // The rest may be endless.
      response.destroy();
    }).on('error', fail);
  });
}

/** The same host and port, or the same host by its usual ports from http to https. */
function isSamePlace(from: URL, to: URL): boolean {
  if (from.hostname !== to.hostname) return false;
  if (from.protocol === to.protocol) return from.port === to.port;
  return from.protocol === 'http:' && to.protocol === 'https:' && from.port === '' && to.port === '';
}
