/** One case of the kernels on one machine, and its comparison with the reference in float64. */
import type { Tensor } from '#charnn/backend/backend.js';
import type { Precision } from '#charnn/backend/device.js';
import { trainingOperations } from '#charnn/backend/kernels/manifest.js';
import { Random } from '#charnn/model/random.js';
import type { SyncBackend } from '../backends.js';
import { float64Reference } from './float64-reference.js';
import type { Guarded } from './guarded.js';
import type { KernelCase } from './kernel-case.js';

/** A back end, and the guards around what `guarded` makes and around the kernels' own memory. */
export interface Machine {
  readonly backend: SyncBackend;
  readonly guarded: Pick<Guarded, 'tensor' | 'compact'> & {
    overrun(): string[] | Promise<string[]>;
  };
}

/** The cases of a precision: weights of 8 bits are not trained. */
export function casesIn<Case extends { readonly name: string }>(
  precision: Precision,
  cases: readonly Case[],
): Case[] {
  return cases.filter(
    ({ name }) => precision !== 'int8' || !trainingOperations.test(name.split(' ')[0]),
  );
}

/** The same operations, of which those that only training needs do nothing */
function withoutTraining(backend: SyncBackend): SyncBackend {
  return new Proxy(backend, {
    get: (of, name) => {
      if (typeof name === 'string' && trainingOperations.test(name)) return () => {};
      const value = Reflect.get(of, name);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}

const random = new Random(11);
/** The random numbers with which every case begins, kept because making them takes longer than most kernels */
let numbers = new Float64Array(0);

/** The numbers from `start` on, scaled, and such that float32 holds them exactly: all precisions begin with the same. */
function randomValues(start: number, count: number, scale: number): Float32Array {
  if (start + count > numbers.length) {
    const more = new Float64Array(Math.max(start + count, 2 * numbers.length));
    more.set(numbers);
    for (let i = numbers.length; i < more.length; i++) more[i] = random.normal();
    numbers = more;
  }
  const values = new Float32Array(numbers.subarray(start, start + count));
  if (scale !== 1) for (let i = 0; i < count; i++) values[i] = numbers[start + i] * scale;
  return values;
}

/** Runs a case with the same random numbers on every machine. */
export async function runCase(
  { backend: complete, guarded }: Machine,
  c: KernelCase,
  precision: Precision = 'f32',
) {
  const backend = precision === 'int8' ? withoutTraining(complete) : complete;
  const tensors: Record<string, Tensor> = {};
  let taken = 0;
  for (const [name, shape] of Object.entries(c.tensors)) {
    const count = shape.reduce((a, b) => a * b, 1);
    const scale = name.startsWith('d') ? 1 : (c.scale ?? 1);
    const values = randomValues(taken, count, scale);
    taken += count;
    if (name === c.poisoned) values[0] = Number.NaN;
    const kind = c.compact?.includes(name) ? 'compact' : 'tensor';
    tensors[name] = guarded[kind](name, shape, values);
  }
  const { count, below } = c.ids ?? { count: 1, below: 1 };
  const ids = backend.indices(count);
  backend.writeIndices(
    ids,
    Array.from({ length: count }, (_, i) => (i * 7 + 3) % below),
  );
  await c.run(backend, tensors, ids);
  const outputs: [name: string, values: Float32Array | Float64Array][] = [];
  // a device may answer later
  const names = (precision === 'int8' ? c.forwardOutputs : undefined) ?? c.outputs;
  for (const name of names) outputs.push([name, await backend.read(tensors[name])]);
  return { outputs, overrun: await guarded.overrun() };
}

type Computed = Awaited<ReturnType<typeof runCase>>;
const oracles = {
  f32: new Map<KernelCase, Computed>(),
  bf16: new Map<KernelCase, Computed>(),
  int8: new Map<KernelCase, Computed>(),
};

/** What the reference makes of it in float64, its products of factors that are rounded in this precision */
async function oracle(c: KernelCase, precision: Precision): Promise<Computed> {
  const known =
    oracles[precision].get(c) ?? (await runCase(float64Reference(precision), c, precision));
  oracles[precision].set(c, known);
  return known;
}

/** The first value that is too far off, with the right one; undefined when none is. */
export async function firstDifference(
  c: KernelCase,
  computed: Computed,
  precision: Precision = 'f32',
) {
  const expected = await oracle(c, precision);
  const { tolerance, halfTolerance } = c;
  // integers of a row are up to twice as far apart as its numbers of bfloat16
  const roundedTolerance = halfTolerance && (precision === 'int8' ? 2 : 1) * halfTolerance;
  const limit = precision === 'f32' ? tolerance : (roundedTolerance ?? tolerance);
  for (const [index, [name, values]] of expected.outputs.entries()) {
    const got = computed.outputs[index][1];
    for (let i = 0; i < values.length; i++) {
      // not-a-number is close to nothing but itself
      if (Number.isNaN(got[i]) && Number.isNaN(values[i])) continue;
      if (!(Math.abs(got[i] - values[i]) <= limit * Math.max(1, Math.abs(values[i])))) {
        return `${name}[${i}] is ${got[i]}, not ${values[i]}`;
      }
    }
  }
  return undefined;
}
