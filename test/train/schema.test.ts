/** The schema of a training: one row is an option everywhere. */
import { Command } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { readTrainConfig } from '#charnn/checkpoint/recorded-config.js';
import { addOptions, describe as describeOptions } from '#charnn/cli/option.js';
import { OptionError, spelt } from '#charnn/errors.js';
import { Fields } from '#charnn/json/fields.js';
import { flagOf } from '#charnn/options/table.js';
import {
  checkResumable,
  checkTogether,
  checkTrainOptions,
  resolveTraining,
  resumeTraining,
} from '#charnn/train/resolve.js';
import { configRecord } from '#charnn/train/schema/record.js';
import { commandRows } from '#charnn/train/schema/schema.js';

// the one place: a row is added, and nothing else is told of it
vi.mock('#charnn/train/schema/training-rows.js', async (original) => {
  const { trainingRows } = await original<{ trainingRows: object }>();
  const { option } = await import('#charnn/options/table.js');
  const { fraction } = await import('#charnn/options/types.js');
  const sharpness = option('<x>', fraction, 'how sharp a made-up thing is', {
    default: 0.25,
    field: 'madeUp.sharpness',
    since: 9,
    resume: true,
    topic: 'Training',
  });
  return { trainingRows: { ...trainingRows, sharpness } };
});

const picked = {
  model: { layers: 1, hidden: 2, embedding: 3 },
  ...{ batchSize: 4, seqLength: 5, threads: 1, dropout: 0.5 },
  length: { kind: 'steps', steps: 6 },
} as const;
type Config = ReturnType<typeof resolveTraining>['config'];
const sharpnessOf = (config: Config) => (config as unknown as { sharpness: number }).sharpness;
const given = (options: object) => options as Parameters<typeof resolveTraining>[0];

describe('a made-up option', () => {
  const parse = (...words: string[]) => {
    const command = addOptions(new Command().exitOverride(), commandRows, () => {});
    command.configureOutput({ writeErr() {} });
    return command.parse(words, { from: 'user' }).opts();
  };

  test('is parsed, with its range', () => {
    expect(parse('--sharpness', '0.5')).toEqual({ sharpness: 0.5 });
    expect(() => parse('--sharpness', '2')).toThrow(/must be a number from 0 to 1, not "2"/);
  });

  test('is in help and README, under its topic', () => {
    expect(describeOptions(commandRows)).toContainEqual({
      flags: '--sharpness <x>',
      description: 'how sharp a made-up thing is (default: 0.25)',
      topic: 'Training',
    });
  });

  test('is checked where a program gives it', () => {
    expect(() => checkTrainOptions({ sharpness: 0.5 })).not.toThrow();
    expect(() => checkTrainOptions({ sharpness: 'high' })).toThrow(
      'option sharpness must be a number from 0 to 1, not "high"',
    );
    expect(() => checkTrainOptions({ sharpnes: 1 })).toThrow('did you mean sharpness?');
  });

  test('has its default in a configuration, or what was given', () => {
    expect(sharpnessOf(resolveTraining({}, picked).config)).toBe(0.25);
    expect(sharpnessOf(resolveTraining(given({ sharpness: 1 }), picked).config)).toBe(1);
  });

  test('is recorded in files and checked when they are read; earlier files have its default', () => {
    const { config } = resolveTraining(given({ sharpness: 0.75 }), picked);
    const record = JSON.parse(JSON.stringify(configRecord(config)));
    expect(record.madeUp).toEqual({ sharpness: 0.75 });
    const read = (value: unknown) => readTrainConfig(Fields.of(value, 'a.json'));
    expect(read(record)).toEqual(config);
    expect(() => read({ ...record, madeUp: { sharpness: 7 } })).toThrow(
      'a.json: madeUp: sharpness must be a number from 0 to 1, not 7',
    );
    const { madeUp: _, ...earlier } = record;
    expect(sharpnessOf(read(earlier))).toBe(0.25);
  });

  test('may change when a training is resumed, as its row says', () => {
    const { config } = resolveTraining({}, picked);
    expect(sharpnessOf(resumeTraining(given({ sharpness: 0.5 }), config))).toBe(0.5);
    expect(() => checkResumable({ momentum: 0.5 })).toThrow('momentum cannot be changed');
  });
});

test('a configuration is complete and frozen, whatever is left out', () => {
  const { config, model } = resolveTraining({}, picked);
  expect(Object.isFrozen(config) && Object.isFrozen(config.length)).toBe(true);
  expect(config).toMatchObject({ batchSize: 4, dropout: 0.5, optimizer: 'muon', clip: 1 });
  expect([config.learningRate, config.momentum]).toEqual([6e-3, 0.95]);
  expect(model).toEqual({ cell: 'lstm', layers: 1, hidden: 2, embedding: 3 });
  const other = resolveTraining({ optimizer: 'sgd', layers: 7 }, picked);
  expect([other.config.learningRate, other.config.momentum, other.model.layers]).toEqual([
    ...[0.5, 0.9, 7],
  ]);
});

test('a file has the shape that it always had', () => {
  const record = configRecord(resolveTraining({}, picked).config);
  expect(record).toMatchObject({
    optimizer: { name: 'muon', weightDecay: 0.01, beta1: 0.9, beta2: 0.99, alpha: 0.99 },
    schedule: { name: 'wsd', rate: 6e-3, warmup: 50, every: 1 },
    clip: { name: 'norm', limit: 1 },
    divergence: { action: 'stop', rollbacks: 3 },
    length: { kind: 'steps', steps: 6 },
  });
  expect(record).not.toHaveProperty('evalEvery');
});

test.each([
  [{ steps: 1, time: 2 }, 'steps and time contradict', '--steps and --time contradict'],
  [{ unit: 'byte', normalize: 'nfc' }, 'normalize is for', '--normalize is for'],
  [{ cell: 'gru', layerNorm: true }, 'layerNorm is for cell lstm', '--layer-norm is for --cell'],
  [{ valFile: 'x', valFrac: 0.5 }, 'valFrac and valFile', '--val-frac and --val-file'],
] as const)('%j is refused, as its reader spells options', (options, asProgram, asFlags) => {
  const refused = (() => {
    try {
      checkTogether(options);
    } catch (error) {
      return error;
    }
  })();
  if (!(refused instanceof OptionError)) throw new Error('not refused');
  expect(refused.message).toContain(asProgram);
  expect(spelt(refused.unspelt, flagOf)).toContain(asFlags);
});
