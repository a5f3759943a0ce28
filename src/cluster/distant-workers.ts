/**
 * Workers in the other processes of a job, which do a part of the work of a command. The first process sends them the
 * data that its own workers have, and then the same messages.
 */
import type { Backend } from '../backend/backend.js';
import type { DeviceKind, Precision } from '../backend/device.js';
import { CharnnError } from '../errors.js';
import type { ChunkReply, JobMessage, OtherWorkers } from '../threads/map-ordered.js';
import type { Letter, Link } from './link.js';
import { withoutTensors } from './portable.js';

export type { OtherWorkers } from '../threads/map-ordered.js';

/** The kinds of work that other processes can do */
export type WorkKind = 'lines' | 'records';

/** What the first process sends */
export type ToWorkers =
  | {
      readonly type: 'work';
      readonly kind: WorkKind;
      readonly data: unknown;
      readonly backend: DeviceKind;
      readonly precision: Precision;
      /** The number of threads that was asked for in each process */
      readonly threads: number | undefined;
    }
  | { readonly type: 'job'; readonly worker: number; readonly message: JobMessage<unknown> }
  | { readonly type: 'end'; readonly isFailure: boolean };

/** What the other processes send */
export type FromWorkers =
  | { readonly type: 'ready'; readonly workers: number }
  | {
      readonly type: 'reply';
      readonly worker: number;
      readonly chunks: ChunkReply<unknown>;
    }
  | { readonly type: 'failed'; readonly message: string; readonly host: string };

export interface Work {
  readonly kind: WorkKind;
  readonly device: {
    readonly kind: DeviceKind;
    readonly precision: Precision;
    readonly operations: Backend;
  };
  readonly threads: number | undefined;
}

/** @throws CharnnError, also later, when another process fails or is lost */
export function distantWorkers<Data extends object, Job, Result>(
  link: Link,
  { kind, device, threads }: Work,
): OtherWorkers<Data, Job, Result> {
  /** The process of each worker, and the worker's number there */
  const places: { readonly rank: number; readonly index: number }[] = [];
  return {
    processes: link.size - 1,
    async start(data, { onReply, onFailure }) {
      places.length = 0;
      const counts: number[] = [];
      let settle = { resolve: () => {}, reject: (_: Error) => {} };
      const ready = new Promise<void>((resolve, reject) => {
        settle = { resolve, reject };
      });
      const numbers = new Map<string, number>();
      const fail = (error: Error) => {
        settle.reject(error);
        onFailure(error);
      };
      link.onFailure = fail;
      link.onLetter = ({ rank, content }: Letter) => {
        const letter = content as FromWorkers;
        if (letter.type === 'failed') {
          fail(new CharnnError(`process ${rank} on ${letter.host}: ${letter.message}`));
        } else if (letter.type === 'ready') {
          counts[rank] = letter.workers;
          if (Object.keys(counts).length === link.size - 1) settle.resolve();
        } else {
          const worker = numbers.get(`${rank} ${letter.worker}`);
          if (worker !== undefined) onReply(worker, letter.chunks as ChunkReply<Result>);
        }
        return true;
      };
      // the other processes have devices of their own
      const sent = await withoutTensors({ ...data, device: undefined }, device.operations);
      const { kind: backend, precision } = device;
      link.sendAll({ type: 'work', kind, data: sent, backend, precision, threads } as ToWorkers);
      await ready;
      counts.forEach((count, rank) => {
        for (let index = 0; index < count; index++) {
          numbers.set(`${rank} ${index}`, places.length);
          places.push({ rank, index });
        }
      });
      return places.length;
    },
    post(worker, message) {
      const { rank, index } = places[worker];
      link.send(rank, { type: 'job', worker: index, message } as ToWorkers);
    },
  };
}
