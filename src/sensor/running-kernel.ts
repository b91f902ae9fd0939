// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import type { Btf } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import { Capabilities } from '../kernel/capabilities.ts';
import { ElfImage } from '../kernel/elf-image.ts';
import { whyHitsAreSkipped } from '../kernel/skipped-hits.ts';
import type {
  ActingCapability,
  AttachFacts,
  FileIdentity,
  KernelFunction,
  OtherTypes,
  TracepointField,
  UserFile,
} from '../plan/kernel-facts.ts';
import { BtfKernel } from './btf-kernel.ts';
import { readFileIdentity, readMounts } from './file-identity.ts';
import { readHostNamespaces } from './host-namespaces.ts';
import { ModuleTypes } from './module-types.ts';
import { parseTraceableFunctions } from './traceable-functions.ts';
import { ensureTracefs, readTracepointFields, TRACEFS } from './tracefs.ts';

/** What the running kernel has; each fact is looked for when first asked for. */
export class RunningKernel extends BtfKernel {
  readonly #capabilities = new Capabilities();
  #attach: AttachFacts | undefined;
  #hostNamespaces: readonly number[] | undefined;
  readonly #userFiles = new Map<string, ElfImage>();
  readonly #userTypes = new Map<string, Btf>();
  #modules: ModuleTypes | undefined;
  #mounts: ReadonlyMap<string, number> | undefined;
  readonly #fields = new Map<string, readonly TracepointField[] | undefined>();

  override get attach(): AttachFacts {
    return (this.#attach ??= {
      trampoline: this.#capabilities.has('fentry') && this.#capabilities.has('fexit'),
      lsm: this.#capabilities.has('lsm') && activeLsms().includes('bpf'),
      kprobe: this.#capabilities.has('kprobe'),
      kprobeMulti: this.#capabilities.has('kprobe.multi'),
      skipsHits: whyHitsAreSkipped(),
    });
  }

  override canAct(capability: ActingCapability): boolean {
    return this.#capabilities.has(capability);
  }

  override get hostNamespaces(): readonly number[] {
    return (this.#hostNamespaces ??= readHostNamespaces());
  }

  override findFunction(name: string): KernelFunction | undefined {
    return super.findFunction(name) ?? this.#moduleTypes.findFunction(name);
  }

  override functionNames(prefix: string): readonly string[] {
    return [...super.functionNames(prefix), ...this.#moduleTypes.functionNames(prefix)];
  }

  override tracepointFields(subsystem: string, event: string): readonly TracepointField[] | undefined {
    const key = `${subsystem}/${event}`;
    ensureTracefs();
    if (!this.#fields.has(key)) this.#fields.set(key, readTracepointFields(subsystem, event));
    return this.#fields.get(key);
  }

  override userFile(path: string): UserFile {
    let file = this.#userFiles.get(path);
    if (file === undefined) this.#userFiles.set(path, (file = new ElfImage(path)));
    return file;
  }

  override userTypes(path: string): OtherTypes {
    let types = this.#userTypes.get(path);
    if (types === undefined) this.#userTypes.set(path, (types = new addon.Btf(path)));
    return types;
  }

  override moduleTypes(name: string): OtherTypes {
    return this.#moduleTypes.of(name);
  }

  override fileIdentity(path: string): FileIdentity | undefined {
    return readFileIdentity(path, (this.#mounts ??= readMounts()));
  }

  /** Lets go of what was read for a plan: the next plan looks at what is there then. */
  override forgetFiles(): void {
    for (const file of this.#userFiles.values()) file.close();
    for (const types of this.#userTypes.values()) types.close();
    this.#userFiles.clear();
    this.#userTypes.clear();
    this.#modules?.close();
    this.#modules = undefined;
    this.#mounts = undefined;
  }

  override traceableFunctions(): readonly string[] {
    ensureTracefs();
    return parseTraceableFunctions(readFileSync(`${TRACEFS}/available_filter_functions`, 'utf8'));
  }

  get #moduleTypes(): ModuleTypes {
    return (this.#modules ??= new ModuleTypes(this.types));
  }
}

function activeLsms(): string[] {
  const path = '/sys/kernel/security/lsm';
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(',') : [];
}
