// SPDX-License-Identifier: Apache-2.0

/** What stood in policies for older versions of Tetragon: why it is refused, and what to do. */
export interface Removed {
  readonly reason: string;
  readonly remedy: string;
}

/** Actions by name. */
export const removedActions: ReadonlyMap<string, Removed> = new Map(
  ['FollowFD', 'UnfollowFD', 'CopyFD'].map((name) => [
    name,
    {
      reason: 'Tetragon has removed this action, since a descriptor is resolved to its file where it is used',
      remedy: 'Delete it: an argument of type "fd" shows the path by itself.',
    },
  ]),
);

/** Fields of those actions by name. */
export const removedFields: ReadonlyMap<string, Removed> = new Map(
  ['argFd', 'argName'].map((name) => [
    name,
    {
      reason: 'it belonged to FollowFD, UnfollowFD and CopyFD, which Tetragon has removed',
      remedy: 'Delete it together with the action.',
    },
  ]),
);
