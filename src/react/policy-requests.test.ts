// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Hook, HookPolicy, HookRequest } from '../events/hook.ts';
import { hookRecord } from '../events/testing.ts';
import type { PolicyRequestsParts } from './policy-requests.ts';
import { PolicyRequests } from './policy-requests.ts';
import { DnsResponder } from './testing.ts';

const TIMEOUT_MS = 400;

function policyOf(name: string, firstRule: number, rules: HookRequest[][], namespace?: string): HookPolicy {
  return {
    ...{ name, namespace, message: '', tags: [], firstRule, args: [], data: [], returnValue: undefined },
    rules: rules.map((requests) => ({
      ...{ label: undefined, action: 'POST', returnAction: undefined },
      ...{ kernelStack: false, userStack: false, imaHash: false, requests },
    })),
  };
}

/** Tries again and again until it holds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 500, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('requests of policies', () => {
  let server: Server;
  let dns: DnsResponder;
  let base = '';
  let seen: string[] = [];
  let logged: string[] = [];
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  let requests: PolicyRequests;

  before(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      respond(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    dns = await DnsResponder.start((name) =>
      name.startsWith('silent') ? 'silence' : name.startsWith('unknown') ? 'unknown' : [192, 0, 2, 1],
    );
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    dns.close();
  });
  beforeEach(() => {
    seen = [];
    logged = [];
    dns.questions.length = 0;
    respond = (_, response) => response.end('ok');
  });
  afterEach(() => requests.close());

  function start(policies: HookPolicy[], more: Partial<PolicyRequestsParts> = {}): void {
    const hook: Hook = {
      id: 1,
      target: { kind: 'kprobe', functionName: 'f' },
      values: [],
      policies,
    };
    requests = new PolicyRequests({
      findHook: (_, id) => (id === 1 ? hook : undefined),
      logOnce: { warn: (cause) => logged.push(cause) },
      timeoutMs: TIMEOUT_MS,
      servers: [dns.server],
      ...more,
    });
  }

  const url = (path: string): HookRequest => ({ kind: 'url', url: base + path });
  const name = (text: string): HookRequest => ({ kind: 'dns', name: text });
  const settled = (): boolean => requests.stats.answered + requests.stats.failed > 0;

  test('an event sends those of its rule, not of others', async () => {
    start([policyOf('p', 0, [[url('/no')], [url('/one'), url('/two')]]), policyOf('q', 2, [[url('/no')]])]);
    requests.see(hookRecord({ rules: [1] }));
    await until('both', () => requests.stats.answered === 2);
    assert.deepEqual(seen, ['GET /one', 'GET /two']);
  });

  test('each policy of the record has its own', async () => {
    start([policyOf('p', 0, [[url('/p')]]), policyOf('q', 1, [[url('/q')]])]);
    requests.see(hookRecord({ rules: [0, 1] }));
    await until('both', () => requests.stats.answered === 2);
    assert.deepEqual(seen.toSorted(), ['GET /p', 'GET /q']);
  });

  test('an unknown hook and an event of the agent itself ask for nothing', async () => {
    start([policyOf('p', 0, [[url('/no')]])]);
    requests.see(hookRecord({ hook: 2 }));
    requests.see(hookRecord({ tgid: process.pid }));
    requests.see(hookRecord({}));
    await until('the third', settled);
    assert.deepEqual(seen, ['GET /no']);
  });

  test('one at a time for each policy; what is too much is dropped, counted and said once', async () => {
    const held: ServerResponse[] = [];
    respond = (_, response) => held.push(response);
    start([policyOf('p', 0, [[url('/')]])], { timeoutMs: 60_000 });
    for (let event = 0; event < 70; event++) requests.see(hookRecord({}));
    await until('the first', () => held.length === 1);
    assert.equal(seen.length, 1);
    assert.equal(requests.stats.dropped, 70 - 1 - 64);
    assert.deepEqual([...new Set(logged)], ['requests-dropped:p']);
    respond = (_, response) => response.end();
    held[0]?.end();
    await until('the rest', () => requests.stats.answered === 65);
  });

  test('redirects within the host are followed', async () => {
    respond = (request, response) =>
      request.url === '/from' ? response.writeHead(302, { location: '/to' }).end() : response.end();
    start([policyOf('p', 0, [[url('/from')]])]);
    requests.see(hookRecord({}));
    await until('the answer', settled);
    assert.deepEqual(seen, ['GET /from', 'GET /to']);
    assert.equal(requests.stats.answered, 1);
  });

  for (const [what, location] of [
    ['another host', 'http://localhost:1/'],
    ['another port', 'http://127.0.0.1:1/'],
    ['another protocol', 'file:///etc/passwd'],
  ] as const)
    test(`a redirect to ${what} is not followed`, async () => {
      respond = (_, response) => response.writeHead(301, { location }).end();
      start([policyOf('p', 0, [[url('/')]], 'n')]);
      requests.see(hookRecord({}));
      await until('the answer', settled);
      assert.deepEqual(logged, ['request:n/p:GetUrl:redirect to another place']);
    });

  test('redirects without an end are given up', async () => {
    respond = (_, response) => response.writeHead(302, { location: '/' }).end();
    start([policyOf('p', 0, [[url('/')]])]);
    requests.see(hookRecord({}));
    await until('the answer', settled);
    assert.deepEqual(logged, ['request:p:GetUrl:too many redirects']);
    assert.equal(seen.length, 6);
  });

  test('failures are told apart and do not stop the next request', async () => {
    respond = (request, response) =>
      request.url === '/silent' ? undefined : response.writeHead(request.url === '/bad' ? 500 : 200).end();
    const refused: HookRequest = { kind: 'url', url: 'http://127.0.0.1:1/' };
    start([policyOf('p', 0, [[url('/silent'), url('/bad'), refused, url('/good')]])]);
    requests.see(hookRecord({}));
    await until('all', () => requests.stats.answered === 1);
    assert.deepEqual(logged, [
      'request:p:GetUrl:no answer in time',
      'request:p:GetUrl:status 500',
      'request:p:GetUrl:ECONNREFUSED',
    ]);
    assert.equal(requests.stats.failed, 3);
  });

  test('an endless body is not waited for', async () => {
    respond = (_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1000)), 5);
      response.on('close', () => clearInterval(timer));
    };
    start([policyOf('p', 0, [[url('/')]])], { timeoutMs: 60_000 });
    requests.see(hookRecord({}));
    await until('the answer', () => requests.stats.answered === 1);
  });

  test('a name is asked for, by IPv4 and IPv6', async () => {
    start([policyOf('p', 0, [[name('token.test.example')]])]);
    requests.see(hookRecord({}));
    await until('the answer', () => requests.stats.answered === 1);
    assert.deepEqual(dns.questions.toSorted(), ['token.test.example/1', 'token.test.example/28']);
  });

  test('an unknown name and a silent server are failures', async () => {
    start([policyOf('p', 0, [[name('unknown.example'), name('silent.example')]])]);
    requests.see(hookRecord({}));
    await until('both', () => requests.stats.failed === 2);
    assert.deepEqual(logged, ['request:p:DnsLookup:ENOTFOUND', 'request:p:DnsLookup:no answer in time']);
  });

  test('the end gives up what waits', async () => {
    respond = () => undefined;
    start([policyOf('p', 0, [[url('/')]])], { timeoutMs: 60_000 });
    for (let event = 0; event < 3; event++) requests.see(hookRecord({}));
    await until('the first', () => seen.length === 1);
    requests.close();
    requests.see(hookRecord({}));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual([seen.length, logged.length, requests.stats.failed], [1, 0, 0]);
  });
});
