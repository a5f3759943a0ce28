/**
 * Fixes the labels for a whole text: a language model with labels becomes one without them, in which the chosen labels
 * are built in. It computes the same, so code that uses models of texts need not know about labels.
 *
 * At every step, labels add the term W_label u to the input projection W_ih x + b_ih, where u is the sum of their
 * embeddings (see labels.ts). This term becomes part of b_ih. If the input is one-hot, it is added to each column of
 * W_ih instead. A cell given by equations has no b_ih; if its input is not one-hot, u is appended to the embedding of
 * every character, and W_label to W_ih.
 */
import { cellOf } from './cells/cells.js';
import { labelWeight } from './labelled-input.js';
import { labelEmbeddings, labelWidth } from './labels.js';
import type { ModelConfig } from './model-config.js';
import { type Model, namedTensors } from './model-data.js';
import { parameterTable } from './parameters.js';

/**
 * @param model a language model with labels
 * @param values for each label, the index of the chosen value
 */
export function withLabelsChosen(model: Model, values: readonly number[]): Model {
  const { labels: counts = [], ...plain } = model.config;
  const { beside: _, ...rest } = model;
  const E = labelWidth(model.config);
  const old = new Map(namedTensors(model).map((t) => [t.parameter.name, t.values]));
  const tensor = (name: string) => old.get(name) as Float32Array;
  const sums = new Float64Array(E);
  let offset = 0;
  counts.forEach((count, c) => {
    const from = (offset + values[c]) * E;
    for (let e = 0; e < E; e++) sums[e] += tensor(labelEmbeddings)[from + e];
    offset += count;
  });
  const matrix = tensor(labelWeight);
  const added = Float64Array.from({ length: matrix.length / E }, (_, row) =>
    sums.reduce((sum, x, e) => sum + x * matrix[row * E + e], 0),
  );
  const config = isWidened(plain) ? { ...plain, embedding: plain.embedding + E } : plain;
  const { parameters, flatSize } = parameterTable(config);
  const weights = new Float32Array(flatSize);
  const inputs = inputNames(config);
  for (const { name, start, size } of parameters) {
    const own = weights.subarray(start, start + size);
    const row = inputs.indexOf(name);
    if (isWidened(plain) && name === 'embedding.weight') {
      widen(own, tensor(name), plain.embedding, () => sums);
    } else if (isWidened(plain) && row >= 0) {
      const { hidden: H } = plain;
      widen(own, tensor(name), plain.embedding, (i) =>
        matrix.subarray((row * H + i) * E, (row * H + i + 1) * E),
      );
    } else {
      own.set(tensor(name));
      if (row < 0) continue;
      // number of columns: one for each character in the weight of a one-hot input, and 1 in a bias
      const width = size / (cellOf(plain).learned ? plain.hidden : added.length);
      for (let i = 0; i < size; i++) {
        own[i] += added[row * plain.hidden + Math.floor(i / width)];
      }
    }
  }
  return { ...rest, config, weights };
}

/**
 * Whether u, the sum of the labels' embeddings, is appended to the characters' embeddings, because there is neither a
 * bias nor one-hot input to add the labels' term to
 */
function isWidened(config: ModelConfig): boolean {
  return config.embedding > 0 && cellOf(config).learned !== undefined;
}

/**
 * Names of the parameters to which the contribution of the labels is added. A cell given by equations has one parameter
 * with H rows for each matrix that multiplies the input; other cells have a single one with all rows.
 */
function inputNames(config: ModelConfig): string[] {
  const { learned } = cellOf(config);
  if (learned) return learned.inputs.map((name) => `rnn.${name}_l0`);
  return [config.embedding > 0 ? 'rnn.bias_ih_l0' : 'rnn.weight_ih_l0'];
}

/** Appends `more(i)` to row i of a matrix with `width` columns. */
function widen(
  into: Float32Array,
  from: Float32Array,
  width: number,
  more: (row: number) => ArrayLike<number>,
): void {
  const rows = from.length / width;
  const wide = into.length / rows;
  for (let i = 0; i < rows; i++) {
    into.set(from.subarray(i * width, (i + 1) * width), i * wide);
    into.set(more(i), i * wide + width);
  }
}
