/** `charnn cells`: lists, shows and checks recurrent cells as equations. */
import { gradientErrors } from '../analyse/check-gradients.js';
import { fusedNames, headingOf, libraryNames, libraryText } from '../cells/cell-library.js';
import { keptWidth, type Program } from '../cells/cell-program.js';
import { compileCell } from '../cells/compile.js';
import { defineCell } from '../cells/definition.js';
import { print } from '../cells/print.js';
import { defineCommand } from '../cli/command.js';
import * as rows from '../cli/rows.js';
import { CharnnError, UsageError } from '../errors.js';
import { limits } from '../limits.js';
import { coresInStep } from '../machine/cores.js';
import { grouped, jsonText, printable, quote } from '../messages/quote.js';
import { chooseCell } from '../model/cells/cells.js';
import { nearest, suggestion } from '../options/suggest.js';
import { type OptionsOf, option } from '../options/table.js';
import { integer } from '../options/types.js';
import { benchmark } from '../train/length/benchmark.js';

const table = {
  hidden: option(
    '<n>',
    integer(1, limits.width),
    'units of the layer whose costs are shown or measured',
    {
      default: 256,
    },
  ),
  threads: rows.threads,
  backend: rows.backend,
  json: rows.json,
  debug: rows.debug,
};
type Options = OptionsOf<typeof table>;

export const cellsCommand = defineCommand({
  name: 'cells',
  arguments: '[action] [cell]',
  summary: 'list recurrent cells, show and check their equations',
  description:
    "List the recurrent cells that --cell takes. `show` prints a cell's equations and\nwhat it costs; `check` compares its gradients with finite differences, and\nmeasures its speed. A file of equations (NAME.cell) has lines such as those that\n`charnn cells show gru` prints, for instance h' = tanh(W x + U h + b).",
  examples: [
    ['charnn cells', 'all cells'],
    ['charnn cells show nas --hidden 512', 'its equations and costs'],
    ['charnn cells check my.cell', 'are its gradients right?'],
  ],
  synonyms: ['cell', 'equations', 'architectures'],
  options: table,
  standardOutput: 'result',
  async run(args, options) {
    const [action, name, ...more] = args;
    if (action === undefined) process.stdout.write(list(options));
    else if (action !== 'show' && action !== 'check') {
      const hint = suggestion(nearest(action, ['show', 'check']));
      throw new UsageError(
        `cells has no action ${quote(action)}: give show or check and a cell, or nothing for a list${hint}`,
      );
    } else if (name === undefined || more.length > 0) {
      throw new UsageError(`cells ${action} takes one cell: a name, or a file of equations`);
    } else if (action === 'show') process.stdout.write(show(meant(name), options));
    else return await check(meant(name), options);
  },
});

/**
 * Finds a known cell by its name, whatever the case of its letters, as --cell does; any other text is returned
 * unchanged.
 */
function meant(name: string): string {
  const known = [...fusedNames, ...libraryNames].find((cell) => cell === name.toLowerCase());
  return known ?? name;
}

/** Finds a cell and its equations, which cells with kernels of their own also have. */
function find(name: string): {
  readonly name: string;
  readonly text: string;
  readonly fused: boolean;
} {
  const fused = fusedNames.find((known) => known === name);
  if (fused) return { name, text: libraryText(fused), fused: true };
  const { cell, equations } = chooseCell(name);
  return { name: cell, text: equations ?? '', fused: false };
}

function list({ json }: Options): string {
  const cells = [...fusedNames, ...libraryNames].map((name) => {
    const [what, source] = headingOf(libraryText(name));
    return { name, what, source };
  });
  if (json) return `${jsonText(cells)}\n`;
  return cells.map(({ name, what }) => `${name.padEnd(10)}${what}\n`).join('');
}

