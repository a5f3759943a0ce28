/**
 * Checks the gradients of a small network against central finite differences of the loss, in float64 on the reference
 * back end.
 */
import { CpuDevice } from '../backend/cpu-device.js';
import { Heap } from '../backend/heap.js';
import { ReferenceBackend } from '../backend/reference.js';
import type { ModelConfig } from '../model/model-config.js';
import { Network } from '../model/network.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import { Random } from '../model/random.js';

export interface GradientError {
  readonly tensor: string;
  /** Largest error, relative to the largest gradient of the tensor; NaN if the loss is NaN */
  readonly error: number;
}

const [T, B] = [4, 3];
/** Two step sizes of the finite differences: a kink of a function may disturb one of the two, but hardly both. */
const steps = [1e-5, 1e-6];

/** Computes the error of each tensor's gradients, for random weights and a random text. */
export async function gradientErrors(config: ModelConfig): Promise<GradientError[]> {
  const device = new CpuDevice(
    {
      ...{ kind: 'reference', name: 'reference', precision: 'f32', source: new Heap(undefined) },
      operations: (memory) => new ReferenceBackend(memory, 'float64'),
      ...{ handle: () => {}, end: () => {} },
    },
    undefined,
  );
  try {
    const backend = device.operations;
    const table = parameterTable(config);
    const random = new Random(5);
    const values = Float64Array.from({ length: table.flatSize }, () => random.normal() * 0.5);
    const [weights, gradients] = [
      backend.tensor([table.flatSize]),
      backend.tensor([table.flatSize]),
    ];
    const tensors = new ParameterTensors(backend, table, weights);
    const network = new Network(
      backend,
      config,
      tensors,
      new ParameterTensors(backend, table, gradients),
      { maxRows: T * B, maxBatch: B, training: true, dropout: false, weightDrop: false },
    );
    const drawn = () => {
      const ids = backend.indices(T * B);
      const id = () => Math.floor(random.uniform() * config.vocabulary);
      backend.writeIndices(ids, Array.from({ length: T * B }, id));
      return ids;
    };
    const [inputs, targets] = [drawn(), drawn()];
    const lossOf = async (scale: number) => {
      backend.write(weights, values);
      network.forward(inputs, T, B, network.createState(B));
      return (await backend.sum(network.loss(targets, scale))) / (T * B);
    };
    await lossOf(1 / (T * B));
    network.backward();
    const computed = await backend.read(gradients);
    const differenceAt = async (i: number, step: number) => {
      const value = values[i];
      values[i] = value + step;
      const above = await lossOf(0);
      values[i] = value - step;
      const below = await lossOf(0);
      values[i] = value;
      return (above - below) / (2 * step);
    };
    const errors: GradientError[] = [];
    for (const { name, start, size } of table.parameters) {
      let largest = 1e-6;
      for (const gradient of computed.subarray(start, start + size)) {
        largest = Math.max(largest, Math.abs(gradient));
      }
      let error = 0;
      for (let i = start; i < start + size; i++) {
        const found: number[] = [];
        for (const step of steps) {
          found.push(Math.abs((await differenceAt(i, step)) - computed[i]) / largest);
        }
        error = Math.max(error, Math.min(...found));
      }
      errors.push({ tensor: name, error });
    }
    return errors;
  } finally {
    device.close();
  }
}
