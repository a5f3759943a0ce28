/** Counts the n-grams of a text before a network is trained on it. */
import { countTraining } from '../counts/count-training.js';
import type { Ids } from '../text/unit.js';
import type { TrainingJob } from './job.js';
import type { MixingPlan } from './replicas/mixing.js';
import { mixingPlan } from './replicas/mixing-plan.js';
import type { Others } from './replicas/others.js';

/**
 * Counts the n-grams of the training text, if they are to be mixed with the network's predictions; undefined if not,
 * and if a signal ended the counting.
 * @param text the text to be counted; if other processes take part, the share of this process
 */
export async function countedBeside(
  job: TrainingJob,
  text: Ids | undefined,
  others: Others | undefined,
): Promise<MixingPlan | undefined> {
  const { config, corpus, givenCounts, signal } = job;
  if (!config.counts || config.counts === 'auto') return undefined;
  if (corpus.counted === undefined || text === undefined) return undefined;
  const plan = {
    text,
    held: corpus.counted.length - corpus.train.length,
    vocabulary: corpus.vocabulary.size,
    context: config.counts,
    given: givenCounts,
  };
  const counted = await (others ? others.count(plan, signal) : countTraining(plan, signal));
  return counted && mixingPlan(plan, counted);
}
