/** Lines that a program passes for conversion, with their labels and vectors. */
import { givenMaker } from '../convert/given-lines.js';
import { UsageError } from '../errors.js';
import type { GivenLine } from '../evaluate/score-lines.js';
import { jsonText, quote } from '../messages/quote.js';
import type { Beside, Model } from '../model/model-data.js';
import type { Label } from '../text/conditions.js';
import { notVectors, vectorsFrom } from '../text/vector-text.js';
import { kindOf } from './arguments.js';
import { labelChoice, missing } from './label-choice.js';
import type { ConvertInput, GivenSource } from './line-targets.js';
import { lineBytes } from './score-input.js';

/**
 * Returns a function that makes the line of a job from a line that a program passes and its number.
 * @param chosen labels for all lines, each as `name=value`
 * @throws UsageError for labels that the model does not have, and for a value that a label does not have. The function
 * also throws for what is missing or is not a vector.
 */
export function givenLines(
  model: Model,
  chosen: readonly string[] | undefined,
): (line: ConvertInput, number: number) => GivenLine {
  const values = labelChoice(model, chosen);
  const beside = model.beside ?? { labels: [] };
  const given = givenMaker(model, values);
  return (line, number) => {
    const where = `line ${number}`;
    const one = checked(line, beside, where);
    const bytes = lineBytes(one.source ?? (beside.vector === undefined ? undefined : ''));
    if (model.beside === undefined) return bytes;
    const labelValue = (label: Label) => valueIn(one, label, where);
    const made = given(labelValue, vectorsIn(one, where), where);
    // labels and vectors are attached to a copy, so that the bytes that the program passed are not changed
    return Object.assign(Buffer.from(bytes), { given: made });
  };
}

const fields = ['source', 'labels', 'vector'];

/** @throws UsageError for labels and vectors that the model does not have, and for vectors that are missing */
function checked(line: ConvertInput, { labels, vector }: Beside, where: string): GivenSource {
  const isPlain = typeof line !== 'object' || line === null || line instanceof Uint8Array;
  const given = isPlain ? { source: line } : line;
  const unknown = Object.keys(given).find((name) => !fields.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `${where} has a field ${quote(unknown)}: the fields of a line are source, labels and vector`,
    );
  }
  const ofLabels = given.labels ?? {};
  const other = Object.keys(ofLabels).find((name) => labels.every((label) => label.name !== name));
  if (other !== undefined) {
    throw new UsageError(`${where} has the label ${quote(other)}, which the model does not have`);
  }
  if (vector !== undefined && given.vector === undefined) {
    throw new UsageError(
      `${where} has no vector, but the model was trained with vectors: give an object with the field vector`,
    );
  }
  if (vector === undefined && given.vector !== undefined) {
    throw new UsageError(`${where} has a vector, but the model was trained without vectors`);
  }
  return given;
}

function valueIn({ labels }: GivenSource, label: Label, where: string): string {
  const value: unknown = labels?.[label.name];
  if (typeof value === 'string') return value;
  if (value === undefined) throw missing(label);
  throw new UsageError(
    `${where}: the label ${quote(label.name)} must be a string, but it is ${kindOf(value)}`,
  );
}

function vectorsIn({ vector }: GivenSource, where: string): readonly Float32Array[] {
  if (vector === undefined) return [];
  const vectors = vectorsFrom(vector);
  if (vectors === undefined) throw notVectors(jsonText(vector), where);
  return vectors;
}
