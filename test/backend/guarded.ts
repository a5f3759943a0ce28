/** Tensors between guard words, so that a kernel that writes beyond its output is found out. */
import type { Tensor } from '#charnn/backend/backend.js';
import type { Random } from '#charnn/model/random.js';
import type { SyncBackend } from '../backends.js';

const guardLength = 16;
/** A number of bfloat16 */
const guardValue = 12352;

export class Guarded {
  private readonly guards: { tensor: Tensor; name: string }[] = [];

  constructor(private readonly backend: SyncBackend) {}

  tensor(name: string, shape: readonly number[], values: ArrayLike<number>): Tensor {
    const tensor = this.filled(name, shape);
    this.backend.write(tensor, values);
    return tensor;
  }

  compact(name: string, shape: readonly number[], values: ArrayLike<number>): Tensor {
    const tensor = this.filled(name, shape, 'compact');
    this.backend.write(tensor, values);
    return tensor;
  }

  /** A tensor that holds the guard word in every element, as no kernel expects it. */
  filled(name: string, shape: readonly number[], kind: 'tensor' | 'compact' = 'tensor'): Tensor {
    const size = shape.reduce((a, b) => a * b, 1);
    const whole = this.backend[kind]([size + 2 * guardLength]);
    this.backend.fill(whole, guardValue);
    for (const start of [0, guardLength + size]) {
      this.guards.push({ tensor: this.backend.view(whole, start, [guardLength]), name });
    }
    return this.backend.view(whole, guardLength, shape);
  }

  /** Names of the tensors whose guards have been written over. */
  async overrun(): Promise<string[]> {
    const names: string[] = [];
    for (const { tensor, name } of this.guards) {
      // a device may answer later
      const guard = await this.backend.read(tensor);
      if (guard.some((x) => Math.fround(x) !== Math.fround(guardValue))) names.push(name);
    }
    return names;
  }
}

/** Numbers that float32 holds exactly, so that all precisions begin with the same. */
export function randomValues(random: Random, count: number, scale: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = random.normal() * scale;
  return values;
}
