/** The program: dispatch, and the one place where errors become words and an exit code. */

import chalk, { chalkStderr } from 'chalk';
import { CommanderError } from 'commander';
import { commandOptions } from './cli/options.js';
import { type CommandDefinition, createProgram, worded } from './cli/program.js';
import { endByHangup } from './cli/signals.js';
import type { RawTrainOptions } from './cli/train-config.js';
import { bench, type RawBenchOptions } from './commands/bench.js';
import {
  compressFile,
  decompressFile,
  type RawCompressOptions,
  type RawDecompressOptions,
} from './commands/compress.js';
import { evaluateText, type RawEvalOptions } from './commands/eval.js';
import { gradients, type RawGradientsOptions } from './commands/gradients.js';
import { inspect } from './commands/inspect.js';
import { novelty, type RawNoveltyOptions } from './commands/novelty.js';
import { type RawReportOptions, report as reportTrainings } from './commands/report.js';
import { sample } from './commands/sample.js';
import type { RawSampleOptions } from './commands/sample-settings.js';
import { type RawScoreOptions, score } from './commands/score.js';
import { train } from './commands/train.js';
import { type RawVisualizeOptions, visualize } from './commands/visualize.js';
import { type RawWhichOptions, which } from './commands/which.js';
import { CharnnError, exitCode, fromSystem, systemReason } from './errors.js';
import { printable, printableLines, quote } from './text/quote.js';

const commands: readonly CommandDefinition[] = [
  {
    name: 'train',
    arguments: '[text...]',
    summary: 'learn from a text',
    description:
      'Learn from files, folders or standard input (-). The best model goes to\n--output, what is needed to go on into a state file beside it.',
    options: commandOptions.train,
    examples: [
      ['charnn train book.txt --time 3m', 'learn for three minutes'],
      ['charnn train poems/ --cell gru --epochs 30', 'a folder, another cell'],
      ['zcat logs/*.gz | charnn train - -o logs.json', 'a stream'],
      ['charnn train --resume', 'go on after an interruption'],
    ],
    run: async (texts: string[], options: RawTrainOptions) => {
      outputIsTheResult = false;
      process.exitCode = await train(texts, options);
    },
  },
  {
    name: 'sample',
    summary: 'write new text',
    description: 'Write text from a model to standard output, as it is produced.',
    options: commandOptions.sample,
    examples: [
      ['charnn sample --temp 0.8', 'a little safer than the model'],
      ["charnn sample -p 'Call me' -l 200", 'go on from a text'],
      ['charnn sample -l 1000000 | head -n 20', 'as much as is read'],
      ["charnn sample -n 20 --stop '\\n' | sort -u", 'twenty lines'],
      ['seq 9 | charnn sample --complete -', 'lines that begin so'],
      ['charnn sample -i', 'take turns with it'],
    ],
    run: (options: RawSampleOptions) => sample(options),
  },
  {
    name: 'eval',
    arguments: '[text...]',
    summary: 'measure how well a model predicts a text',
    description: 'Print the loss of a text under a model: files, folders or\nstandard input (-).',
    options: commandOptions.eval,
    examples: [
      ['charnn eval other-book.txt', 'how foreign is it?'],
      ['charnn eval - --json < page.txt', 'for a script'],
    ],
    run: (texts: string[], options: RawEvalOptions) => evaluateText(texts, options),
  },
  {
    name: 'score',
    arguments: '[text...]',
    summary: 'put its bits per character in front of each line',
    description:
      'Read lines from files or standard input and write each with its bits per\ncharacter in front, in order: the higher, the less the model expected it.',
    options: commandOptions.score,
    examples: [
      ['charnn score app.log | sort -rn | head', 'the oddest lines'],
      ['tail -f app.log | charnn score --threshold 4', 'as they come'],
      ['charnn score --per-char < poem.txt', 'each character, as JSON'],
    ],
    run: (texts: string[], options: RawScoreOptions) => score(texts, options),
  },
  {
    name: 'which',
    arguments: '<model...>',
    summary: 'say which of several models wrote each line',
    description:
      'Write each line of standard input with the name of the model that is most\nlikely to have written it, and by how many bits it is ahead of the next.',
    options: commandOptions.which,
    examples: [
      ['charnn which en.json de.json < mixed.txt', 'languages'],
      ['charnn which a.json b.json | cut -f1 | uniq -c', 'how often'],
    ],
    run: (models: string[], options: RawWhichOptions) => which(models, options),
  },
  {
    name: 'novelty',
    arguments: '[text...]',
    summary: 'say how much of a text is copied from a corpus',
    description:
      "Print which share of a text's strings of each length a corpus does not have,\nand the longest runs of characters that both have.",
    options: commandOptions.novelty,
    examples: [['charnn sample -l 20000 | charnn novelty --corpus book.txt', 'learnt by heart?']],
    run: (texts: string[], options: RawNoveltyOptions) => novelty(texts, options),
  },
  {
    name: 'compress',
    arguments: '[file]',
    summary: 'compress a file with a model that learns from it',
    description:
      'Write a file or standard input compressed to standard output: arithmetic\ncoding with the predictions of a model that learns as it goes.',
    options: commandOptions.compress,
    examples: [
      ['charnn compress book.txt > book.cz', 'with a fresh model'],
      ['charnn compress -m charnn.json < new.txt > new.cz', 'with one that knows'],
    ],
    run: (path: string | undefined, options: RawCompressOptions) => compressFile(path, options),
  },
  {
    name: 'decompress',
    arguments: '[file]',
    summary: 'restore what compress was given',
    description:
      'Write what compress was given, byte for byte. It needs the same back end, and\nthe model if one was given.',
    options: commandOptions.decompress,
    examples: [['charnn decompress book.cz > book.txt', 'the very same bytes']],
    run: (path: string | undefined, options: RawDecompressOptions) => decompressFile(path, options),
  },
  {
    name: 'inspect',
    arguments: '[model]',
    summary: 'print what a model is',
    description:
      'Print the cell, sizes, tensors, vocabulary and training of a model\n(default: charnn.json).',
    options: commandOptions.inspect,
    examples: [
      ['charnn inspect', 'of charnn.json'],
      ["charnn inspect --json | jq '.history'", 'its losses'],
    ],
    run: (path: string | undefined, options: { json?: boolean }) => inspect(path, options),
  },
  {
    name: 'bench',
    summary: 'time training and generation on this machine',
    description: 'Time training iterations and generation on this machine, on random text.',
    options: commandOptions.bench,
    examples: [
      ['charnn bench', '2 layers of 256'],
      ['charnn bench --cell gru --hidden 512 --json', 'for a script'],
    ],
    run: (options: RawBenchOptions) => bench(options),
  },
  {
    name: 'gradients',
    arguments: '[text...]',
    summary: 'show how far back the gradient reaches',
    description:
      'Measure, on a text, the gradient of the loss with respect to earlier states,\nof a model or of fresh networks side by side, and the spectra of the\nrecurrent matrices.',
    options: commandOptions.gradients,
    examples: [
      ['charnn gradients book.txt', 'of charnn.json'],
      ['charnn gradients book.txt --cell rnn,lstm,gru', 'untrained'],
      ['charnn gradients book.txt -o gradients.html', 'as a page'],
    ],
    run: (texts: string[], options: RawGradientsOptions) => gradients(texts, options),
  },
  {
    name: 'visualize',
    arguments: '[text...]',
    summary: 'show a model reading a text, as a page',
    description:
      'Write a page that shows a model reading a text: surprise, predictions,\nactivations of single units, saturated gates, and the units that follow\nfeatures of the text.',
    options: commandOptions.visualize,
    examples: [
      ['charnn visualize chapter.txt -o page.html', 'of charnn.json'],
      ['charnn visualize chapter.txt --units 1:17,1:30', 'these units'],
    ],
    run: (texts: string[], options: RawVisualizeOptions) => visualize(texts, options),
  },
  {
    name: 'report',
    arguments: '[run...]',
    summary: 'show trainings as curves, side by side, as a page',
    description:
      'Write a page with the courses of trainings: loss, learning rate, gradient\nnorm, speed, samples. A run is a model (default: charnn.json) or a log, the\nstandard output of charnn train --json.',
    options: commandOptions.report,
    examples: [
      ['charnn train book.txt --json > a.log', 'keep a log'],
      ['charnn report a.log b.log', 'two trainings side by side'],
    ],
    run: (runs: string[], options: RawReportOptions) => reportTrainings(runs, options),
  },
];

