/** `charnn export`: writes a model in a format of other programs. */
import { defineCommand } from '../cli/command.js';
import { createOutput, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { CharnnError, OptionError, optionName, UsageError } from '../errors.js';
import {
  type GraphKind,
  graphKinds,
  hasSequenceOperator,
  onnxModel,
} from '../exchange/onnx/onnx-model.js';
import { modelSafetensors } from '../exchange/safetensors-model.js';
import { guardOutput } from '../library/output-guard.js';
import { quote } from '../messages/quote.js';
import { type ExportFormat, exportFormats, refusal } from '../model/capabilities.js';
import type { Model } from '../model/model-data.js';
import { flag, type OptionsOf, option } from '../options/table.js';
import { choice, path } from '../options/types.js';
import { readAnyChosenModel } from './input/chosen-model.js';
import { modelPath } from './input/model-argument.js';
import { isPipe, isStandardOutput, writeResult } from './output/result-file.js';

const table = {
  model: rows.model,
  last: rows.last,
  format: option('<name>', choice(exportFormats), 'format of the file', {
    absent: 'what --output ends in, or safetensors',
  }),
  output: option('<file>', path, 'where to write it; - is standard output', {
    short: 'o',
    absent: "the model's name with the format's ending",
  }),
  graph: option(
    '<kind>',
    choice(graphKinds),
    'what the graph of ONNX reads at a time: one character, or a sequence',
    {
      default: 'step',
    },
  ),
  counts: flag("leave the model's n-gram counts out, which hold strings of its text", {
    flag: 'no-counts',
    default: true,
  }),
  quiet: rows.quiet,
  debug: rows.debug,
};
type Options = OptionsOf<typeof table>;

const endings: Readonly<Record<ExportFormat, string>> = {
  safetensors: '.safetensors',
  onnx: '.onnx',
};

export const exportCommand = defineCommand({
  name: 'export',
  arguments: '[model]',
  summary: 'write a model in a format of other programs',
  description:
    'Write a model (default: charnn.json) as a file of safetensors, for PyTorch and\nothers, or as a graph of ONNX. charnn import reads safetensors again.',
  examples: [
    ['charnn export', 'charnn.safetensors'],
    ['charnn export -o model.onnx', 'a graph of one step, with states'],
    ['charnn export -o model.onnx --graph sequence', 'a graph over a whole text'],
  ],
  synonyms: ['save', 'onnx', 'safetensors'],
  options: table,
  standardOutput: 'result',
  run: exportModel,
});

async function exportModel(args: readonly string[], options: Options): Promise<void> {
  const output = createOutput(options.quiet ?? false);
  const from = modelPath(args, options.model);
  const format = options.format ?? formatOf(options.output);
  const graph = options.graph ?? table.graph.default;
  if (format !== 'onnx' && graph !== table.graph.default) {
    throw new OptionError(
      (name) => `${name('graph')} is for ${name('format', 'onnx')}: leave it out`,
    );
  }
  const to = options.output ?? from.replace(/(\.json)?$/i, endings[format]);
  await checkPath(to, format, from);
  const read = await readAnyChosenModel(from, options.last);
  const model = options.counts === false ? { ...read, counts: undefined } : read;
  const sentence = refusal({ ...model.config, format });
  if (sentence !== undefined) {
    throw new CharnnError(`${quote(from)} cannot be exported: ${sentence(optionName)}`);
  }
  if (format === 'safetensors') {
    await writeResult(to, modelSafetensors(model), 'the model', output);
  } else {
    await writeOnnx(model, graph, { from, to }, output);
  }
}

function formatOf(file: string | undefined): ExportFormat {
  const found = exportFormats.find((format) => file?.toLowerCase().endsWith(endings[format]));
  return found ?? 'safetensors';
}

async function checkPath(to: string, format: ExportFormat, from: string): Promise<void> {
  if (isStandardOutput(to)) {
    if (!process.stdout.isTTY) return;
    throw new UsageError(
      `a file of ${format} cannot be written to a terminal: redirect standard output`,
    );
  }
  if (await isPipe(to)) return;
  await guardOutput({ path: to, kind: format, mayReplace: true, inputs: [from] });
}

async function writeOnnx(
  model: Model,
  graph: GraphKind,
  { from, to }: { readonly from: string; readonly to: string },
  output: Output,
): Promise<void> {
  if (model.config.labels !== undefined) {
    throw new CharnnError(
      `${quote(from)} cannot be exported: a model with labels is for ${optionName('format', 'safetensors')}, not onnx`,
    );
  }
  if (graph === 'sequence' && !hasSequenceOperator(model.config)) {
    throw new CharnnError(
      `${quote(from)} cannot be a graph over a sequence: ONNX has operators for rnn, lstm and gru without layer normalisation alone; take ${optionName('graph', 'step')}`,
    );
  }
  await writeResult(to, onnxModel(model, graph), 'the graph', output);
  if (model.counts === undefined) return;
  output.note(
    "the graph is the network alone: the model's n-gram counts are not part of it, so it predicts as with --counts-weight 0",
  );
}
