/** What goes with what: the table says it, and the library does it. */
import { describe, expect, test } from 'vitest';
import { readModelConfig } from '#charnn/checkpoint/json.js';
import { commandsFor } from '#charnn/commands/registry.js';
import { Fields } from '#charnn/json/fields.js';
import { capabilities, refusal, requireCapable } from '#charnn/model/capabilities.js';
import { cellNames } from '#charnn/model/cells/cells.js';
import { loadNetwork } from '#charnn/model/load.js';
import type { ArchitectureFlags } from '#charnn/model/model-config.js';
import { initialValues, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { availableBackends } from '../backends.js';

const commands = await commandsFor(undefined);

const shape = { layers: 1, hidden: 2, embedding: 2, vocabulary: 3 };

const rows = Object.entries(capabilities).flatMap(([feature, { cells }]) =>
  cellNames.map((cell) => ({
    feature: feature as keyof ArchitectureFlags,
    cell,
    able: cells.includes(cell),
  })),
);

describe.each(rows)('$feature with $cell', ({ feature, cell, able }) => {
  const config = { ...shape, cell, [feature]: true };

  test.skipIf(!able).each(availableBackends)('runs on %s', (_, makeBackend) => {
    const model = {
      config,
      vocabulary: Vocabulary.of('char', [97, 98]),
      text: { unit: 'char', keepCr: false } as const,
      weights: initialValues(parameterTable(config), 1),
      training: undefined,
      history: [],
    };
    const backend = makeBackend();
    const network = loadNetwork(model, backend, { maxRows: 1, maxBatch: 1 });
    const input = backend.indices(1);
    backend.writeIndices(input, [1]);
    const logits = backend.read(network.forward(input, 1, 1, network.createState(1)));
    expect([...logits].every(Number.isFinite)).toBe(true);
  });

  test.skipIf(able)('is refused with one sentence, from a program and from a file', () => {
    const sentence = refusal(config)?.((key, value) => (value ? `${key} ${value}` : key));
    expect(sentence).toMatch(new RegExp(`^${feature} is for cell \\w+, not ${cell}$`));
    for (const command of ['train', 'bench', 'gradients']) {
      expect(() => requireCapable({ ...config, command })).toThrow(sentence);
    }
    expect(() => parameterTable(config)).toThrow(sentence);
    expect(() => readModelConfig(Fields.of(config, 'a.json: model'))).toThrow(
      `a.json: model: ${sentence}`,
    );
  });
});

test('every command of the table exists, and an unknown one is refused', () => {
  const names: readonly string[] = commands.map(({ name }) => name);
  for (const { commands: able } of Object.values(capabilities)) {
    for (const command of able) expect(names).toContain(command);
  }
  expect(() => requireCapable({ residual: true, command: 'novelty' })).toThrow(/not for novelty/);
});
