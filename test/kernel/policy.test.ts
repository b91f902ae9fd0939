// SPDX-License-Identifier: Apache-2.0
// Each kind of hook, type of argument, selector, operator and action: one event that a policy must match, compared with what
// the program did, and one that it must not. test/kernel/policy/ has the table.
import { policyCases } from './policy/cases.ts';
import { describeCases } from './support/policy-suite.ts';
import { requires } from './support/requirements.ts';

describeCases({ title: 'policies', cases: policyCases, skip: requires('root', 'btf') });
