/** `charnn search`: mutates recurrent cells, and tests whether any is better than LSTM. */
import { createHash } from 'node:crypto';
import { removeTemporaryFiles, resolveLinks } from '../checkpoint/atomic.js';
import { lockModel } from '../checkpoint/lock.js';
import { defineCommand } from '../cli/command.js';
import { clock, createOutput, grouped, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { Interruption } from '../cli/signals.js';
import { CharnnError, UsageError } from '../errors.js';
import { Corpus } from '../library/corpus.js';
import { textOf } from '../library/held.js';
import { guardOutput } from '../library/output-guard.js';
import { usableCores } from '../machine/cores.js';
import { fittingThreads } from '../machine/memory.js';
import { jsonText, quote } from '../messages/quote.js';
import { flag, type OptionsOf, option } from '../options/table.js';
import { duration, integer, path, secondsOf } from '../options/types.js';
import { planSearch, type SearchPlan } from '../search/plan.js';
import { type RungEvent, type SearchResult, searchCells } from '../search/search.js';
import { keyOf, readRecord, type SearchRecord, writeRecord } from '../search/search-record.js';
import { Trainer } from '../search/trainer.js';
import { idsInMemory } from '../text/id-list.js';
import { batchShape } from '../train/length/preset.js';
import { textArguments } from './input/text-arguments.js';
import { noteFewerThreads } from './output/fewer-threads.js';
import { checkPagePath, provenanceOf, writePage } from './output/page-file.js';
import { pageOfSearch, rungLine, searchJson, searchLines } from './output/search-shown.js';

/** Max number of units; larger networks train so slowly that a search cannot tell cells apart. */
const maxHidden = 1024;
const maxLayers = 4;

const table = {
  time: option('<time>', duration, 'time for the whole search: 20m, 1h or 1h30m', {
    default: '1h',
  }),
  hidden: option(
    '<n>',
    integer(1, maxHidden),
    'every cell gets as many parameters as an LSTM of this many units',
    {
      default: 128,
    },
  ),
  layers: option('<n>', integer(1, maxLayers), 'number of recurrent layers', { default: 1 }),
  embedding: option(
    '<n>',
    integer(0, maxHidden),
    'size of the character embedding; 0 feeds characters one-hot',
    {
      default: 64,
    },
  ),
  seed: option('<n>', integer(0), 'random seed of mutations and training runs', { default: 1 }),
  threads: {
    ...rows.threads,
    help: 'number of training runs at the same time, each on one thread',
  },
  backend: rows.backend,
  output: option('<file>', path, 'where to record the search, so that it can be resumed', {
    short: 'o',
    default: 'search.json',
  }),
  page: option('<file>', path, 'write a self-contained HTML page: results, equations, family tree'),
  resume: flag('continue an interrupted search with the settings saved in its --output file'),
  force: flag('replace the record of another search', { short: 'f' }),
  json: rows.json,
  quiet: rows.quiet,
  debug: rows.debug,
};
type Options = OptionsOf<typeof table>;

/** Options that are fixed in the plan of a resumed search */
const planned = ['time', 'hidden', 'layers', 'embedding', 'seed', 'backend'] as const;

export const searchCommand = defineCommand({
  name: 'search',
  arguments: '[text...]',
  summary: 'search for a recurrent cell that is better than LSTM on a text',
  description:
    'Change the equations of LSTM and GRU at random, train all cells with equal\nnumbers of parameters for equal times, and continue with the better half. At the\nend, the best three cells, LSTM and GRU are trained again with five new seeds, to\nsee whether any of the three is better.',
  examples: [
    ['charnn search book.txt --time 1h', 'an hour on all cores'],
    ['charnn search book.txt --resume', 'continue after an interruption'],
    ['charnn search book.txt --page search.html', 'and write a page'],
  ],
  synonyms: ['evolve', 'nas'],
  options: table,
  standardOutput: 'result',
  run,
});

/** @returns the exit code of a signal that interrupted the search */
async function run(texts: readonly string[], options: Options): Promise<number | undefined> {
  const output = createOutput(options.quiet ?? false);
  const { resume = false, page, output: recordPath = table.output.default } = options;
  checkResumed(options);
  const paths = textArguments(texts);
  if (page !== undefined) {
    await checkPagePath({ path: page, inputs: paths, outputIsTaken: options.json });
  }
  await guardOutput({
    ...{ path: recordPath, kind: 'search', inputs: paths },
    mayReplace: resume || (options.force ?? false),
  });
  if (page !== undefined && (await resolveLinks(page)) === (await resolveLinks(recordPath))) {
    throw new UsageError(
      `--page and --output both name ${quote(page)}: give the record of the search another name`,
    );
  }
  const interruption = new Interruption();
  const lock = await lockModel(recordPath);
  const release = () => lock.release();
  // the lock must be removed even when a second Ctrl-C ends the process at once
  process.once('exit', release);
  try {
    await removeTemporaryFiles(recordPath);
    const corpus = await Corpus.load(paths);
    const before = resume ? await resumed(recordPath, corpus) : undefined;
    const wanted = options.threads ?? before?.plan.threads ?? usableCores();
    const threads = fittingTrainings(wanted, output);
    const record = before ?? {
      plan: await newPlan(corpus, options, threads),
      outcomes: new Map(),
    };
    if (!resume) await writeRecord(recordPath, record);
    say(record, output);
    const result = await interruption.during((signal) =>
      searched(
        record,
        corpus,
        threads,
        signal,
        async () => {
          lock.check();
          await writeRecord(recordPath, record);
        },
        (event) => output.note(rungLine(record.plan, event)),
      ),
    );
    if (result === undefined) {
      output.note(`interrupted: the search is in ${quote(recordPath)}; continue it with --resume`);
      return interruption.exitCode;
    }
    const { plan } = record;
    if (page !== undefined) {
      await writePage(
        page,
        'search',
        {
          title: 'A search for a cell',
          data: pageOfSearch(plan, result, provenanceOf(paths, ['recurrent cells'])),
        },
        output,
      );
    }
    process.stdout.write(
      options.json ? `${jsonText(searchJson(plan, result))}\n` : searchLines(result),
    );
    return undefined;
  } finally {
    interruption.stopListening();
    process.removeListener('exit', release);
    release();
  }
}

function checkResumed(options: Options): void {
  if (!options.resume) return;
  for (const key of planned) {
    if (options[key] === undefined) continue;
    throw new UsageError(`--${key} is fixed when a search begins: leave it out with --resume`);
  }
}

/**
 * Bytes that a small training run takes in addition to those of its thread. A larger one checks by itself whether
 * there is enough memory.
 */
const trainingBytes = 16 * 2 ** 20;

/**
 * How many training runs fit into the memory at the same time, at most the wanted number.
 * @throws CharnnError if not even one does
 */
function fittingTrainings(wanted: number, output: Output): number {
  const { count, reason } = fittingThreads(wanted, trainingBytes);
  if (count === 0) throw new CharnnError(reason);
  if (count < wanted) noteFewerThreads(output)(count, reason);
  return count;
}

async function newPlan(corpus: Corpus, options: Options, threads: number): Promise<SearchPlan> {
  const { characters } = corpus;
  return planSearch({
    ...fingerprint(corpus),
    // the batch shape that `train` picks for a small network
    ...batchShape(characters, 'small'),
    seed: options.seed ?? table.seed.default,
    hidden: options.hidden ?? table.hidden.default,
    layers: options.layers ?? table.layers.default,
    embedding: options.embedding ?? table.embedding.default,
    backend: options.backend ?? 'auto',
    threads,
    seconds: secondsOf(options.time ?? table.time.default),
  });
}

async function resumed(recordPath: string, corpus: Corpus): Promise<SearchRecord> {
  const record = await readRecord(recordPath);
  const { text, vocabulary } = fingerprint(corpus);
  if (record.plan.text === text && record.plan.vocabulary === vocabulary) return record;
  throw new CharnnError(
    `${quote(recordPath)} is the record of a search on another text: give the same text, or start a new search with --force`,
  );
}

function fingerprint(corpus: Corpus): Pick<SearchPlan, 'text' | 'vocabulary'> {
  const loaded = textOf(corpus)?.loaded;
  if (loaded === undefined) throw new Error('a corpus without a text');
  const { vocabulary } = loaded.corpus;
  const ids = idsInMemory(loaded.corpus.ids);
  const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  return { text: createHash('sha256').update(bytes).digest('hex'), vocabulary: vocabulary.size };
}

function say({ plan, outcomes }: SearchRecord, output: Output): void {
  const { rounds, width, parameters, seconds, threads } = plan;
  const at = threads === 1 ? 'one training' : `${threads} trainings`;
  output.note(
    `${rounds} rounds of ${width} cells, all with ${grouped(parameters)} parameters, in about ${clock(seconds)}, ${at} at a time`,
  );
  if (outcomes.size > 0) output.note(`${outcomes.size} training runs are already done`);
}

/** @returns undefined if a signal interrupted the search */
async function searched(
  { plan, outcomes }: SearchRecord,
  corpus: Corpus,
  threads: number,
  signal: AbortSignal,
  save: () => Promise<void>,
  onRung: (event: RungEvent) => void,
): Promise<SearchResult | undefined> {
  const trainer = await Trainer.open(corpus, plan, threads);
  try {
    return await searchCells(plan, {
      onRung,
      async train(jobs) {
        const missing = jobs.filter((job) => !outcomes.has(keyOf(job)));
        // each save of the search's record waits for the previous one, so that the file never has two writers
        let saved = Promise.resolve();
        await trainer.all(missing, signal, async (job, outcome) => {
          outcomes.set(keyOf(job), outcome);
          saved = saved.then(save);
          await saved;
        });
        return jobs.map((job) => {
          const outcome = outcomes.get(keyOf(job));
          if (outcome === undefined) throw new Error(`no loss of ${keyOf(job)}`);
          return outcome;
        });
      },
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    await trainer.close();
  }
}
