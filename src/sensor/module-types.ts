// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Btf } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import type { KernelFunction, OtherTypes } from '../plan/kernel-facts.ts';

/** The kernel's own types, which those of modules refer to. */
const KERNEL = 'vmlinux';

/** Types of the modules that are loaded, each read when it is first asked for. */
export class ModuleTypes {
  readonly #directory: string;
  readonly #kernel: Btf;
  readonly #modules = new Map<string, Btf>();
  #names: readonly string[] | undefined;

  constructor(kernel: Btf, directory = '/sys/kernel/btf') {
    this.#kernel = kernel;
    this.#directory = directory;
  }

  /** Throws an Error that says why there are none. */
  of(name: string): OtherTypes {
    const types = this.#loadedNames.includes(name) ? this.#read(name) : undefined;
    if (types === undefined) throw new Error(`no module "${name}" with types is loaded`);
    return types;
  }

  /** The first module in the order of their names that has such a function. */
  findFunction(name: string): KernelFunction | undefined {
    for (const module of this.#loadedNames) {
      const found = this.#read(module)?.findFunction(name);
      if (found !== undefined) return { ...found, module };
    }
    return undefined;
  }

  functionNames(prefix: string): string[] {
    return this.#loadedNames.flatMap((module) => this.#read(module)?.functionNames(prefix) ?? []);
  }

  close(): void {
    for (const types of this.#modules.values()) types.close();
    this.#modules.clear();
  }

  get #loadedNames(): readonly string[] {
    return (this.#names ??= readdirSync(this.#directory)
      .filter((name) => name !== KERNEL)
      .sort());
  }

  /** undefined for a module that has been unloaded since, or was built for another kernel's types. */
  #read(name: string): Btf | undefined {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    try {
      const types = new addon.Btf(join(this.#directory, name), this.#kernel);
      this.#modules.set(name, types);
      return types;
    } catch (error) {
      if (error instanceof BpfError) return undefined;
      throw error;
    }
  }
}
