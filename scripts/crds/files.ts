// SPDX-License-Identifier: Apache-2.0
import { dump } from 'js-yaml';
import { format, resolveConfig } from 'prettier';
import { manifests } from './manifest.ts';

const HEAD = `# SPDX-License-Identifier: Apache-2.0
# Written by scripts/gen-crds.ts from scripts/crds/; do not edit.
`;

/** Name below deploy/crds/ and text of every file. */
export async function crdFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { file, document } of manifests()) {
    const yaml = HEAD + dump(document, { noRefs: true, lineWidth: -1 });
    const config = await resolveConfig(`deploy/crds/${file}`);
    files.set(file, await format(yaml, { ...config, parser: 'yaml' }));
  }
  return files;
}
