// SPDX-License-Identifier: Apache-2.0
// npm run soak -- NAME: a test at the count that the issues state, in pieces of less than ten minutes. What was interrupted
// goes on with the next piece.
import { Command } from 'commander';
import { SCENARIOS } from './scenarios.ts';
import { forgetPieces, loadPieces, savePieces } from './state.ts';

const program = new Command('npm run soak --')
  .usage('[options] [NAME]')
  .argument('[name]', 'which test; without it they are listed')
  .option('--restart', 'forget the pieces that an interrupted run has done')
  .action(main);

async function main(name: string | undefined, options: { restart?: boolean }): Promise<void> {
  if (name === undefined) {
    for (const { name: known, about } of SCENARIOS) process.stdout.write(`${known.padEnd(17)}${about}\n`);
    return;
  }
  const scenario = SCENARIOS.find((known) => known.name === name);
  if (scenario === undefined) {
    const names = SCENARIOS.map((known) => known.name).join(', ');
    process.stderr.write(`merlon: Unknown soak test ${JSON.stringify(name)}\nUse one of ${names}.\n`);
    process.exitCode = 2;
    return;
  }
  if (options.restart === true) forgetPieces(name);
  const figures = loadPieces(name);
  const { pieces } = scenario;
  for (let piece = figures.length; piece < pieces; piece++) {
    process.stderr.write(`${name}: piece ${piece + 1} of ${pieces}\n`);
    const figure = await scenario.run(piece);
    process.stderr.write(`${name}: piece ${piece + 1} of ${pieces}: ${JSON.stringify(figure)}\n`);
    figures.push(figure);
    savePieces(name, figures);
  }
  process.stdout.write(`${JSON.stringify({ name, about: scenario.about, pieces: figures })}\n`);
  forgetPieces(name);
}

await program.parseAsync();
