// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/**
 * The flows of docs/architecture.md, left to right: a stage imports only from stages to its left in one of them.
 * "agent" stands for the files directly in src/, which wire the stages.
 */
const FLOWS: string[][][] = [
  [
    ['base'],
    ['kernel'],
    ['events'],
    ['process'],
    ['enrich'],
    ['journal'],
    ['filter'],
    ['encode'],
    ['sinks', 'api', 'react'],
    ['agent'],
    ['cli'],
  ],
  [['base'], ['kernel'], ['events'], ['policy'], ['plan'], ['sensor'], ['api'], ['agent'], ['cli']],
  [['base'], ['kernel'], ['doctor'], ['cli']],
];

export interface Import {
  from: string;
  to: string;
  line: number;
  typeOnly: boolean;
}

/** A breach of a rule: where, and which. */
export interface Problem {
  file: string;
  line: number;
  message: string;
}

/** The relative imports and re-exports of a source file, dynamic ones included; paths from the repository's root. */
export function readImports(file: string, text = readFileSync(file, 'utf8')): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const imports: Import[] = [];
  const add = (target: ts.Node | undefined, typeOnly: boolean): void => {
    if (target === undefined || !ts.isStringLiteral(target) || !target.text.startsWith('.')) return;
    const { line } = source.getLineAndCharacterOfPosition(target.getStart(source));
    const to = normalize(join(dirname(file), target.text));
    imports.push({ from: file, to, line: line + 1, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return imports;
}

/** The stage of a file in src/; undefined for what is no stage (native/, scripts/, tests' own folders). */
function stageOf(file: string): string | undefined {
  const [top, folder, ...rest] = file.split('/');
  if (top !== 'src' || folder === undefined) return undefined;
  return rest.length === 0 ? 'agent' : folder;
}

function isAllowed(from: string, to: string): boolean {
  return FLOWS.some((flow) => {
    const place = (stage: string): number => flow.findIndex((column) => column.includes(stage));
    return place(to) >= 0 && place(to) < place(from);
  });
}

/** Imports against the direction of the flows, of the addon's types past src/kernel, and of folders that no flow has. */
export function findWrongDirections(imports: Import[]): Problem[] {
  const known = new Set(FLOWS.flat(2));
  return imports.flatMap(({ from, to, line, typeOnly }): Problem[] => {
    const [source, target] = [stageOf(from), stageOf(to)];
    const report = (message: string): Problem[] => [{ file: from, line, message }];
    if (source === undefined || source === target) return [];
    if (!known.has(source))
      return report(`Folder "src/${source}" has no place in a flow of scripts/check/imports.ts`);
    if (target === undefined)
      return to.startsWith('native/') && (source === 'kernel' || typeOnly)
        ? []
        : report(`"${source}" imports "${to}", which is outside src/`);
    return isAllowed(source, target)
      ? []
      : report(`"${source}" imports "${target}", which is not to its left: ${to}`);
  });
}

/** Each cycle of run-time imports once, from its first file in alphabetical order. */
export function findCycles(imports: Import[]): Problem[] {
  const edges = Map.groupBy(
    imports.filter(({ typeOnly }) => !typeOnly),
    ({ from }) => from,
  );
  const problems: Problem[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: string[]): void => {
    for (const edge of edges.get(file) ?? []) {
      const start = path.indexOf(edge.to);
      if (start >= 0)
        problems.push({
          file,
          line: edge.line,
          message: `Import cycle: ${[...path.slice(start), edge.to].join(' → ')}`,
        });
      else if (!done.has(edge.to)) walk(edge.to, [...path, edge.to]);
    }
    done.add(file);
  };
  for (const file of [...edges.keys()].sort()) if (!done.has(file)) walk(file, [file]);
  return problems;
}
