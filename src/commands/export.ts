/** `charnn export`: writes a model in a format that other programs read. */
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
import { labelChoiceRow, withChosenLabels } from '../library/label-choice.js';
import { quote } from '../messages/quote.js';
import { type ExportFormat, exportFormats, refusal } from '../model/capabilities.js';
import type { Model } from '../model/model-data.js';
import { type OptionsOf, option } from '../options/table.js';
import { choice, path } from '../options/types.js';
import { readAnyChosenModel } from './input/chosen-model.js';
import { modelPath } from './input/model-argument.js';
import { countsRow } from './output/counts-row.js';
import { checkResultPath, writeResult } from './output/result-file.js';

const table = {
  model: rows.model,
  last: rows.last,
  format: option('<name>', choice(exportFormats), 'format of the file', {
    absent: 'chosen by the ending of --output, otherwise safetensors',
  }),
  output: option('<file>', path, 'where to write the file; - for standard output', {
    short: 'o',
    absent: "the model's name with the format's ending",
  }),
  graph: option(
    '<kind>',
    choice(graphKinds),
    'what the ONNX graph reads in one run: one character (step), or many (sequence)',
    {
      default: 'step',
    },
  ),
  label: labelChoiceRow,
  counts: countsRow,
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
  summary: 'write a model in a format that other programs read',
  description:
    'Write a model (default: charnn.json) as a safetensors file, for PyTorch and\nother programs, or as an ONNX graph. charnn import reads safetensors files.',
  examples: [
    ['charnn export', 'charnn.safetensors'],
    ['charnn export -o model.onnx', 'reads a character at a time'],
    ['charnn export -o model.onnx --graph sequence', 'reads a whole text'],
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
  await checkResultPath(
    { path: to, kind: format, mayReplace: true, inputs: [from] },
    `a file of ${format}`,
  );
  const whole = await readAnyChosenModel(from, options.last);
  if (whole.config.pairs && options.label !== undefined) {
    throw new UsageError(
      `${optionName('label')} is for models of texts, but this model was trained on pairs: leave it out`,
    );
  }
  // an ONNX graph cannot have labels; other files keep the model's labels unless values are chosen for them
  const isChosen = options.label !== undefined || format === 'onnx';
  const read = isChosen && !whole.config.pairs ? withChosenLabels(whole, options.label) : whole;
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

async function writeOnnx(
  model: Model,
  graph: GraphKind,
  { from, to }: { readonly from: string; readonly to: string },
  output: Output,
): Promise<void> {
  if (graph === 'sequence' && !hasSequenceOperator(model.config)) {
    throw new CharnnError(
      `${quote(from)} cannot be exported as a graph that reads a sequence: ONNX has operators for this only for rnn, lstm and gru without layer normalisation; give ${optionName('graph', 'step')}`,
    );
  }
  await writeResult(to, onnxModel(model, graph), 'the graph', output);
  if (model.counts === undefined) return;
  output.note(
    "the graph contains only the network: the model's n-gram counts are not part of it, so it predicts as with --counts-weight 0",
  );
}
