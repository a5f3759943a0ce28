/** Leaves MPI in all processes together. */
import { setTimeout } from 'node:timers/promises';
import { type Mpi, tag } from './mpi.js';

/** Milliseconds in which all processes have certainly stopped calling MPI */
const silenceMs = 100;

/**
 * Ends the use of MPI, which all processes must do together and without any other call at the same time.
 *
 * MPICH before version 4.2 hangs over TCP if a process still answers the others when these have begun to leave: they
 * then wait for it where they no longer answer (https://github.com/pmodels/mpich/pull/6596). Therefore all processes
 * meet first, and then are silent for a moment, so that none leaves before all others have stopped answering.
 *
 * Signs of life that have not been received are received first, because UCX would complain about them.
 */
export async function leaveTogether(mpi: Mpi, rank: number, size: number): Promise<void> {
  const byte = new Uint8Array(1);
  const others = Array.from({ length: size }, (_, r) => (r === 0 ? undefined : new Uint8Array(1)));
  if (rank === 0) {
    mpi.exchange(tag.farewell, [], others);
    for (let peer = 1; peer < size; peer++) receiveBeats(mpi, peer);
    mpi.exchange(tag.farewell, others, []);
  } else {
    mpi.exchange(tag.farewell, [byte], []);
    mpi.exchange(tag.farewell, [], [byte]);
    receiveBeats(mpi, 0);
  }
  await setTimeout(silenceMs);
  mpi.finalize();
}

/** Receives the signs of life that have come from a rank. */
export function receiveBeats(mpi: Mpi, rank: number): boolean {
  let hasCome = false;
  const places: Uint8Array[] = [];
  places[rank] = new Uint8Array(1);
  while (mpi.probe(tag.beat, rank) !== undefined) {
    mpi.exchange(tag.beat, [], places);
    hasCome = true;
  }
  return hasCome;
}
