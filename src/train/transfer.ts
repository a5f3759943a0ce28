/**
 * Starts a training run from the weights of another model. Vocabularies are matched by character, so that the same
 * character keeps its weights whatever its id; everything else must have the same shape.
 */
import { OptionError, type Spelling } from '../errors.js';
import { printable, quoteText } from '../messages/quote.js';
import { labelEmbeddings } from '../model/labels.js';
import type { ModelConfig } from '../model/model-config.js';
import { type Model, namedTensors } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import type { Label } from '../text/conditions.js';
import { symbolName } from '../text/pair-coding.js';
import type { TextOptions } from '../text/unit.js';

/**
 * Overwrites initial values with those of an older model, where it has them.
 * @param values flat list of the new model's parameters, holding its initial values
 * @returns what was taken over and what is new, for messages
 * @throws OptionError when cell or sizes differ
 */
export function transferWeights(
  older: Model,
  config: ModelConfig,
  { vocabulary, text, beside }: Pick<Model, 'vocabulary' | 'text' | 'beside'>,
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
  requireAlike(older, config, text);
  const source = mapSymbols(older, { vocabulary, text });
  const labels = mapLabels(older.beside?.labels ?? [], beside?.labels ?? []);
  const tensors = new Map(namedTensors(older).map((t) => [t.parameter.name, t]));
  for (const { name, shape, start, size, vocabularyAxis: axis } of parameterTable(config)
    .parameters) {
    const old = tensors.get(name);
    if (old === undefined) continue;
    if (name === labelEmbeddings) {
      const width = shape[1];
      labels.forEach((from, row) => {
        if (from < 0) return;
        values.set(old.values.subarray(from * width, (from + 1) * width), start + row * width);
      });
      continue;
    }
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
  const shown = fresh.slice(0, 20).map((s) => quoteText(nameOf(s, { vocabulary, text })));
  const list = fresh.length > 0 ? ` (${shown.join(' ')}${fresh.length > 20 ? ' …' : ''})` : '';
  return `starting from the given model, which knows ${vocabulary.size - 1 - fresh.length} characters of the new text; new characters: ${fresh.length}${list}; characters no longer used: ${dropped}`;
}

function refuse(why: (name: Spelling) => string): never {
  throw new OptionError((name) => `cannot start from that model: ${why(name)}`);
}

/**
 * Refuses an older model whose attention, vectors or units of pairs differ from those of the new training run.
 * @throws OptionError naming the option
 */
function requireAlike(older: Model, config: ModelConfig, text: TextOptions): void {
  const [its, wanted] = [older.config.attention ?? 'general', config.attention ?? 'general'];
  if (its !== wanted) refuse((name) => `its attention is ${its}; give ${name('attention', its)}`);
  const [old, size] = [older.config.vectors?.size, config.vectors?.size];
  if (old !== size) {
    refuse((name) =>
      old === undefined
        ? `it has no vectors; leave out ${name('vector')}`
        : `its vectors have ${old} numbers, not ${size ?? 0}; give ${name('vector')} with such vectors`,
    );
  }
  for (const side of ['source', 'target'] as const) {
    const unit = (given: TextOptions) => given.pairs?.[side] ?? 'char';
    if (unit(older.text) === unit(text)) continue;
    const key = `${side}Unit`;
    refuse((name) => `it has ${name(key, unit(older.text))}, not ${unit(text)}; give that`);
  }
}

/** For each id of a vocabulary, the id of the same character or symbol in an older vocabulary, or -1 */
function mapSymbols(older: Model, newer: Pick<Model, 'vocabulary' | 'text'>): ArrayLike<number> {
  const { vocabulary } = newer;
  if (older.text.pairs === undefined && newer.text.pairs === undefined) {
    return vocabulary.mapFrom(older.vocabulary);
  }
  // in models of pairs, symbols are numbered in the order in which they first occurred, so the same number may stand
  // for another symbol in the older model
  const ids = new Map(older.vocabulary.symbols.map((symbol, id) => [nameOf(symbol, older), id]));
  const mapped = vocabulary.symbols.map((symbol) => ids.get(nameOf(symbol, newer)) ?? -1);
  return [...mapped, older.vocabulary.unknownId];
}

/**
 * For each value of all labels, the index of the same value among those of an older model, or -1.
 * @throws OptionError if the labels have other names
 */
function mapLabels(older: readonly Label[], newer: readonly Label[]): number[] {
  const namesOf = (labels: readonly Label[]) => labels.map(({ name }) => name).join(', ');
  if (older.length > 0 && namesOf(older) !== namesOf(newer)) {
    refuse((name) => `its labels are ${printable(namesOf(older))}; give ${name('label')} for each`);
  }
  const numbers = new Map<string, number>();
  let count = 0;
  older.forEach(({ values }, c) => {
    for (const value of values) numbers.set(`${c} ${value}`, count++);
  });
  return newer.flatMap(({ values }, c) =>
    values.map((value) => numbers.get(`${c} ${value}`) ?? -1),
  );
}

function nameOf(symbol: number, { vocabulary, text }: Pick<Model, 'vocabulary' | 'text'>): string {
  return vocabulary.unit === 'char' ? symbolName(symbol, text) : `0x${symbol.toString(16)}`;
}
