// SPDX-License-Identifier: Apache-2.0
// Tetragon's own example policies, all at once: each is in force, or the list says which function or feature it lacks.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent, Places } from './support/agent.ts';
import { merlon } from './support/command.ts';
import { requires } from './support/requirements.ts';

const LIBRARY = resolve(import.meta.dirname, '../../../shared/reference/tetragon/policies');

interface PolicyStatus {
  readonly name: string;
  readonly state: 'TP_STATE_ENABLED' | 'TP_STATE_LOAD_ERROR';
  readonly error?: string;
}

/** Templates: what stands in ${} has to be filled in before they are policies. */
const TEMPLATE = /\$\{\w+\}/;

/** What a reason is about: a function, a file or a word of the policy, all in quotes, or a feature. It is not about our programs. */
const REASON =
  /^Cannot (?!load)[^\n]*(?:"|\bKubernetes\b|\benforcers\b|\bfollow(?:Forks|Children)\b|\bspec\.\w+|\bisNamespaceCapability\b|\bnamespaces\b|\bimaHash\b|\bCelExpr\b)/;

/** The documents that Tetragon accepts, by a name of their own: several of its examples have the same. */
function readLibrary(): Map<string, { file: string; text: string }> {
  const verdicts = readFileSync(join(LIBRARY, 'verdicts.tsv'), 'utf8').trimEnd().split('\n');
  const files = verdicts
    .map((line) => line.split('\t'))
    .flatMap(([verdict, file]) => (verdict === 'OK' && file !== undefined ? [file] : []));
  const documents = files.flatMap((file) =>
    readFileSync(join(LIBRARY, file), 'utf8')
      .split(/^---\s*$/m)
      .filter((text) => /^kind: *"?TracingPolicy/m.test(text) && !TEMPLATE.test(text))
      .map((text) => ({ file, text })),
  );
  return new Map(
    documents.map(({ file, text }, place) => {
      const name = `example-${place}`;
      return [name, { file, text: observing(renamed(text, name)) }];
    }),
  );
}

function renamed(text: string, name: string): string {
  return text.replace(/^(metadata:\s*\n(?:[ \t]+.*\n)*?[ \t]+name:).*$/m, `$1 ${name}`);
}

/** Some of the examples kill; this machine is not for that. */
function observing(text: string): string {
  const option = '- { name: policy-mode, value: monitor }';
  return /^ +options:/m.test(text)
    ? text.replace(/^( +)options:\n/m, `$&$1${option}\n`)
    : text.replace(/^spec:[ \t]*\n(?=(?: *#.*\n)*( +)\w)/m, `$&$1options:\n$1${option}\n`);
}

describe('policies of the library', { skip: requires('root', 'btf', 'shared') }, () => {
  let agent: Agent;
  let documents: ReturnType<typeof readLibrary>;
  let states: readonly PolicyStatus[];

  before(async () => {
    documents = readLibrary();
    const places = new Places();
    const directory = join(places.directory, 'policies');
    mkdirSync(directory);
    for (const [name, { text }] of documents) writeFileSync(join(directory, `${name}.yaml`), text);
    agent = await Agent.start({ places, flags: ['--policy', directory], wanted: () => false });
    const { status, stdout, stderr } = merlon('policy', 'list', '-o', 'json', '--run-dir', places.runDir);
    assert.equal(status, 0, stderr);
    states = (JSON.parse(stdout) as { policies: PolicyStatus[] }).policies;
  });

  after(async () => await agent.dispose());

  test('every one is listed', () => {
    assert.ok(documents.size > 70, String(documents.size));
    assert.deepEqual(states.map(({ name }) => name).sort(), [...documents.keys()].sort());
  });

  test('one that is not in force says which function or feature is missing', (context) => {
    const failed = states.filter(({ state }) => state !== 'TP_STATE_ENABLED');
    const [unclear, clear] = [false, true].map((isClear) =>
      failed.filter(({ error = '' }) => REASON.test(error) === isClear),
    );
    context.diagnostic(`${states.length - failed.length} of ${states.length} are in force`);
    for (const { name, error } of clear ?? [])
      context.diagnostic(`${documents.get(name)?.file}: ${error?.replaceAll('\n', ' ')}`);
    assert.deepEqual(unclear, []);
  });

  test('the agent ends as it should', async () => {
    assert.equal(await agent.stop(), 0);
  });
});
