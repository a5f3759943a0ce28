/** The memory of a training as it is planned: what half precision saves, and that networks take what is planned. */
import { expect, test } from 'vitest';
import type { Backend } from '#charnn/backend/backend.js';
import type { TrainingPrecision } from '#charnn/backend/device.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { Network } from '#charnn/model/network.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { sizes } from '#charnn/train/length/preset.js';
import type { TrainConfig } from '#charnn/train/train-config.js';
import { trainingBytes } from '#charnn/train/training-bytes.js';
import { referenceBackend } from '../backends.js';

const large: ModelConfig = { ...sizes.large, cell: 'lstm', vocabulary: 66 };
const shape = { batchSize: 64, seqLength: 64 };

function planned(precision: TrainingPrecision, dropout: number): number {
  const config = { ...shape, threads: 2, average: 0.99, optimizer: 'muon', documents: false };
  return trainingBytes(large, { ...config, precision, dropout } as unknown as TrainConfig);
}

/** Bytes of the tensors that a network allocates beside its weights and gradients, for a batch of B rows */
function allocated(precision: TrainingPrecision, dropout: number, B: number): number {
  const backend = referenceBackend('float32', precision);
  const table = parameterTable(large);
  const lists = [0, 1].map(() => backend.tensor([table.flatSize]));
  const [weights, gradients] = lists.map((list) => new ParameterTensors(backend, table, list));
  let bytes = 0;
  const counting = Object.create(backend, {
    tensor: {
      value(size: readonly number[]) {
        const made = backend.tensor(size);
        bytes += 4 * made.size;
        return made;
      },
    },
    compact: {
      value(size: readonly number[]) {
        const made = backend.compact(size);
        // the reference keeps rounded numbers of 4 bytes, the compiled back ends those of bfloat16
        bytes += (precision === 'bf16' ? 2 : 4) * made.size;
        return made;
      },
    },
  }) as Backend;
  new Network(counting, large, weights, gradients, {
    ...{ maxRows: B * shape.seqLength, maxBatch: B, training: true },
    ...{ dropout: dropout > 0, weightDrop: false },
  });
  return bytes;
}

test.each([0, 0.3])('3 x 768, dropout %d: half precision halves the activations', (dropout) => {
  const [full, half] = (['f32', 'bf16'] as const).map((p) => allocated(p, dropout, 32));
  expect(half).toBeLessThan(0.5 * full);
  // of all that a training takes, weights, moments, gradients and their copies included
  expect(planned('bf16', dropout)).toBeLessThan(0.79 * planned('f32', dropout));
});

test.each([0, 0.3])('dropout %d: networks take what is planned for them', (dropout) => {
  const plan = planned('f32', dropout) - planned('bf16', dropout);
  const taken = 2 * (allocated('f32', dropout, 32) - allocated('bf16', dropout, 32));
  // the plan does not count the states before the first step
  expect(taken / plan).toBeGreaterThan(0.99);
  expect(taken / plan).toBeLessThan(1.03);
});