/** The size and cost of a layer with H units and H inputs */
function costs(program: Program, H: number) {
  const { inputs, units, vectors, recurrent, operations, states } = program;
  return {
    states: states.length,
    inputMatrices: inputs.length,
    unitMatrices: units.length,
    vectors: vectors.length,
    parameters: (inputs.length + units.length) * H * H + vectors.length * H,
    recurrentMatrices: recurrent.matrices,
    recurrentProducts: recurrent.products,
    operations: { forward: operations[0], backward: operations[1] },
    bytesPerCharacter: 4 * keptWidth(program) * H,
  };
}

function show(given: string, { hidden: H = table.hidden.default, json }: Options): string {
  const { name, text, fused } = find(given);
  const definition = defineCell(text);
  const cost = costs(compileCell(text), H);
  const heading = headingOf(text);
  if (json) {
    return `${jsonText({ name, heading, equations: print(definition), fused, hidden: H, ...cost })}\n`;
  }
  const { recurrentProducts: products, recurrentMatrices: matrices, operations } = cost;
  const inWords =
    products === 0
      ? 'none depends on the state, so all are computed for a whole chunk at once'
      : `${products} per time step ${products === 1 ? 'depends' : 'depend'} on the state, with ${matrices} ${matrices === 1 ? 'matrix' : 'matrices'} of ${H} × ${H}`;
  const lines = [
    ['parameters', `${grouped(cost.parameters)} in a layer of ${H} units with ${H} inputs`],
    ['products', inWords],
    [
      'operations',
      `per unit and time step: ${operations.forward} forward, ${operations.backward} backward`,
    ],
    [
      'memory',
      `${grouped(cost.bytesPerCharacter)} bytes per layer and per character of a chunk, during training`,
    ],
    ...(fused ? [['computed', 'by hand-written kernels instead of these equations']] : []),
  ];
  return [
    ...heading.map(printable),
    '',
    ...print(definition).trimEnd().split('\n'),
    '',
    ...lines.map(([what, how]) => `${what.padEnd(12)}${how}`),
    '',
  ].join('\n');
}

/** Relative error above which a gradient counts as wrong; finite differences in float64 are exact to about 1e-8. */
const tolerance = 1e-6;

async function check(given: string, options: Options): Promise<void> {
  const { hidden = table.hidden.default, threads = coresInStep(), backend = 'auto' } = options;
  const choice = chooseCell(given);
  const small = { ...choice, layers: 1, hidden: 5, embedding: 3, vocabulary: 7 };
  const errors = await gradientErrors(small);
  const worst = errors.reduce((a, b) => (b.error <= a.error ? a : b));
  const speed = async (cell: string) =>
    await benchmark({
      ...{ ...chooseCell(cell), layers: 1, hidden, embedding: 64, vocabulary: 65 },
      ...{ batchSize: 50, seqLength: 50, threads, backend, iterations: 20 },
    });
  const [own, lstm] = [await speed(given), await speed('lstm')];
  const share = own.charsPerSecond / lstm.charsPerSecond;
  if (options.json) {
    const { charsPerSecond } = own;
    process.stdout.write(
      `${jsonText({ cell: choice.cell, errors, hidden, backend: own.backend, charactersPerSecond: Math.round(charsPerSecond), shareOfLstm: Number(share.toFixed(3)) })}\n`,
    );
  } else {
    const thousands = (own.charsPerSecond / 1000).toFixed(1);
    process.stdout.write(
      [
        `gradients   agree with finite differences to ${worst.error.toExponential(1)} (${worst.tensor})`,
        `training    ${thousands} thousand char/s at 1 × ${hidden}, ${share.toFixed(2)} of an LSTM's (${own.backend})`,
        '',
      ].join('\n'),
    );
  }
  if (!(worst.error <= tolerance)) {
    throw new CharnnError(
      `the gradient of ${worst.tensor} differs by ${worst.error.toExponential(1)} from that found by finite differences of the loss: do these equations use a function where it is undefined, such as log of a negative number?`,
    );
  }
}
