// SPDX-License-Identifier: Apache-2.0
// npm run check: the fast loop. Format, lint, types, import directions, generated files, then the unit tests.
// --fix writes the formats, and what lint can repair, instead of comparing.
import { runTests, unitTests } from '../test/parts.ts';
import { runChecks } from './check/steps.ts';

const checks = await runChecks({ fix: process.argv.includes('--fix') });
const tests = await runTests(unitTests());
process.exitCode = checks.failed + tests.failed > 0 ? 1 : 0;
