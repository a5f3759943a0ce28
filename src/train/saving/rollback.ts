/** Goes back to the last good model when the loss diverges. */
import type { Backend } from '../../backend/backend.js';
import { inMemory, type Numbers } from '../../model/number-list.js';
import type { Replicas } from '../replicas/replica-group.js';
import { noMetrics } from '../replicas/shared-control.js';
import type { TrainConfig } from '../train-config.js';

/**
 * Holds the last good model. How training continues from it depends only on the model and the step, which are both on
 * disk, so that a resumed training run does the same as one that was never interrupted.
 */
export class Rollback {
  private good: (() => Float32Array) | undefined;

  constructor(
    private readonly config: Pick<TrainConfig, 'onDivergence' | 'rollbacks'>,
    private readonly backend: Backend,
    private readonly replicas: Replicas,
    /** The number of rollbacks so far */
    public count: number,
  ) {}

  /** The factor of the learning rate, halved by each rollback */
  get rateFactor(): number {
    return 0.5 ** this.count;
  }

  /**
   * Records the last good model.
   * @param weights all parameters of the model as one list, which must not change until the next call, or a function
   * that makes the list
   */
  keep(weights: Numbers | (() => Float32Array)): void {
    if (this.config.onDivergence !== 'rollback') return;
    this.good = typeof weights === 'function' ? weights : () => inMemory(weights);
  }

  /**
   * Restores the weights of the last good model, and resets moments, hidden state and running sums to their beginning.
   * @returns false if rolling back is switched off, or has been done as often as is allowed
   */
  async goBack(): Promise<boolean> {
    const { backend, replicas, config } = this;
    if (this.good === undefined || this.count >= config.rollbacks) return false;
    this.count++;
    const good = this.good();
    backend.write(replicas.weights, good);
    if (replicas.ema) backend.write(replicas.ema, good);
    for (const moment of replicas.moments) backend.fill(moment, 0);
    const hidden = await replicas.readHidden();
    replicas.writeHidden(hidden.map((layer) => layer.map((state) => state.fill(0))));
    replicas.control.metrics = noMetrics;
    return true;
  }
}
