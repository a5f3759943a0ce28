/** Counts the n-grams of a text before a network is trained on it. */
import { countTraining } from '../counts/count-training.js';
import type { TrainingJob } from './job.js';
import type { MixingPlan } from './replicas/mixing.js';
import { mixingPlan } from './replicas/mixing-plan.js';

/**
 * Counts the n-grams of the training text, if they are to be mixed with the network's predictions; undefined if not,
 * and if a signal ended the counting.
 */
export async function countedBeside(job: TrainingJob): Promise<MixingPlan | undefined> {
  const { config, corpus, givenCounts, signal } = job;
  if (!config.counts || config.counts === 'auto' || corpus.counted === undefined) return undefined;
  const plan = {
    text: corpus.counted,
    held: corpus.counted.length - corpus.train.length,
    vocabulary: corpus.vocabulary.size,
    context: config.counts,
    given: givenCounts,
  };
  const counted = await countTraining(plan, signal);
  return counted && mixingPlan(plan, counted);
}
