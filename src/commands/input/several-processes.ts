/** Runs a command in all processes that an MPI launcher has started. */
import type { Output } from '../../cli/output.js';
import { exitCode } from '../../errors.js';
import { seatOfProcess } from '../../library/cluster-training.js';
import { joinWork, type SharedWork, shareWork } from '../../library/shared-work.js';

/**
 * Runs a command, alone or as the first of several processes; the other processes do parts of its work.
 * @param isShared whether the command has work for other processes; if not, they end at once
 * @returns the exit code
 */
export async function inAllProcesses(
  isShared: boolean,
  output: Output,
  run: (shared: SharedWork | undefined) => Promise<number | undefined>,
): Promise<number | undefined> {
  const seat = seatOfProcess();
  if (seat && seat.rank > 0) {
    if (!isShared) return undefined;
    return (await joinWork(seat)) ? undefined : exitCode.failed;
  }
  if (seat === undefined || !isShared) return run(undefined);
  const shared = await shareWork(seat);
  output.note(shared.description);
  let hasEnded = false;
  try {
    const code = await run(shared);
    hasEnded = true;
    await shared.end(false);
    return code;
  } finally {
    if (!hasEnded) await shared.end(true);
  }
}
