// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../base/log.ts';
import type { Settings } from '../base/settings.ts';
import { addon } from '../kernel/addon.ts';
import type { Door } from './door.ts';
import { openDoor } from './door.ts';
import type { AgentView } from './view.ts';

export type { Door } from './door.ts';
export type {
  AddedPolicy,
  HowToAdd,
  AgentHealth,
  AgentStatus,
  AgentView,
  EventFeed,
  PolicyChanges,
  PolicyView,
} from './view.ts';

/**
 * Opens the agent's socket, `<run-dir>/merlon.sock`. The caller holds the agent's lock.
 * Throws ERR_ALREADY_RUNNING when an agent answers there, ERR_SETTING for a viewer group that does not exist.
 */
export function startDoor(view: AgentView, settings: Settings, log: Logger): Promise<Door> {
  return openDoor({ view, settings, log, peerCredentials: addon.peerCredentials });
}
