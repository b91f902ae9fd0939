// SPDX-License-Identifier: Apache-2.0
import type { CrdSchema } from '../../src/policy/crd.ts';
import type { Example } from '../../test/kernel/examples/example.ts';
import type { Feature, Section } from './feature.ts';
import { anchor, cell, code, codes, table } from './markdown.ts';
import type { Field, Parts } from './schema.ts';
import { objectOf } from './schema.ts';

type Examples = ReadonlyMap<string, Example>;

/** What the parts of the schema are called in the page. */
const PART_TITLES: Readonly<Record<string, string>> = {
  spec: '`spec`',
  function: 'An item of `kprobes` or `fentries`',
  tracepoint: 'An item of `tracepoints`',
  lsm: 'An item of `lsmhooks`',
  uprobe: 'An item of `uprobes`',
  usdt: 'An item of `usdts`',
  list: 'An item of `lists`',
  enforcer: 'An item of `enforcers`',
  option: 'An item of `options`',
  labels: '`podSelector`, `containerSelector`, `hostSelector`, `nodeSelector`',
  expression: 'An item of `matchExpressions`',
  argument: 'An item of `args` or `data`, and `returnArg`',
  selector: 'An item of `selectors`, a value of `selectorsMacros`',
  pids: 'An item of `matchPIDs`',
  values: 'An item of `matchArgs`, `matchData` or `matchReturnArgs`',
  binaries: 'An item of `matchBinaries` or `matchParentBinaries`',
  namespaces: 'An item of `matchNamespaces`',
  namespaceChanges: 'An item of `matchNamespaceChanges`',
  capabilities: 'An item of `matchCapabilities` or `matchCapabilityChanges`',
  workloads: '`matchWorkloads`',
  action: 'An item of `matchActions` or `matchReturnActions`',
};

/** More values than these have a table or sections of their own. */
const ENUM_SHOWN = 10;

export function writePage(parts: Parts, sections: readonly Section[], examples: Examples): string {
  const contents = sections.map(({ title, features }) => {
    const inner = features.map((feature) => `  - ${link(feature.title)}`);
    return [`- ${link(title)}`, ...inner].join('\n');
  });
  return `${contents.join('\n')}\n\n${sections.map((section) => writeSection(section, parts, examples)).join('\n')}`;
}

function link(title: string): string {
  return `[${title}](#${anchor(title)})`;
}

function writeSection(
  { title, intro, parts: names, tables = [], features }: Section,
  parts: Parts,
  examples: Examples,
): string {
  return [
    `## ${title}`,
    intro,
    ...tables.map((make) => make()),
    ...names.map((name) => fieldsTable(name, parts)),
    ...features.map((feature) => writeFeature(feature, examples)),
  ]
    .join('\n\n')
    .concat('\n');
}

function fieldsTable(name: string, parts: Parts): string {
  const part = parts.get(name);
  const rows = [...(part?.fields.values() ?? [])].map(fieldRow);
  const rules = [...(part?.rules.keys() ?? [])].map((message) => `- ${message}`);
  const head = `**${PART_TITLES[name] ?? name}**\n\n${table(['field', 'type', 'default', 'what it is'], rows)}`;
  return rules.length === 0 ? head : `${head}\n\nRules:\n\n${rules.join('\n')}`;
}

function fieldRow({ name, schema, required }: Field): string[] {
  const { description = '', default: value } = schema;
  return [
    code(name),
    typeText(schema),
    required ? 'required' : value === undefined || value === '' ? '' : code(JSON.stringify(value)),
    cell(`${description}${enumText(schema)}`),
  ];
}

function typeText(schema: CrdSchema): string {
  const { type, items, format, minimum, maxItems, maxLength, pattern, additionalProperties } = schema;
  const limits = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
    ...(pattern === undefined ? [] : [code(pattern)]),
  ].join(', ');
  const what =
    items !== undefined
      ? `list of ${objectOf(schema) === undefined ? typeText(items) : 'objects'}`
      : additionalProperties !== undefined
        ? 'map'
        : (format ?? type);
  return cell(limits === '' ? what : `${what}, ${limits}`);
}

function enumText({ enum: values }: CrdSchema): string {
  if (values === undefined) return '';
  return values.length > ENUM_SHOWN ? ' See below.' : ` One of ${codes(values)}.`;
}

function writeFeature(
  { title, text, table: makeTable, examples: names, tetragon }: Feature,
  examples: Examples,
): string {
  const shown = names.map((name) => examples.get(name)).filter((example) => example !== undefined);
  const served = shown.filter(({ refused }) => refused === undefined);
  const needs = kernelNeeds(served);
  return [
    `### ${title}`,
    text,
    ...(makeTable === undefined ? [] : [makeTable()]),
    ...(served.length === 0 ? ['**Refused in this version**, with its place and the reason.'] : []),
    ...(needs === '' ? [] : [`Kernel: ${needs}.`]),
    ...(tetragon === undefined ? [] : [`Tetragon ${tetragon}`]),
    ...shown.map(writeExample),
  ].join('\n\n');
}

function kernelNeeds(examples: readonly Example[]): string {
  const needs = new Set(examples.flatMap(({ needs: each }) => each));
  if (needs.has('bpfLsm')) return 'BPF LSM (`bpf` in `lsm=`)';
  if (!needs.has('trampolines')) return '';
  const all = examples.every(({ needs: each }) => each.includes('trampolines'));
  return all ? 'BPF trampolines or kprobes' : '';
}

function writeExample({ name, description, yaml, match, other, refused, unprovoked }: Example): string {
  const outcome = [
    ...(match === undefined ? [] : [`matches: ${code(match)}`]),
    ...(other === undefined ? [] : [`does not: ${code(other)}`]),
    ...(refused === undefined ? [] : [`refused: “${refused}”`]),
    ...(unprovoked === undefined ? [] : [`loaded by the test, but not provoked: ${unprovoked}`]),
  ];
  return [
    `${description} ([${name}.yaml](examples/${name}.yaml))`,
    `\`\`\`yaml\n${fragment(yaml)}\n\`\`\``,
    outcome.map((line) => `- ${line}`).join('\n'),
  ].join('\n\n');
}

/** What stands under `spec:`, or the whole where there is something else to see. */
function fragment(yaml: string): string {
  const [head = '', spec] = yaml.split(/^spec:\n/m);
  const isPlain = /^kind: TracingPolicy$/m.test(head) && !/annotations:/.test(head);
  return spec === undefined || !isPlain ? yaml : spec.replaceAll(/^ {2}/gm, '');
}
