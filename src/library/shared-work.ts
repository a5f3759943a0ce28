/** The work of commands other than training in several processes that an MPI launcher has started. */
import type { Device } from '../backend/device.js';
import { doWork } from '../cluster/distant-work.js';
import { distantWorkers, type OtherWorkers, type WorkKind } from '../cluster/distant-workers.js';
import type { Seat } from '../cluster/launcher.js';
import { Link } from '../cluster/link.js';
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
    threads: threadsOf(seat),
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
  return joinAs(seat, (link) => doWork(link, modules, threadsOf(seat)));
}

const threadsOf = ({ size, onThisMachine }: Seat) => threadsHere({ total: size, onThisMachine });

const modules: Readonly<Record<WorkKind, URL>> = {
  lines: new URL('../bundle/line-worker.js', import.meta.url),
  records: new URL('../bundle/record-worker.js', import.meta.url),
};
