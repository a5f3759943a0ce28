/**
 * The commands, one line each, in the order in which help shows them. A command is loaded only when it is needed,
 * because loading the others would take most of the time of a short command.
 */
import type { CommandDefinition } from '../cli/command.js';

// biome-ignore lint/suspicious/noExplicitAny: commands of any options
type AnyCommand = CommandDefinition<any>;

const registry: Readonly<Record<string, () => Promise<AnyCommand>>> = {
  train: async () => (await import('./train.js')).train,
  sample: async () => (await import('./sample.js')).sample,
  convert: async () => (await import('./convert.js')).convert,
  eval: async () => (await import('./eval.js')).evaluate,
  score: async () => (await import('./score.js')).score,
  which: async () => (await import('./which.js')).which,
  novelty: async () => (await import('./novelty.js')).novelty,
  compress: async () => (await import('./compress.js')).compress,
  decompress: async () => (await import('./decompress.js')).decompress,
  export: async () => (await import('./export.js')).exportCommand,
  import: async () => (await import('./import.js')).importCommand,
  inspect: async () => (await import('./inspect.js')).inspect,
  bench: async () => (await import('./bench.js')).bench,
  cells: async () => (await import('./cells-command.js')).cellsCommand,
  search: async () => (await import('./search-command.js')).searchCommand,
  gradients: async () => (await import('./gradients.js')).gradients,
  lecture: async () => (await import('./lecture.js')).lecture,
  visualize: async () => (await import('./visualize.js')).visualize,
  report: async () => (await import('./report.js')).report,
  serve: async () => (await import('./serve.js')).serve,
  publish: async () => (await import('./publish.js')).publish,
  completion: async () => (await import('./completion.js')).completion,
};

/**
 * The definition of the command with exactly this name; for any other word all definitions, so that a suggestion can be
 * made.
 */
export async function commandsFor(word: string | undefined): Promise<readonly AnyCommand[]> {
  if (word !== undefined && Object.hasOwn(registry, word)) return [await registry[word]()];
  return Promise.all(Object.values(registry).map((load) => load()));
}
