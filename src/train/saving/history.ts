/**
 * The validations of a training run. Of a long training run only some are kept: every 2^k-th, the best and the latest,
 * at most `limits.history`. Which ones depends only on their number and the index of the best, so that a resumed
 * training run keeps the same. Values on which decisions depend are updated with each validation, so that its cost does
 * not grow with their number.
 */
import { limits } from '../../limits.js';
import type { HistoryEntry } from '../../model/model-data.js';

/** Facts about all validations that can no longer be computed from a thinned history */
export interface HistorySummary {
  /** Number of validations in all */
  readonly count: number;
  /** Index of the validation with the lowest loss; -1 if none has a finite loss */
  readonly bestAt: number;
  readonly lowestLoss: number | null;
  readonly firstTrainLoss: number | null;
  readonly lowestTrainLoss: number | null;
}

/** Max number of validations that the history keeps at regular intervals; it also keeps the best and the latest. */
const maxRegular = limits.history - 2;

function strideFor(count: number): number {
  let stride = 1;
  while (Math.ceil(count / stride) > maxRegular) stride *= 2;
  return stride;
}

/** The indices of those validations, out of `count`, that the history keeps, in order */
export function keptIndices(count: number, bestAt: number): number[] {
  const stride = strideFor(count);
  const places = new Set<number>();
  for (let place = 0; place < count; place += stride) places.add(place);
  if (bestAt >= 0) places.add(bestAt);
  if (count > 0) places.add(count - 1);
  return [...places].sort((a, b) => a - b);
}

export class History {
  private kept: { readonly place: number; readonly entry: HistoryEntry }[] = [];
  private count = 0;
  private stride = 1;
  private bestAt = -1;
  private lowestLoss = Number.POSITIVE_INFINITY;
  private firstTrainLoss = Number.POSITIVE_INFINITY;
  private lowestTrainLoss = Number.POSITIVE_INFINITY;

  /**
   * @param entries all validations, or those that are kept of a longer history
   * @param summary of the longer history
   */
  static of(entries: readonly HistoryEntry[], summary?: HistorySummary): History {
    const history = new History();
    if (summary === undefined) {
      for (const entry of entries) history.add(entry);
      return history;
    }
    const infinite = Number.POSITIVE_INFINITY;
    const { count, bestAt } = summary;
    history.kept = keptIndices(count, bestAt).map((place, i) => ({ place, entry: entries[i] }));
    history.count = count;
    history.stride = strideFor(count);
    history.bestAt = bestAt;
    history.lowestLoss = summary.lowestLoss ?? infinite;
    history.firstTrainLoss = summary.firstTrainLoss ?? infinite;
    history.lowestTrainLoss = summary.lowestTrainLoss ?? infinite;
    return history;
  }

  add(entry: HistoryEntry): void {
    const place = this.count++;
    const trainLoss = finite(entry.trainLoss);
    const loss = finite(entry.validationLoss ?? entry.trainLoss);
    // a given model is validated before the first step, so the first validation may not have a training loss
    if (!Number.isFinite(this.firstTrainLoss)) this.firstTrainLoss = trainLoss;
    this.lowestTrainLoss = Math.min(this.lowestTrainLoss, trainLoss);
    const [latest, best] = [place - 1, this.bestAt];
    if (loss < this.lowestLoss) {
      this.lowestLoss = loss;
      this.bestAt = place;
    }
    this.kept.push({ place, entry });
    const stride = strideFor(this.count);
    if (stride !== this.stride) {
      this.stride = stride;
      this.kept = this.kept.filter((one) => this.isKept(one.place));
      return;
    }
    for (const old of [latest, best]) {
      const at = this.kept.findLastIndex((one) => one.place === old);
      if (at >= 0 && !this.isKept(old)) this.kept.splice(at, 1);
    }
  }

  /** Number of validations in all */
  get length(): number {
    return this.count;
  }

  /** The validations that are kept, in order. */
  get entries(): HistoryEntry[] {
    return this.kept.map(({ entry }) => entry);
  }

  /** The summary of a thinned history; undefined if the entries are complete */
  get summary(): HistorySummary | undefined {
    const { count, bestAt } = this;
    if (count === this.kept.length) return undefined;
    return {
      count,
      bestAt,
      lowestLoss: orNull(this.lowestLoss),
      firstTrainLoss: orNull(this.firstTrainLoss),
      lowestTrainLoss: orNull(this.lowestTrainLoss),
    };
  }

  /** Number of validations since the one with the lowest loss */
  get sinceBest(): number {
    return this.count - 1 - this.bestAt;
  }

  /**
   * Whether everything that was learned has been lost: the mean training loss since the previous validation is above
   * that of the beginning, and more than 1 nat above the lowest. A passage that is hard to predict does not cause this,
   * nor does a validation loss that rises while the model memorises the text.
   */
  isFarAboveBest(trainLoss: number): boolean {
    if (!Number.isFinite(this.firstTrainLoss)) return false;
    return trainLoss > Math.max(this.firstTrainLoss, this.lowestTrainLoss + 1);
  }

  private isKept(place: number): boolean {
    return place % this.stride === 0 || place === this.bestAt || place === this.count - 1;
  }
}

function finite(loss: number | null | undefined): number {
  return Number.isFinite(loss) ? (loss as number) : Number.POSITIVE_INFINITY;
}

function orNull(loss: number): number | null {
  return Number.isFinite(loss) ? loss : null;
}
