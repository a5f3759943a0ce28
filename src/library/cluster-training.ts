/** Joining other processes that a launcher of MPI has started for the same training. */

import { hostname } from 'node:os';
import { type Seat, seatOf } from '../cluster/launcher.js';
import { Link } from '../cluster/link.js';
import { CharnnError } from '../errors.js';
import { follow } from '../train/replicas/follow.js';
import { Others } from '../train/replicas/others.js';

/** This process' place among those that a launcher has started; undefined if it was started alone */
export function seatOfProcess(): Seat | undefined {
  return seatOf(process.env);
}

/** The other processes of a training, seen from the first one */
export interface Company {
  readonly others: Others;
  /** Number of processes and the library that connects them, for a first line */
  readonly description: string;
}

/** Joins the others as the first process. */
export async function gatherCompany({ size }: Seat): Promise<Company> {
  const link = await Link.open(size);
  return {
    others: new Others(link),
    description: `training in ${link.size} processes, connected by ${link.library}`,
  };
}

/** Time that the first process has to say what went wrong, before the launcher notices that another one has ended */
const graceMs = 1500;

/**
 * Takes part in the training of the first process.
 * @returns whether it ended well
 * @throws CharnnError when this process cannot join the others
 */
export async function joinTraining({ rank, size }: Seat): Promise<boolean> {
  // launchers pass signals on to all processes; the first one heeds them, saves, and ends the others
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const link = await Link.open(size).catch((error: unknown) => {
    const reason = error instanceof CharnnError ? error.unspelt : String(error);
    throw new CharnnError(`process ${rank} on ${hostname()}: ${reason}`);
  });
  let isWell = false;
  try {
    isWell = await follow(link);
  } catch {
    // the first process reports it, or is gone
  }
  if (isWell) await link.leave();
  else {
    await new Promise((resolve) => setTimeout(resolve, graceMs));
    await link.abandon();
  }
  return isWell;
}
