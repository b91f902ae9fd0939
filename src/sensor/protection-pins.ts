// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BpfLink, BpfMap } from '../../native/index.d.ts';
import { ProtectLimit } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import { ensureBpfDirectory, listPins } from './bpf-filesystem.ts';
import { heldObjects, objectKey } from './held-objects.ts';
import { isIncomplete, LINK, makePinDirectory, pinKind, takeApart } from './pin-group.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/protect.bpf.o', import.meta.url));

/** What the agent reads and writes. */
const MAPS = [
  'protect_configs',
  'protect_states',
  'protect_glasses',
  'protect_refusals',
  'protect_objects',
] as const;
/** Opening it is how a process becomes the agent. */
const CLAIMS = 'protect_claims';
const SWEEP = 'protect_programs';
/** Of hooks that got other names in 6.9. */
const COMPAT = {
  protect_map_create: 'bpf_lsm_bpf_map_create',
  protect_prog_load: 'bpf_lsm_bpf_prog_load',
  protect_map_free: 'bpf_lsm_bpf_map_free',
  protect_prog_free: 'bpf_lsm_bpf_prog_free',
} as const;
const COMPAT_SUFFIX = /_compat$/;

export type ProtectionMap = (typeof MAPS)[number];

/** Handles of what one directory pins. */
export interface ProtectionPins {
  readonly directory: string;
  readonly maps: Record<ProtectionMap, BpfMap>;
}

/** The directory of this version's pins: the digest covers the programs. */
export function protectionDirectory(bpfDir: string): string {
  const digest = createHash('sha256').update(readFileSync(OBJECT)).digest('hex');
  return join(bpfDir, `protect-v${ProtectLimit.PROTECT_VERSION}-${digest.slice(0, 16)}`);
}

/** Directories of what earlier runs have pinned, complete ones first. */
export function protectionDirectories(bpfDir: string): string[] {
  return listPins(bpfDir)
    .filter((name) => pinKind(name) === 'protect')
    .sort((a, b) => Number(isIncomplete(a)) - Number(isIncomplete(b)))
    .map((name) => join(bpfDir, name));
}

/** Makes this process the agent that these pins are for. Throws a BpfError with EPERM when it may not be. */
export function claimPins(directory: string): void {
  if (listPins(directory).includes(CLAIMS)) addon.BpfMap.openPinned(join(directory, CLAIMS)).close();
}

/** Whether everything is pinned there: of two programs that are for different kernels, one. */
export function isWhole(directory: string): boolean {
  const pinned = new Set(listPins(directory).map((name) => name.replace(COMPAT_SUFFIX, '')));
  const object = new addon.BpfObject(OBJECT);
  try {
    const links = object.programs
      .filter(isHook)
      .map(({ name }) => `${LINK}${name.replace(COMPAT_SUFFIX, '')}`);
    return [...MAPS, CLAIMS, ...links].every((name) => pinned.has(name));
  } finally {
    object.close();
  }
}

/** This process is their agent. */
export function openProtection(directory: string): ProtectionPins {
  const maps = MAPS.map((name) => [name, addon.BpfMap.openPinned(join(directory, name))]);
  return { directory, maps: Object.fromEntries(maps) as ProtectionPins['maps'] };
}

export function closeProtection({ maps }: ProtectionPins): void {
  for (const map of Object.values(maps)) map.close();
}

/**
 * Attaches the programs, makes this process the agent and its objects its own; nothing is refused yet. `configure` writes
 * the settings, with the id of the map that is opened to become the agent. Throws an AgentError where the kernel cannot;
 * nothing is left then.
 */
export function loadProtection(
  directory: string,
  configure: (configs: BpfMap, claimsId: number) => void,
): ProtectionPins {
  const bpfDir = dirname(directory);
  const links: BpfLink[] = [];
  const isNew = !existsSync(bpfDir);
  ensureBpfDirectory(bpfDir);
  const object = new addon.BpfObject(OBJECT);
  try {
    const hooks = hookNames();
    for (const [name, hook] of Object.entries(COMPAT)) {
      object.setAutoload(name, hooks.has(hook));
      object.setAutoload(`${name}_compat`, !hooks.has(hook));
    }
    object.load();
    const claims = object.map(CLAIMS);
    const configs = object.map('protect_configs');
    configure(configs, claims.info().id);
    configs.close();
    makePinDirectory(directory, (building) => {
      for (const name of [...MAPS, CLAIMS]) object.map(name).pin(join(building, name));
      for (const { name } of object.programs.filter((program) => program.autoload && isHook(program))) {
        const link = object.program(name).attach({ kind: 'lsm' });
        links.push(link);
        link.pin(join(building, `${LINK}${name}`));
      }
    });
    claimPins(directory);
    const pins = openProtection(directory);
    for (const held of heldObjects()) pins.maps.protect_objects.set(objectKey(held), new Uint8Array(1));
    const sweep = object.program(SWEEP).attach({ kind: 'iter' });
    sweep.readIterator();
    sweep.close();
    return pins;
  } catch (error) {
    if (listPins(bpfDir).includes(basename(directory))) takeApart(directory);
    if (isNew) rmdirSync(bpfDir);
    throw error;
  } finally {
    for (const link of links) link.close();
    object.close();
  }
}

function isHook({ section }: { section: string }): boolean {
  return section.startsWith('lsm/');
}

function hookNames(): ReadonlySet<string> {
  const btf = new addon.Btf();
  try {
    return new Set(btf.functionNames('bpf_lsm_bpf_'));
  } finally {
    btf.close();
  }
}
