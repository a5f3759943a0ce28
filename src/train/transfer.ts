/**
 * Starts a training from the weights of another model. Vocabularies are matched by character, so that the same
 * character keeps its weights whatever its id; everything else must have the same shape.
 */
import { OptionError, type Spelling } from '../errors.js';
import { quoteText } from '../messages/quote.js';
import type { ModelConfig } from '../model/model-config.js';
import { type Model, namedTensors } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import type { Vocabulary } from '../text/vocabulary.js';

/**
 * Overwrites initial values with those of an older model, where it has them.
 * @param values flat list of the new model's parameters, holding its initial values
 * @returns what was taken over and what is new, for messages
 * @throws OptionError when cell or sizes differ
 */
export function transferWeights(
  older: Model,
  config: ModelConfig,
  vocabulary: Vocabulary,
  values: Float32Array,
): string {
  for (const field of ['cell', 'layers', 'hidden', 'embedding'] as const) {
    const [its, wanted] = [older.config[field], config[field]];
    if (its === wanted) continue;
    refuse((name) => `its ${field} is ${its}, not ${wanted}; give ${name(field, `${its}`)}`);
  }
  if (older.config.equations !== config.equations) {
    refuse(
      (name) =>
        `its cell ${older.config.cell} has other equations; leave out ${name('cell')} to take them over`,
    );
  }
  for (const [field, what] of [
    ['residual', 'residual connections'],
    ['layerNorm', 'layer normalisation'],
  ] as const) {
    if ((older.config[field] ?? false) === (config[field] ?? false)) continue;
    const [has, advice] = older.config[field] ? ['has', 'give'] : ['has no', 'leave out'];
    refuse((name) => `it ${has} ${what}; ${advice} ${name(field)}`);
  }
  const { unit } = older.vocabulary;
  if (unit !== vocabulary.unit) {
    refuse((name) => `its ${name('unit')} is ${unit}, not ${vocabulary.unit}`);
  }
  const source = vocabulary.mapFrom(older.vocabulary);
  const tensors = new Map(namedTensors(older).map((t) => [t.parameter.name, t]));
  for (const { name, shape, start, size, vocabularyAxis: axis } of parameterTable(config)
    .parameters) {
    const old = tensors.get(name);
    if (old === undefined) continue;
    if (axis === undefined) {
      values.set(old.values, start);
      continue;
    }
    const columns = shape[1] ?? 1;
    const oldColumns = old.parameter.shape[1] ?? 1;
    for (let i = 0; i < size; i++) {
      const row = Math.floor(i / columns);
      const column = i % columns;
      const from = axis === 0 ? source[row] : source[column];
      if (from < 0) continue;
      const oldIndex = axis === 0 ? from * oldColumns + column : row * oldColumns + from;
      values[start + i] = old.values[oldIndex];
    }
  }
  const fresh = vocabulary.symbols.filter((_, id) => source[id] < 0);
  const dropped = older.vocabulary.size - 1 - (vocabulary.size - 1 - fresh.length);
  const shown = fresh.slice(0, 20).map((s) => quoteText(symbolName(s, vocabulary.unit)));
  const list = fresh.length > 0 ? ` (${shown.join(' ')}${fresh.length > 20 ? ' …' : ''})` : '';
  return `starting from the given model: ${vocabulary.size - 1 - fresh.length} characters known, ${fresh.length} new${list}, ${dropped} no longer used`;
}

function refuse(why: (name: Spelling) => string): never {
  throw new OptionError((name) => `cannot start from that model: ${why(name)}`);
}

function symbolName(symbol: number, unit: Vocabulary['unit']): string {
  return unit === 'char' ? String.fromCodePoint(symbol) : `0x${symbol.toString(16)}`;
}
