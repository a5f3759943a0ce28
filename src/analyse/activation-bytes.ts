/** Counts the bytes that a network allocates for its activations. */
import type { Backend } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import type { ModelConfig } from '../model/model-config.js';
import { Network } from '../model/network.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';

/**
 * The bytes that a network allocates to learn from chunks of one row and T steps, not counting its weights and their
 * gradients.
 */
export function activationBytes(device: Scope, config: ModelConfig, T: number): Promise<number> {
  return withScope(device, (backend) => {
    const table = parameterTable(config);
    const parameters = () => new ParameterTensors(backend, table, backend.tensor([table.flatSize]));
    const [weights, gradients] = [parameters(), parameters()];
    let numbers = 0;
    const counting =
      (allocate: (shape: readonly number[]) => unknown) => (shape: readonly number[]) => {
        numbers += shape.reduce((product, size) => product * size, 1);
        return allocate.call(backend, shape);
      };
    const counted = new Proxy(backend, {
      get(target, key) {
        if (key === 'tensor' || key === 'compact') return counting(target[key]);
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }) as Backend;
    new Network(counted, config, weights, gradients, {
      maxRows: T,
      maxBatch: 1,
      training: true,
      dropout: false,
      weightDrop: false,
    });
    return 4 * numbers;
  });
}
