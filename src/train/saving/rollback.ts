/** Rolling back to the last good model when the loss diverges. */
import type { Backend } from '../../backend/backend.js';
import type { Replicas } from '../replicas/replica-group.js';
import type { TrainConfig } from '../train-config.js';

/**
 * The last good model, to go back to. Where it is taken up again depends on the model and the step
 * alone, both of which are on disk: so a resumed training goes back as the one never stopped.
 */
export class Rollback {
  private good: Float32Array | undefined;

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

  /** @param weights of the last good model, flat; they must not be changed afterwards */
  keep(weights: Float32Array): void {
    if (this.config.onDivergence === 'rollback') this.good = weights;
  }

  /**
   * Takes the last good weights again, with moments, hidden state and running sums as at the beginning.
   * @returns false when this is not wanted, or has been done often enough
   */
  async goBack(): Promise<boolean> {
    const { backend, replicas, config, good } = this;
    if (good === undefined || this.count >= config.rollbacks) return false;
    this.count++;
    backend.write(replicas.weights, good);
    if (replicas.ema) backend.write(replicas.ema, good);
    for (const moment of replicas.moments) backend.fill(moment, 0);
    const hidden = await replicas.readHidden();
    replicas.writeHidden(hidden.map((layer) => layer.map((state) => state.fill(0))));
    replicas.control.metrics = { steps: 0, loss: 0, gradientNorm: 0, clipped: 0 };
    return true;
  }
}
