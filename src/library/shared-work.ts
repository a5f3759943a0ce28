/** The work of commands other than training in several processes that an MPI launcher has started. */
import { hostname } from 'node:os';
import type { Device } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import {
  distantWorkers,
  type FromWorkers,
  type ToWorkers,
  type WorkKind,
} from '../cluster/distant-workers.js';
import type { Seat } from '../cluster/launcher.js';
import { Link } from '../cluster/link.js';
import { withTensors } from '../cluster/portable.js';
import { CharnnError } from '../errors.js';
import type { ChunkReply, JobMessage, OtherWorkers } from '../threads/map-ordered.js';
import { WorkerPool } from '../threads/worker-pool.js';
import { joinAs } from './cluster-training.js';
import { threadsHere } from './process-counts.js';

/** The other processes, as the first one sees them */
export interface SharedWork {
  /** The number of processes and the library that connects them, to be reported at the start */
  readonly description: string;
  /** The number of threads of this process, if none is given */
  readonly threads: number;
  workers<Data extends object, Job, Result>(
    kind: WorkKind,
    device: Device,
    threads: number | undefined,
  ): OtherWorkers<Data, Job, Result>;
  /** Ends the other processes; after a failure, it does not wait for them. */
  end(isFailure: boolean): Promise<void>;
}

/** Joins the other processes, as the first one. */
export async function shareWork(seat: Seat): Promise<SharedWork> {
  const link = await Link.open(seat.size);
  return {
    description: `working in ${link.size} processes, connected by ${link.library}`,
    threads: threadsHere({ total: seat.size, onThisMachine: seat.onThisMachine }),
    workers: (kind, device, threads) => distantWorkers(link, { kind, device, threads }),
    end: (isFailure) => link.end(isFailure),
  };
}

/**
 * Does the part of the work that the first process gives to this one.
 * @returns whether it ended well
 * @throws CharnnError when this process cannot join the others
 */
export function joinWork(seat: Seat): Promise<boolean> {
  return joinAs(seat, (link) => work(link, seat));
}

const modules: Readonly<Record<WorkKind, URL>> = {
  lines: new URL('../evaluate/line-worker.js', import.meta.url),
  records: new URL('../sample/record-worker.js', import.meta.url),
};

async function work(link: Link, seat: Seat): Promise<boolean> {
  let device: Device | undefined;
  let pool: WorkerPool<object, JobMessage<unknown>, ChunkReply<unknown>> | undefined;
  const tell = (letter: FromWorkers) => link.send(0, letter);
  const fail = (error: unknown) => {
    const message = error instanceof CharnnError ? error.unspelt : String(error);
    tell({ type: 'failed', message, host: hostname() });
  };
  try {
    for (;;) {
      const letter = (await link.receive()).content as ToWorkers;
      if (letter.type === 'end') return !letter.isFailure;
      if (letter.type === 'job') {
        pool?.post(letter.worker, letter.message);
        continue;
      }
      const { backend, precision, threads = threadsHere({ ...seat, total: seat.size }) } = letter;
      // a command may have one kind of work after the other
      await pool?.close();
      device?.close();
      device = await openDevice(backend, precision);
      const data = {
        ...(withTensors(letter.data, device.operations) as object),
        device: device.handle,
      };
      pool = await WorkerPool.start<object, JobMessage<unknown>, ChunkReply<unknown>>({
        workers: threads,
        module: modules[letter.kind],
        data: () => data,
        onFewer: () => {},
        onReply: (worker, chunks) => tell({ type: 'reply', worker, chunks }),
        onFailure: fail,
      });
      tell({ type: 'ready', workers: pool.size });
    }
  } catch (error) {
    fail(error);
    throw error;
  } finally {
    await pool?.close();
    device?.close();
  }
}
