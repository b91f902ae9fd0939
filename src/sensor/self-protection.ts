// SPDX-License-Identifier: Apache-2.0
import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { BpfMap } from '../../native/index.d.ts';
import { AgentError, ErrorCode } from '../base/errors.ts';
import type { LogOnce } from '../base/log-once.ts';
import type { Logger } from '../base/log.ts';
import type { Settings } from '../base/settings.ts';
import { ProtectKind, ProtectState } from '../events/gen/layouts.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { listPins } from './bpf-filesystem.ts';
import { isIncomplete, setAside, takeApart } from './pin-group.ts';
import type { ProtectionPins } from './protection-pins.ts';
import {
  claimPins,
  closeProtection,
  isWhole,
  loadProtection,
  openProtection,
  protectionDirectories,
  protectionDirectory,
} from './protection-pins.ts';
import type { ProtectionConfig, ProtectionPlaces, Refusal } from './protection-records.ts';
import {
  checkPlaces,
  decodeConfig,
  decodeRefusal,
  encodeConfig,
  inodeOf,
  REFUSED,
} from './protection-records.ts';

export interface SelfProtectionOptions extends ProtectionPlaces {
  /** auto: while a policy enforces, where the kernel can */
  readonly mode: 'auto' | 'on' | 'off';
}

export interface ProtectionStatus {
  readonly state: 'on' | 'lifted' | 'off';
  /** why it is lifted or off */
  readonly reason: string;
  /** what others were refused since it was first on */
  readonly refused: readonly (Refusal & { readonly what: string })[];
}

const LSM_LIST = '/sys/kernel/security/lsm';
const LOOK_MS = 1_000;
const ZERO = new Uint8Array(4);

/**
 * Keeps others from ending the agent and from its objects and pins (bpf/protect.bpf.c). Pinned, it goes on while the agent is
 * away; the next agent takes it over before it opens any other pin.
 */
export class SelfProtection {
  readonly #options: SelfProtectionOptions;
  readonly #log: Logger;
  readonly #logOnce: LogOnce;
  #pins: ProtectionPins | undefined;
  /** keeps the filesystem of the pins in being, and tells the kernel side through which mount the agent sees it */
  #directory: number | undefined;
  #unavailable: string | undefined;
  #reason = 'no policy enforces';
  #isLifted = false;
  readonly #seen = new Map<number, bigint>();
  readonly #timer: NodeJS.Timeout;
  /** an earlier run had left it */
  readonly adopted: boolean;

  /**
   * Takes over what an earlier run has left. Throws ERR_PRIVILEGE when this process may not, ERR_SETTING for settings that
   * cannot be used, and ERR_KERNEL when the mode is `on` and the kernel cannot.
   */
  static open(options: SelfProtectionOptions, log: Logger, logOnce: LogOnce): SelfProtection {
    checkPlaces(options);
    const earlier = takeOverProtection(
      options,
      'Start the agent by the service manager or container runtime that started it before',
    );
    const protection = new SelfProtection(options, log, logOnce, earlier.length > 0);
    try {
      protection.#begin(earlier);
    } catch (error) {
      protection.close('leave');
      throw error;
    }
    return protection;
  }

