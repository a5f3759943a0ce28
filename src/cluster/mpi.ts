/** The functions of the addon that call MPI. All except `exchange` and `breakOff` must be called by the same thread. */
import { loadNative } from '../backend/native.js';
import { CharnnError } from '../errors.js';
import { type Candidate, candidates } from './launcher.js';

/** The kinds of messages, by the tag with which MPI distinguishes them; `mpi.c` uses those of data and of signs of life. */
export const tag = {
  exchange: 1,
  length: 2,
  message: 3,
  beat: 4,
  farewell: 5,
  grant: 6,
} as const;

/** A typed array, or several; sender and receiver have the same number of them, of the same sizes. */
export type Bytes = ArrayBufferView | readonly ArrayBufferView[] | undefined;

export interface Mpi {
  /** Loads a library. @returns how it describes itself; undefined if it cannot be loaded, or is not an MPI library */
  load(path: string, isStandard: boolean): string | undefined;
  /**
   * @param piece max number of bytes that are passed to MPI at once
   * @returns rank and number of processes
   */
  initialize(piece: number): [rank: number, size: number];
  /** Sends `sent[r]` to each rank r, receives `received[r]` from it, and waits until all of this is complete. */
  exchange(tag: number, sent: readonly Bytes[], received: readonly Bytes[]): void;
  /** @returns the length of the message that has come from a rank */
  probe(tag: number, rank: number): number | undefined;
  /** Sends a sign of life, without waiting. */
  beat(rank: number): void;
  /** Ends all waits of this process, permanently. */
  breakOff(): void;
  finalize(): void;
}

/** @throws CharnnError when the addon is missing, or cannot call MPI */
export function mpiOfAddon(): Mpi {
  const addon = loadNative();
  const needed = 'training in several processes needs the native addon';
  if ('missing' in addon) throw new CharnnError(`${needed}: ${addon.missing}`);
  const { mpi } = addon as unknown as { mpi?: Mpi };
  if (mpi === undefined) {
    throw new CharnnError(`${needed}, which cannot call MPI on ${process.platform}`);
  }
  return mpi;
}

/**
 * Loads the library of MPI that belongs to the launcher.
 * @returns its name and version, as one line
 * @throws CharnnError that says what to install
 */
export function loadLibrary(
  mpi: Pick<Mpi, 'load'>,
  list: readonly Candidate[] = candidates(process.env),
): string {
  for (const { path, isStandard } of list) {
    const version = mpi.load(path, isStandard);
    if (version === undefined) continue;
    return nameOf(version);
  }
  throw new CharnnError(
    `an MPI launcher has started this process, but its library cannot be loaded (tried ${list.map(({ path }) => path).join(', ')}): install the one that belongs to the launcher, for instance with apt install libopenmpi3 or libmpich12, or give its path in the variable CHARNN_MPI`,
  );
}

/** Extracts name and version from a library's description of itself. These descriptions differ in form and length. */
function nameOf(description: string): string {
  const openMpi = /Open MPI v?[\w.]+/.exec(description);
  const mpich = /(MPICH|Intel\(R\) MPI|MVAPICH2?)[^\n]*?Version\D*([\w.]+)/.exec(description);
  if (openMpi) return openMpi[0];
  return mpich ? `${mpich[1]} ${mpich[2]}` : 'an MPI library';
}
