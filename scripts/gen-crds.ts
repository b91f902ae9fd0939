// SPDX-License-Identifier: Apache-2.0
/**
 * Writes deploy/crds/ from scripts/crds/: hook kinds share schemas, which a CustomResourceDefinition has to spell out
 * each time. With --check it only compares and fails on a difference.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { crdFiles } from './crds/files.ts';

const folder = resolve(import.meta.dirname, '../deploy/crds');
const check = process.argv.includes('--check');
for (const [name, text] of await crdFiles()) {
  const path = `${folder}/${name}`;
  if (!check) {
    writeFileSync(path, text);
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`deploy/crds/${name} is not what scripts/gen-crds.ts writes`);
    process.exitCode = 1;
  }
}
