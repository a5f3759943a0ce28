/** Joins the other processes that an MPI launcher has started for the same training run. */

import type { FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { openNameless } from '../checkpoint/nameless-file.js';
import { type Seat, seatOf } from '../cluster/launcher.js';
import { Link } from '../cluster/link.js';
import { CharnnError } from '../errors.js';
import { cannotStore, IdsFile } from '../text/ids-file.js';
import { follow } from '../train/replicas/follow.js';
import { Others } from '../train/replicas/others.js';

/** This process's place among those that a launcher has started; undefined if it was started alone */
export function seatOfProcess(): Seat | undefined {
  return seatOf(process.env);
}

/** The other processes of a training run, as the first process sees them */
export interface Company {
  readonly others: Others;
  /** The number of processes and the library that connects them, to be reported at the start */
  readonly description: string;
}

/** The temporary files beside the model in which the first process puts the ids of texts that it shares with others */
export class TextFiles {
  private readonly files: FileHandle[] = [];

  /** @param path of the model */
  constructor(private readonly path: string) {}

  /** Makes a list in a file of its own. @throws CharnnError when the file cannot be created */
  readonly makeList = async (): Promise<IdsFile> => {
    try {
      this.files.push(await openNameless(this.path));
    } catch (cause) {
      throw cannotStore(cause);
    }
    return new IdsFile(this.files[this.files.length - 1]);
  };

  /** Closes the files, after which the system deletes them. */
  async close(): Promise<void> {
    await Promise.all(this.files.splice(0).map((file) => file.close()));
  }
}

/** Joins the other processes, as the first one. */
export async function gatherCompany({ size }: Seat): Promise<Company> {
  const link = await Link.open(size);
  return {
    others: new Others(link),
    description: `training in ${link.size} processes, connected by ${link.library}`,
  };
}

/**
 * Milliseconds that the first process has to report what went wrong, before the launcher notices that another process
 * has ended
 */
const graceMs = 1500;

/**
 * Takes part in the training run of the first process.
 * @returns whether it ended well
 * @throws CharnnError when this process cannot join the others
 */
export function joinTraining(seat: Seat): Promise<boolean> {
  // launchers pass signals on to all processes; the first one handles them: it saves and ends the others
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  return joinAs(seat, follow);
}

/**
 * Joins the other processes and takes part in what the first one does.
 * @param takePart returns whether the work ended well; errors are reported by the first process
 * @throws CharnnError when this process cannot join the others
 */
export async function joinAs(
  { rank, size }: Seat,
  takePart: (link: Link) => Promise<boolean>,
): Promise<boolean> {
  const link = await Link.open(size).catch((error: unknown) => {
    const reason = error instanceof CharnnError ? error.unspelt : String(error);
    throw new CharnnError(`process ${rank} on ${hostname()}: ${reason}`);
  });
  let isWell = false;
  try {
    isWell = await takePart(link);
  } catch {
    // the error is ignored here, because the first process reports it, or is no longer there
  }
  if (isWell) await link.leave();
  else {
    await new Promise((resolve) => setTimeout(resolve, graceMs));
    await link.abandon();
  }
  return isWell;
}
