// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import type { Btf } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import { Capabilities } from '../kernel/capabilities.ts';
import { ElfImage } from '../kernel/elf-image.ts';
import { GENERIC_SYSCALLS, X86_64_SYSCALLS } from '../plan/gen/syscalls.ts';
import type {
  AttachFacts,
  KernelFacts,
  KernelFunction,
  OtherTypes,
  ResolvedPath,
  TracepointField,
  UserFile,
} from '../plan/kernel-facts.ts';
import { parseTracepointFormat } from './tracepoint-format.ts';
import { ModuleTypes } from './module-types.ts';
import { ensureTracefs, TRACEFS } from './tracefs.ts';

/** Of /proc/1/ns, in the order of struct process_namespaces. */
const NAMESPACE_LINKS = [
  ...['uts', 'ipc', 'mnt', 'pid', 'pid_for_children', 'net', 'time', 'time_for_children', 'cgroup', 'user'],
];

/** Arguments before the event's own in the kernel's function for a tracepoint (__bpf_trace_NAME: void *__data). */
const TRACEPOINT_DATA_ARGUMENTS = 1;

/** What the running kernel has; types are read when first asked for. */
export class RunningKernel implements KernelFacts {
  readonly refusals = new Map<string, string>();
  readonly #capabilities = new Capabilities();
  #types: Btf | undefined;
  #attach: AttachFacts | undefined;
  #hostNamespaces: readonly number[] | undefined;
  readonly #userFiles = new Map<string, ElfImage>();
  readonly #userTypes = new Map<string, Btf>();
  #modules: ModuleTypes | undefined;
  readonly #fields = new Map<string, readonly TracepointField[] | undefined>();

  get attach(): AttachFacts {
    return (this.#attach ??= {
      trampoline: this.#capabilities.has('fentry') && this.#capabilities.has('fexit'),
      lsm: this.#capabilities.has('lsm') && activeLsms().includes('bpf'),
      kprobe: this.#capabilities.has('kprobe'),
    });
  }

  get hostNamespaces(): readonly number[] {
    return (this.#hostNamespaces ??= NAMESPACE_LINKS.map(namespaceOfInit));
  }

  findFunction(name: string): KernelFunction | undefined {
    return this.#btf.findFunction(name) ?? this.#moduleTypes.findFunction(name);
  }

  functionNames(prefix: string): readonly string[] {
    return [...this.#btf.functionNames(prefix), ...this.#moduleTypes.functionNames(prefix)];
  }

  resolvePath(structName: string, path: string): ResolvedPath {
    return this.#btf.resolvePath(structName, path);
  }

  tracepointFields(subsystem: string, event: string): readonly TracepointField[] | undefined {
    const key = `${subsystem}/${event}`;
    if (!this.#fields.has(key)) this.#fields.set(key, readFields(subsystem, event));
    return this.#fields.get(key);
  }

  rawTracepoint(event: string): KernelFunction['parameters'] | undefined {
    // An event of a class has no function of its own, but a type.
    for (const types of [this.#btf, this.#moduleTypes]) {
      const found = types.findFunction(`__bpf_trace_${event}`) ?? types.findFunction(`btf_trace_${event}`);
      if (found !== undefined) return found.parameters.slice(TRACEPOINT_DATA_ARGUMENTS);
    }
    return undefined;
  }

  userFile(path: string): UserFile {
    let file = this.#userFiles.get(path);
    if (file === undefined) this.#userFiles.set(path, (file = new ElfImage(path)));
    return file;
  }

  userTypes(path: string): OtherTypes {
    let types = this.#userTypes.get(path);
    if (types === undefined) this.#userTypes.set(path, (types = new addon.Btf(path)));
    return types;
  }

  moduleTypes(name: string): OtherTypes {
    return this.#moduleTypes.of(name);
  }

  /** Lets go of what was read for a plan: the next plan looks at what is there then. */
  forgetFiles(): void {
    for (const file of this.#userFiles.values()) file.close();
    for (const types of this.#userTypes.values()) types.close();
    this.#userFiles.clear();
    this.#userTypes.clear();
    this.#modules?.close();
    this.#modules = undefined;
  }

  syscallNumber(name: string): number | undefined {
    return (process.arch === 'x64' ? X86_64_SYSCALLS : GENERIC_SYSCALLS)[name];
  }

  syscallFunction(name: string): string {
    return `__${process.arch === 'x64' ? 'x64' : 'arm64'}_sys_${name}`;
  }

  get #moduleTypes(): ModuleTypes {
    return (this.#modules ??= new ModuleTypes(this.#btf));
  }

  get #btf(): Btf {
    return (this.#types ??= new addon.Btf());
  }
}

function activeLsms(): string[] {
  const path = '/sys/kernel/security/lsm';
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(',') : [];
}

/** The inode number that readlink shows; 0 where the kernel has no such namespace. */
function namespaceOfInit(name: string): number {
  return statSync(`/proc/1/ns/${name}`, { throwIfNoEntry: false })?.ino ?? 0;
}

function readFields(subsystem: string, event: string): readonly TracepointField[] | undefined {
  ensureTracefs();
  const events = `${TRACEFS}/events`;
  if (!existsSync(events) || !readdirSync(events).includes(subsystem)) return undefined;
  const path = `${events}/${subsystem}/${event}/format`;
  return existsSync(path) ? parseTracepointFormat(readFileSync(path, 'utf8')) : undefined;
}
