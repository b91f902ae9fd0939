// SPDX-License-Identifier: Apache-2.0
import type { Section } from './feature.ts';
import { ACTIONS } from './section-actions.ts';
import { ARGUMENTS, TYPES } from './section-arguments.ts';
import { HOOKS } from './section-hooks.ts';
import { OPERATORS_SECTION } from './section-operators.ts';
import { POLICY } from './section-policy.ts';
import { SELECTORS } from './section-selectors.ts';
import { limitsTable } from './tables.ts';

const LIMITS: Section = {
  title: 'Limits',
  intro: 'Nothing is cut silently: what does not fit is refused with its place, or named in the event.',
  parts: [],
  tables: [limitsTable],
  features: [],
};

/** The page, from the outside of a policy to its inside. */
export const SECTIONS: readonly Section[] = [
  ...[POLICY, HOOKS, ARGUMENTS, TYPES, SELECTORS, OPERATORS_SECTION, ACTIONS],
  LIMITS,
];
