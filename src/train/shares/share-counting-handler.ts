/** The work of the thread that counts a process's share of a text. */
import { mpiOfAddon } from '../../cluster/mpi.js';
import { Peers } from '../../cluster/peers.js';
import { countRuns } from '../../counts/count-text.js';
import { type Counted, countHeldOut } from '../../counts/counting-handler.js';
import { NgramLayout } from '../../counts/ngram-layout.js';
import { RunLister } from '../../counts/ngram-runs.js';
import { CountingStopped, SharedRuns, serveRuns } from '../../counts/shared-runs.js';
import type { Handler } from '../../threads/handler.js';
import type { ShareCountingPlan } from './count-shares.js';

export function createShareCounter(
  plan: ShareCountingPlan,
  reply: (counted: Counted | undefined) => void,
): Handler<'count'> {
  return () => reply(counted(plan));
}

/** @returns undefined in all processes but the first, and if counting was stopped */
function counted(plan: ShareCountingPlan): Counted | undefined {
  const { ids, from, to, vocabulary, context, processes, first } = plan;
  const peers = new Peers(mpiOfAddon(), processes.rank, processes.size);
  const layout = new NgramLayout(vocabulary, context);
  const lister = new RunLister(ids.subarray(0, to), vocabulary, layout, from);
  if (first === undefined) {
    serveRuns(lister, peers);
    return undefined;
  }
  const flag = new Int32Array(first.stop);
  const runs = new SharedRuns(lister, peers, () => Atomics.load(flag, 0) === 1);
  try {
    return countHeldOut(first.whole, tableOf(runs, vocabulary, layout));
  } catch (error) {
    if (error instanceof CountingStopped) return undefined;
    throw error;
  }
}

function tableOf(runs: SharedRuns, vocabulary: number, layout: NgramLayout) {
  try {
    return countRuns((listener) => runs.list(listener), vocabulary, layout);
  } finally {
    runs.end();
  }
}
