/** Measures where the time of a training run goes, by functions that call its operations and barriers and time them. */
import type { Backend } from '../../backend/backend.js';

/** The kinds of work by which the time of a training run is divided */
export const timedKinds = ['products', 'cells', 'optimizer', 'waiting', 'other'] as const;
export type TimedKind = (typeof timedKinds)[number];

/** The operations of a back end by the kind of work they do; operations on memory count as `other`. */
const kinds: Partial<Record<keyof Backend, TimedKind>> = {
  linear: 'products',
  linearBackwardInput: 'products',
  linearBackwardWeight: 'products',
  freeze: 'products',
  rnnForward: 'cells',
  rnnBackward: 'cells',
  lstmForward: 'cells',
  lstmBackward: 'cells',
  lstmNormForward: 'cells',
  lstmNormBackward: 'cells',
  gruForward: 'cells',
  gruBackward: 'cells',
  attentionForward: 'cells',
  attentionBackward: 'cells',
  programForward: 'cells',
  programBackward: 'cells',
  // summing the gradients of all threads, and computing their norm
  add: 'optimizer',
  clamp: 'optimizer',
  sumSquares: 'optimizer',
  adam: 'optimizer',
  rmsprop: 'optimizer',
  sgd: 'optimizer',
  muon: 'optimizer',
  lerp: 'optimizer',
  gather: 'other',
  scatterAdd: 'other',
  transpose: 'other',
  transposeBackward: 'other',
  softmaxCrossEntropy: 'other',
  dropout: 'other',
  copy: 'other',
  fill: 'other',
  sum: 'other',
};

/** Milliseconds that each replica has spent on each kind of operation, in memory that the threads share */
export class OperationTimes {
  private readonly times: Float64Array;

  constructor(
    replicas: number,
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(8 * timedKinds.length * replicas),
  ) {
    this.times = new Float64Array(memory);
  }

  clear(): void {
    this.times.fill(0);
  }

  /** Total seconds that all replicas have spent on operations of one kind */
  seconds(kind: TimedKind): number {
    let sum = 0;
    for (let at = timedKinds.indexOf(kind); at < this.times.length; at += timedKinds.length) {
      sum += this.times[at] / 1e3;
    }
    return sum;
  }

  /** Wraps operations so that they record how long they take, in the times of this replica. */
  timed(backend: Backend, replica: number): Backend {
    const timed = Object.create(backend) as Backend;
    for (const [name, kind] of Object.entries(kinds)) {
      const operation = backend[name as keyof typeof kinds] as (...all: unknown[]) => unknown;
      Object.defineProperty(timed, name, {
        value: this.noting(kind, replica, operation.bind(backend)),
      });
    }
    return timed;
  }

  /** Wraps a function so that it records how long it takes. */
  noting<Parameters extends readonly unknown[], Result>(
    kind: TimedKind,
    replica: number,
    work: (...parameters: Parameters) => Result,
  ): (...parameters: Parameters) => Result {
    const { times } = this;
    const at = replica * timedKinds.length + timedKinds.indexOf(kind);
    return (...parameters) => {
      const begun = performance.now();
      const result = work(...parameters);
      times[at] += performance.now() - begun;
      return result;
    };
  }
}
