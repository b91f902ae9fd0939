// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SettingProblem, SettingSources } from './settings.ts';
import { SettingsError, loadSettings } from './settings.ts';
import { settingsTable } from './settings-table.ts';

const directory = mkdtempSync(join(tmpdir(), 'merlon-settings-'));
after(() => rmSync(directory, { recursive: true }));
const absent = join(directory, 'absent.yaml');

function file(content: string): string {
  const name = join(directory, 'merlon.yaml');
  writeFileSync(name, content);
  return name;
}

function load(sources: SettingSources) {
  return loadSettings({ defaultConfig: absent, ...sources });
}

function problems(sources: SettingSources): readonly SettingProblem[] {
  try {
    load(sources);
  } catch (error) {
    assert(error instanceof SettingsError);
    return error.problems;
  }
  assert.fail('The settings were accepted');
}

test('every default passes its own parser, so what the help shows can be typed', () => {
  for (const [name, { kind, fallback, fallbackText }] of Object.entries(settingsTable)) {
    const value: unknown = fallback({ NODE_NAME: 'n' });
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    // Those follow from the environment.
    if (name === 'node-name' || name === 'keep') continue;
    assert.deepEqual(kind.parse(fallbackText), value, name);
  }
});

test('without a source the defaults hold', () => {
  const settings = load({ env: { NODE_NAME: 'node-7' } });
  assert.equal(settings.output, 'compact');
  assert.equal(settings.export, undefined);
  assert.equal(settings.exportFilePerm, 0o600);
  assert.equal(settings.lifecycleRingBytes, 4 * 1024 * 1024);
  assert.equal(settings.coalesceMs, 10);
  assert.equal(settings.nodeName, 'node-7');
});

test('a service keeps what it has in force', () => {
  assert.equal(load({ env: {} }).keep, false);
  assert.equal(load({ env: { NOTIFY_SOCKET: '/run/systemd/notify' } }).keep, true);
  assert.equal(load({ env: { SYSTEMD_EXEC_PID: String(process.pid) } }).keep, true);
  // What a service starts has its variables, but is none.
  assert.equal(load({ env: { SYSTEMD_EXEC_PID: String(process.pid + 1), INVOCATION_ID: 'x' } }).keep, false);
  assert.equal(load({ flags: { keep: 'false' }, env: { NOTIFY_SOCKET: '/run/systemd/notify' } }).keep, false);
});

test('a flag wins over a variable, a variable over the file', () => {
  const config = file('output: json\nlog-level: debug\ncoalesce: 1ms\n');
  const settings = load({
    flags: { config, 'log-level': 'error' },
    env: { MERLON_LOG_LEVEL: 'warn', MERLON_COALESCE: '7ms' },
  });
  assert.equal(settings.logLevel, 'error');
  assert.equal(settings.coalesceMs, 7);
  assert.equal(settings.output, 'json');
});

test('MERLON_CONFIG names the file, and the values of YAML are read as text', () => {
  const config = file(
    'export-file-perm: 0640\nquiet: yes\ncpus: [0-1, 3]\nnode-name: "a: b"\nenable-ancestors:\n  - base\n',
  );
  const settings = load({ env: { MERLON_CONFIG: config } });
  assert.equal(settings.exportFilePerm, 0o640);
  assert.equal(settings.quiet, true);
  assert.deepEqual(settings.cpus, [0, 1, 3]);
  assert.equal(settings.nodeName, 'a: b');
  assert.deepEqual(settings.enableAncestors, ['base']);
});

test('the default file may be missing, a named one may not', () => {
  assert.deepEqual(
    problems({ flags: { config: absent } }).map(({ place }) => place),
    [absent],
  );
  assert.deepEqual(
    load({ env: { NODE_NAME: 'x' } }),
    load({ defaultConfig: file('# nothing\n'), env: { NODE_NAME: 'x' } }),
  );
});

test('all problems of all sources come at once, each with its place and the nearest name', () => {
  const config = file('exprot: /tmp/x\noutput:   jsom\nfor:\n');
  const found = problems({ flags: { config, 'telemetry-ring': '3MiB' }, env: { MERLON_LOGLEVEL: 'info' } });
  assert.deepEqual(
    found.map(({ place, remedy }) => [place, remedy]),
    [
      ['--telemetry-ring', undefined],
      ['MERLON_LOGLEVEL', 'Did you mean "MERLON_LOG_LEVEL"?'],
      [`${config}:3:1`, undefined],
      [`${config}:1:1`, 'Did you mean "export"?'],
      [`${config}:2:11`, 'Did you mean "json"?'],
    ],
  );
});

test('the file is refused where it is not a mapping of names to values', () => {
  const places = (content: string) => {
    const config = file(content);
    return problems({ flags: { config } }).map(({ place }) => place.slice(config.length + 1));
  };
  assert.deepEqual(places('- output\n'), ['1:1']);
  assert.deepEqual(places('output: json\noutput: compact\n'), ['2:1']);
  assert.deepEqual(places('cpus:\n  from: 1\n  list: [1, {}]\nquiet: maybe\n'), ['2:3', '4:8']);
  assert.deepEqual(places('? [a]\n: {b: 1}\nquiet: *x\n'), ['1:3', '3:8']);
  assert.deepEqual(places('cpus: [1, [2]]\n'), ['1:11']);
  assert.deepEqual(places('a: [1\nb: {'), ['2:1']);
  assert.deepEqual(places('quiet: true\n---\nquiet: true\n'), ['1:1']);
  assert.deepEqual(places('config: /etc/other.yaml\n'), ['1:1']);
});

test('the variables of a Kubernetes Service are no settings, others are', () => {
  const service = { MERLON_METRICS_SERVICE_HOST: '10.0.0.1', MERLON_METRICS_PORT_80_TCP_ADDR: '10.0.0.1' };
  load({ env: service });
  assert.deepEqual(
    problems({ env: { ...service, MERLON_PORT: 'tcp://10.0.0.1:80' } }).map(({ place }) => place),
    ['MERLON_PORT'],
  );
});

test('quantities: units, bounds and what is refused', () => {
  const value = (flag: string, input: string, key: 'exportFileMaxSizeBytes' | 'forMs') =>
    load({ flags: { [flag]: input } })[key];
  assert.equal(value('export-file-max-size', '64K', 'exportFileMaxSizeBytes'), 65536);
  assert.equal(value('export-file-max-size', '1.5GiB', 'exportFileMaxSizeBytes'), 1.5 * 1024 ** 3);
  assert.equal(value('for', '1m30.5s', 'forMs'), 90_500);
  const refused = [
    ['export-file-max-size', '10MB'],
    ['export-file-max-size', '-1'],
    ['export-file-max-size', '1KiB'],
    ['for', '10'],
    ['for', '1m 30s'],
    ['for', '100d'],
    ['lifecycle-ring', '3MiB'],
    ['cpus', '3-1'],
    ['export-file-perm', '999'],
    ['export-file-max-backups', '1.5'],
    ['quiet', 'perhaps'],
    ['run-dir', ''],
  ] as const;
  for (const [name, input] of refused) {
    assert.deepEqual(
      problems({ flags: { [name]: input } }).map(({ place }) => place),
      [`--${name}`],
      input,
    );
  }
});
