// SPDX-License-Identifier: Apache-2.0
/**
 * Writes proto/tetragon/ from the description of Tetragon's wire format, adds Merlon's own fields to it, and compiles
 * everything under proto/ to src/api/gen/. Both results are committed.
 *
 *     gen-proto.ts           write them; without ../shared the .proto files stay as they are
 *     gen-proto.ts --check   write into a temporary directory and fail on a difference
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { Wire } from './proto-text.ts';
import { protoFiles } from './proto-text.ts';

const root = resolve(import.meta.dirname, '..');
const FOLDERS = ['proto', 'src/api/gen'];
const wirePath = resolve(root, '../shared/reference/tetragon/wire.json');

const check = process.argv.includes('--check');
const work = mkdtempSync(join(tmpdir(), 'merlon-proto-'));
try {
  generate(work);
  for (const file of FOLDERS.flatMap((folder) => differences(folder, work))) {
    if (check) {
      console.error(`${file} is not what scripts/gen-proto.ts writes`);
      process.exitCode = 1;
    } else {
      install(file);
    }
  }
} finally {
  rmSync(work, { recursive: true });
}

function generate(target: string): void {
  cpSync(join(root, 'proto'), join(target, 'proto'), { recursive: true });
  if (existsSync(wirePath)) {
    const wire = JSON.parse(readFileSync(wirePath, 'utf8')) as Wire;
    for (const [file, text] of protoFiles(wire)) writeFileSync(join(target, 'proto', file), text);
  } else {
    console.error('../shared/reference/tetragon/wire.json is absent: proto/tetragon is taken as it is');
  }
  compile(target);
}

/** buf finds the plugin by its name in PATH; a plugin starts with `#!/usr/bin/env node`, which must be this Node. */
function compile(target: string): void {
  const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env.PATH ?? ''].join(
    delimiter,
  );
  const buf = join(root, 'node_modules/@bufbuild/buf/bin/buf');
  const args = [buf, 'generate', 'proto', '--template', join(root, 'buf.gen.yaml')];
  execFileSync(process.execPath, args, {
    cwd: target,
    env: { ...process.env, PATH: path },
    stdio: 'inherit',
  });
}

/** Puts one generated file into its place, or removes what is not generated any more. */
function install(file: string): void {
  if (!existsSync(join(work, file))) {
    rmSync(join(root, file));
    return;
  }
  mkdirSync(dirname(join(root, file)), { recursive: true });
  cpSync(join(work, file), join(root, file));
}

function differences(folder: string, target: string): string[] {
  const files = new Set([root, target].flatMap((base) => list(join(base, folder))));
  return [...files]
    .map((file) => join(folder, file))
    .filter((file) => content(join(root, file)) !== content(join(target, file)));
}

function list(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function content(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