  private constructor(options: SelfProtectionOptions, log: Logger, logOnce: LogOnce, adopted: boolean) {
    this.#options = options;
    this.#log = log;
    this.#logOnce = logOnce;
    this.adopted = adopted;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** Follows whether a policy enforces. */
  follow(enforces: boolean): void {
    if (this.#options.mode !== 'auto') return;
    if (enforces) {
      this.#activate();
    } else {
      this.#reason = 'no policy enforces';
      if (this.#isActive) this.#configure(false);
    }
  }

  /** Looks for the break-glass file and for what was refused. */
  look(): void {
    if (this.#pins === undefined) return;
    if (this.#isActive) this.#configure(true);
    this.#lookForGlass(this.#pins.maps.protect_glasses);
    for (const [kind, what] of Object.entries(REFUSED)) {
      const refusal = this.#refusal(Number(kind));
      const seen = this.#seen.get(Number(kind)) ?? 0n;
      if (refusal.count === seen) continue;
      this.#seen.set(Number(kind), refusal.count);
      const { pid, command } = refusal;
      this.#logOnce.warn(`protection:${kind}`, 'Self-protection refused something', { what, pid, command });
    }
  }

  describe(): ProtectionStatus {
    this.look();
    const refused = Object.entries(REFUSED)
      .map(([kind, what]) => ({ what, ...this.#refusal(Number(kind)) }))
      .filter(({ count }) => count > 0n);
    if (!this.#isActive) return { state: 'off', reason: this.#unavailable ?? this.#reason, refused };
    if (this.#isLifted) return { state: 'lifted', reason: `${this.#options.glassFile} exists`, refused };
    return { state: 'on', reason: '', refused };
  }

  /** What makes the protection weaker than it should be, a sentence each. */
  get problems(): string[] {
    const unrecorded = this.#unrecorded();
    return [
      ...(this.#isLifted ? [`Self-protection is lifted while ${this.#options.glassFile} exists`] : []),
      ...(unrecorded > 0n ? [`${unrecorded} maps and programs found no room among the protected ones`] : []),
    ];
  }

  /** `leave`: what is pinned stays protected until the next agent takes it over. */
  close(what: 'leave' | 'remove'): void {
    clearInterval(this.#timer);
    this.#letGo(what);
  }

  #letGo(what: 'leave' | 'remove'): void {
    if (this.#directory !== undefined) closeSync(this.#directory);
    this.#directory = undefined;
    if (this.#pins === undefined) return;
    if (what === 'remove') this.#remove(this.#pins);
    closeProtection(this.#pins);
    this.#pins = undefined;
  }

  get #isActive(): boolean {
    const config = this.#pins?.maps.protect_configs.get(ZERO);
    return config !== undefined && decodeConfig(config).active;
  }

  #begin(earlier: readonly string[]): void {
    const { mode, bpfDir } = this.#options;
    const directory = protectionDirectory(bpfDir);
    const wasOn = earlier.some((path) => !isIncomplete(basename(path)));
    const others = new Set(earlier);
    if (mode !== 'off' && others.delete(directory)) {
      if (isWhole(directory)) this.#use(openProtection(directory));
      else others.add(setAside(directory));
    }
    // Those of another version hold on until this one's are there.
    if (mode === 'on' || (mode === 'auto' && wasOn && this.#pins === undefined)) this.#activate();
    for (const path of others) takeApart(path);
    if (mode === 'off') this.#reason = 'self-protection is "off" in the settings';
    this.look();
  }

  #activate(): void {
    if (this.#pins === undefined && !this.#load()) return;
    if (!this.#isActive) {
      this.#configure(true);
      this.#log.info('Self-protection is on');
    }
  }

  /** False where the kernel cannot; why is noted then. */
  #load(): boolean {
    if (this.#unavailable !== undefined) return false;
    const { bpfDir, mode } = this.#options;
    try {
      refuseWithoutLsm();
      this.#use(
        loadProtection(protectionDirectory(bpfDir), (configs, claimsId) => {
          const pins = inodeOf(statSync(bpfDir, { bigint: true }));
          configs.set(ZERO, this.#encode({ pins, claimsId, active: false }));
        }),
      );
      if (this.#agentAddress() === 0n) throw new AgentError(ErrorCode.Kernel, 'BPF LSM is not active');
      return true;
    } catch (error) {
      this.#letGo('remove');
      const { code, message } = AgentError.from(error);
      this.#unavailable = message;
      if (mode === 'on')
        throw code === ErrorCode.Setting
          ? error
          : new AgentError(ErrorCode.Kernel, `Cannot protect the agent: ${message}`, {
              cause: error,
              remedy: 'Boot with "bpf" in the kernel parameter lsm=, or set self-protection to auto.',
            });
      // The policies are in force by now.
      this.#log.warn({ reason: message }, 'Self-protection is off: policies enforce without it');
      return false;
    }
  }

  #use(pins: ProtectionPins): void {
    this.#pins = pins;
    this.#directory = openSync(this.#options.bpfDir, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Also when the directory of the break-glass file is another by now. */
  #configure(active: boolean): void {
    const configs = this.#pins?.maps.protect_configs;
    const before = configs?.get(ZERO);
    if (configs === undefined || before === undefined) return;
    const config = this.#encode({ ...decodeConfig(before), active });
    if (Buffer.compare(before, config) !== 0) configs.set(ZERO, config);
  }

  #encode(config: ProtectionConfig): Uint8Array {
    return encodeConfig(config, this.#options, (path) => this.#lookAt(path, statSync));
  }

  /** Others can have put anything there, links that lead nowhere included. */
  #lookAt(path: string, status: typeof statSync): BigIntStats | undefined {
    try {
      return status(path, { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      const reason = (error as Error).message;
      this.#logOnce.warn(`protection:${path}`, 'Self-protection finds nothing there', { path, reason });
      return undefined;
    }
  }

  /** The kernel side sees the file when it is made or removed; what it cannot see, such as a rename, is found here. */
  #lookForGlass(glasses: BpfMap): void {
    const { glassFile } = this.#options;
    const file = this.#lookAt(glassFile, lstatSync);
    const isThere = file !== undefined && file.isFile() && file.uid === 0n;
    const before = glasses.get(ZERO)?.[0] === 1;
    if (before !== isThere) glasses.set(ZERO, Uint8Array.of(isThere ? 1 : 0, 0, 0, 0));
    if (isThere === this.#isLifted) return;
    this.#isLifted = isThere;
    const { pid, command } = this.#refusal(ProtectKind.PROTECT_GLASS);
    if (isThere)
      this.#log.error(
        { file: glassFile, pid, command },
        'Self-protection is lifted: the break-glass file exists',
      );
    else this.#log.warn({ file: glassFile }, 'Self-protection is back: the break-glass file is gone');
  }

  #refusal(kind: number): Refusal {
    const bytes = this.#pins?.maps.protect_refusals.get(new Uint8Array(Uint32Array.of(kind).buffer));
    return bytes === undefined ? { count: 0n, pid: 0, command: '' } : decodeRefusal(bytes);
  }

  #agentAddress(): bigint {
    return this.#stateWord(ProtectState.agent);
  }

  #unrecorded(): bigint {
    return this.#stateWord(ProtectState.unrecorded);
  }

  #stateWord(offset: number): bigint {
    const bytes = this.#pins?.maps.protect_states.get(ZERO);
    return bytes === undefined ? 0n : Buffer.from(bytes).readBigUInt64LE(offset);
  }

  #remove({ directory }: ProtectionPins): void {
    const { bpfDir } = this.#options;
    // The kernel detaches programs a little after their pins are gone.
    this.#configure(false);
    takeApart(directory);
    if (listPins(bpfDir).length === 0 && existsSync(bpfDir)) rmdirSync(bpfDir);
  }
}

/** The file that lifts the protection while it exists. */
export function glassFileOf({ breakGlassFile, runDir }: Pick<Settings, 'breakGlassFile' | 'runDir'>): string {
  return breakGlassFile ?? join(runDir, 'break-glass');
}

/**
 * Makes this process the agent of what earlier runs have pinned, so that it may use and remove their pins. Returns the
 * directories of their protection. Throws ERR_PRIVILEGE when it may not be; `how` begins the remedy.
 */
export function takeOverProtection(
  { bpfDir, glassFile }: Pick<ProtectionPlaces, 'bpfDir' | 'glassFile'>,
  how: string,
): string[] {
  const directories = protectionDirectories(bpfDir);
  try {
    for (const directory of directories) claimPins(directory);
    return directories;
  } catch (error) {
    if (!(error instanceof BpfError) || error.errnoName !== 'EPERM') throw error;
    throw new AgentError(
      ErrorCode.Privilege,
      `Cannot take over ${JSON.stringify(bpfDir)}: an agent that something else started has protected it`,
      {
        cause: error,
        remedy: `${how}, or create ${JSON.stringify(glassFile)} and try again. See docs/operations.md.`,
      },
    );
  }
}

/** Where the kernel tells which LSMs are active. Where it does not, an attached program that never runs does. */
function refuseWithoutLsm(): void {
  if (!existsSync(LSM_LIST)) return;
  const names = readFileSync(LSM_LIST, 'utf8').trim();
  if (!names.split(',').includes('bpf'))
    throw new AgentError(ErrorCode.Kernel, `BPF LSM is not among the active LSMs (${names})`);
}
