// SPDX-License-Identifier: Apache-2.0
// merlon doctor beside a running agent: what it says is true here, and nothing that it tried stays.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';
import { Agent } from './support/agent.ts';
import { cgroupMount } from './support/cgroup.ts';
import { requires } from './support/requirements.ts';
import { eventually } from './support/wait.ts';

const MERLON = resolve(import.meta.dirname, '../../bin/merlon');

/** All that Debian's kernels refuse; they have everything else. */
const REFUSED_IN_GUESTS: Readonly<Record<string, string[]>> = {
  '6.1': [
    ...['bpf_override_return', 'bpf_path_d_path', 'bpf_strncasestr', 'bpf_strnstr', 'kprobe.multi'],
    ...['netkit', 'tcx', 'uprobe registers', 'uprobe.multi'],
  ],
  '6.12': ['bpf_override_return', 'bpf_strncasestr', 'bpf_strnstr', 'uprobe registers'],
};

interface Report {
  ok: boolean;
  kernel: { lsm: string[] | null; lockdown: string | null; mounts: Record<string, string | null> };
  capabilities: { name: string; available: boolean | null; errno: string | null; reason: string | null }[];
  features: { name: string; essential: boolean; state: string; by: string | null; remedies: string[] }[];
}

interface Named {
  name?: string;
}

const skip = requires('root', 'btf');
let report: Report;

before(async () => {
  if (skip !== false) return;
  // A directory of a doctor that was killed: no process has this number (PID_MAX_LIMIT is 2^22).
  mkdirSync(join(cgroupMount(), 'merlon-probe-4194305'));
  const agent = await Agent.start();
  // The agent mounts bpffs where nobody has.
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  try {
    const run = spawnSync(MERLON, ['doctor', '-o', 'json'], { encoding: 'utf8' });
    assert.equal(run.stderr, '');
    assert.equal(run.status, 0);
    report = JSON.parse(run.stdout) as Report;
  } finally {
    await agent.stop();
    agent.places.remove();
  }
  assert.equal(readFileSync('/proc/self/mounts', 'utf8'), mounts, 'no filesystem was mounted');
});

test('what this version needs is here, since its agent runs here', { skip }, () => {
  assert.equal(report.ok, true);
  for (const feature of report.features.filter(({ essential }) => essential))
    assert.match(feature.state, /^(ready|degraded)$/, feature.name);
});

test('it agrees with what this kernel shows elsewhere', { skip }, () => {
  for (const name of ['kprobe', 'kretprobe', 'ksyscall'])
    assert.equal(capability(name).available, requires('kprobes') === false, name);
  for (const name of ['fentry', 'fexit']) {
    assert.equal(capability(name).available, requires('trampolines') === false, name);
  }
  for (const name of ['tp_btf', 'raw_tp', 'iter/task', 'cgroup/connect4', 'xdp', 'tracepoint', 'uprobe'])
    assert.equal(capability(name).available, true, `${name}: ${capability(name).reason ?? ''}`);
});

test('where trampolines are refused, deny by LSM is missing and has a remedy', { skip }, () => {
  const deny = report.features.find(({ name }) => name === 'deny by LSM');
  assert.ok(deny);
  const works = requires('trampolines') === false && report.kernel.lsm?.includes('bpf') === true;
  assert.equal(deny.state, works ? 'ready' : 'missing');
  assert.equal(deny.remedies.length > 0, !works);
  if (requires('trampolines') !== false) assert.equal(capability('lsm').errno, 'EPERM');
});

test('on the kernels of the guests exactly the known kinds are refused', { skip }, () => {
  const kernel = process.env.GUEST_KERNEL;
  const refused = report.capabilities.filter(({ available }) => available !== true).map(({ name }) => name);
  if (kernel !== undefined) assert.deepEqual(refused.sort(), REFUSED_IN_GUESTS[kernel]);
  // On another machine: whatever is refused has a reason.
  for (const name of refused) assert.ok(capability(name).reason, name);
});

test('nothing that was tried stays', { skip }, async () => {
  // The kernel frees a program some grace periods after its last reference.
  await eventually('every probe to be gone', () => (leftBehind().length === 0 ? true : undefined));
});

test('without privileges it says so', { skip: requires('root') }, () => {
  // Without capabilities, but still the owner of the files: the repository may be where no other user can read.
  const { status, stderr } = spawnSync(
    'setpriv',
    ['--bounding-set=-all', '--inh-caps=-all', MERLON, 'doctor'],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'merlon: Cannot try what this kernel offers without CAP_BPF\nRun "merlon doctor" as root.\n',
  );
});

function capability(name: string): Report['capabilities'][number] {
  const found = report.capabilities.find((candidate) => candidate.name === name);
  assert.ok(found, name);
  return found;
}

/** Programs and maps of bpf/probe*.bpf.c, cgroups and interfaces of the probes that are still there. */
function leftBehind(): string[] {
  const names = (kind: string): string[] => {
    const listed = JSON.parse(execFileSync('bpftool', ['-j', kind, 'show'], { encoding: 'utf8' })) as Named[];
    return listed.flatMap(({ name }) => (name?.startsWith('probe_') ? `${kind} ${name}` : []));
  };
  const cgroups = readdirSync(cgroupMount()).filter((name) => name.startsWith('merlon-probe-'));
  const pins = existsSync('/sys/fs/bpf')
    ? readdirSync('/sys/fs/bpf').filter((name) => name.includes('probe'))
    : [];
  return [...names('prog'), ...names('map'), ...cgroups, ...pins];
}
