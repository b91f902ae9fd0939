// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import type * as Native from '../../native/index.d.ts';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { BpfError } from './bpf-error.ts';

function load(): typeof Native {
  const path = fileURLToPath(new URL('../../native/build/Release/merlon.node', import.meta.url));
  let addon: typeof Native;
  try {
    addon = createRequire(import.meta.url)(path) as typeof Native;
  } catch (error) {
    throw new AgentError(ErrorCode.Internal, `Cannot load the native addon ${JSON.stringify(path)}`, {
      cause: error,
      remedy: 'Build it with "npm run build"; at run time it needs the Debian package libbpf1.',
    });
  }
  addon.initialize(BpfError);
  return addon;
}

/** The native addon, loaded once per thread; what it throws is a BpfError. */
export const addon: typeof Native = load();
