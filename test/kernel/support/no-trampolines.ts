// SPDX-License-Identifier: Apache-2.0
/** Loaded into an agent before its own code (node --import): there it is as if the kernel had no trampolines. */
import { Capabilities, type CapabilityName } from '../../../src/kernel/capabilities.ts';

const ABSENT = new Set<CapabilityName>(['fentry', 'fexit']);

Capabilities.prototype.has = function (name) {
  return !ABSENT.has(name) && this.trial(name).available === true;
};