// chalk itself heeds only FORCE_COLOR (see no-color.org)
if (process.env.NO_COLOR && process.env.FORCE_COLOR === undefined) {
  chalk.level = 0;
  chalkStderr.level = 0;
}

// else it would end the process where a file's size is limited; so writing fails, and that is reported
process.on('SIGXFSZ', () => {});

/** A training's result is its model: it goes on when nobody reads its events any more. */
let outputIsTheResult = true;
let outputIsLost = false;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (outputIsTheResult) {
    // a reader that has seen enough is not an error
    if (error.code === 'EPIPE') process.exit(exitCode.done);
    report(new CharnnError(`cannot write to standard output: ${systemReason(error)}`));
    process.exit();
  }
  if (error.code === 'EIO') loseTerminal();
  else if (!outputIsLost) {
    const reason = error.code === 'EPIPE' ? 'it is closed' : systemReason(error);
    process.stderr.write(`warning: standard output takes no more events: ${reason}\n`);
  }
  outputIsLost = true;
});
// a terminal that is gone cannot be told so
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EIO') loseTerminal();
});

let terminalIsLost = false;

function loseTerminal(): void {
  if (!terminalIsLost) endByHangup();
  terminalIsLost = true;
}

function report(thrown: unknown): void {
  const error = thrown instanceof CharnnError ? thrown : (fromSystem(thrown, quote) ?? thrown);
  const known = error instanceof CharnnError;
  const message = known
    ? error.message
    : `internal error: ${error instanceof Error ? error.message : error}; run with --debug for the stack`;
  process.stderr.write(`${chalkStderr.red('charnn:')} ${printable(message)}\n`);
  if (process.argv.includes('--debug') && thrown instanceof Error) {
    process.stderr.write(`${printableLines(thrown.stack ?? '')}\n`);
  }
  process.exitCode = known ? error.exitCode : exitCode.failed;
}

/** How long an interrupted command waits for somebody to read the rest of its output. */
const farewellMs = 1000;

const program = createProgram(commands);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) report(error);
  else {
    const complaint = worded(error);
    if (complaint) report(complaint);
    else process.exitCode = error.code === 'commander.help' ? exitCode.usage : exitCode.done;
  }
}
// what nobody reads would keep the process alive after the signal that ended its work
const signalCodes: readonly unknown[] = [
  exitCode.hangup,
  exitCode.interrupted,
  exitCode.terminated,
];
if (signalCodes.includes(process.exitCode)) setTimeout(() => process.exit(), farewellMs).unref();
