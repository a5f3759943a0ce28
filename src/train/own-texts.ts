/** The texts of a training run that are in the memory of this process. */
import { idsInMemory } from '../text/id-list.js';
import type { TrainingJob } from './job.js';
import type { Others, SharedTexts } from './replicas/others.js';

/**
 * Returns the whole texts; or, if several processes train, this process's share, after the others have received theirs.
 */
export async function ownTexts(
  { config, corpus }: Pick<TrainingJob, 'config' | 'corpus'>,
  others: Others | undefined,
): Promise<SharedTexts> {
  if (others) return others.share(config, corpus);
  const { train, counted, validation, documents, pairs } = corpus;
  const inMemory = { train: idsInMemory(train), ...(counted && { counted: idsInMemory(counted) }) };
  return { ...inMemory, validation, documents, pairs };
}
