/**
 * Dynamic evaluation (Krause et al. 2018): the model goes on learning from the text that it predicts.
 *
 * Each chunk is predicted first and learned from afterwards, so that every character is predicted only from what came
 * before it. The update is Adam's without momentum, where the mean square of the gradient is accumulated on the text
 * itself. Each update then pulls the weights back a little to the trained ones, so that the model does not drift away:
 *
 *     θ ← θ - η g / (√v + ε),  θ ← θ + λ (θ₀ - θ)
 */
import type { Backend, Indices, Tensor } from '../backend/backend.js';
import { requireMemory } from '../machine/memory.js';
import type { Model } from '../model/model-data.js';
import { Network, type State } from '../model/network.js';
import { learningBytes } from '../model/network-bytes.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import type { Judge } from '../model/segmented-evaluator.js';
import type { Ids } from '../text/unit.js';

export interface DynamicOptions {
  /** η: the learning rate */
  readonly learningRate: number;
  /** λ: the strength of the pull back to the original weights */
  readonly recall: number;
  /** Number of characters between two updates */
  readonly seqLength: number;
}

export const dynamicDefaults: DynamicOptions = { learningRate: 3e-4, recall: 1e-3, seqLength: 20 };

const meanSquareDecay = 0.999;
const epsilon = 1e-8;

/** A model that reads one text from its beginning, at once or in parts, and adapts to it on the way. */
export class DynamicEvaluator {
  private readonly network: Network;
  private readonly state: State;
  private readonly weights: Tensor;
  private readonly trained: Tensor;
  private readonly gradients: Tensor;
  private readonly moments: readonly [Tensor, Tensor];
  private readonly inputBuffer: Indices;
  private readonly targetBuffer: Indices;
  private updates = 0;

  /**
   * @param judge if given, it, not the network, says what each character costs; the network learns in the same way with
   * and without it
   */
  constructor(
    private readonly backend: Backend,
    model: Pick<Model, 'config' | 'weights'>,
    private readonly options: DynamicOptions = dynamicDefaults,
    private readonly judge?: Judge,
  ) {
    const { seqLength } = options;
    requireMemory(learningBytes(model.config, seqLength), 'dynamic evaluation of this model');
    const table = parameterTable(model.config);
    const flat = () => backend.tensor([table.flatSize]);
    [this.weights, this.trained, this.gradients] = [flat(), flat(), flat()];
    this.moments = [flat(), flat()];
    backend.write(this.weights, model.weights);
    backend.write(this.trained, model.weights);
    this.network = new Network(
      backend,
      model.config,
      new ParameterTensors(backend, table, this.weights),
      new ParameterTensors(backend, table, this.gradients),
      { maxRows: seqLength, maxBatch: 1, training: true, dropout: false, weightDrop: false },
    );
    this.state = this.network.createState(1);
    this.inputBuffer = backend.indices(seqLength);
    this.targetBuffer = backend.indices(seqLength);
  }

  /**
   * Reads on in the text, from where the previous call ended.
   * @param ids the first is only read, all others are predicted
   * @param pause called between chunks; if it throws, the reading ends
   * @returns losses of all characters except the first, in nats
   */
  async read(ids: Ids, pause?: () => void | Promise<void>): Promise<Float32Array> {
    const losses = new Float32Array(Math.max(0, ids.length - 1));
    const { seqLength } = this.options;
    for (let at = 0; at < losses.length; at += seqLength) {
      const T = Math.min(seqLength, losses.length - at);
      await pause?.();
      losses.set(await this.chunk(ids, at, T), at);
    }
    return losses;
  }

  /** Reads the T characters from position `at` onwards, and predicts the one after each of them. */
  private async chunk(ids: Ids, at: number, T: number): Promise<ArrayLike<number>> {
    const { backend, network, gradients, judge } = this;
    const inputIds = backend.viewIndices(this.inputBuffer, 0, T);
    const targetIds = backend.viewIndices(this.targetBuffer, 0, T);
    backend.writeIndices(inputIds, ids.subarray(at, at + T));
    backend.writeIndices(targetIds, ids.subarray(at + 1, at + 1 + T));
    backend.fill(gradients, 0);
    const output = network.forward(inputIds, T, 1, this.state);
    // computing the loss overwrites the logits with their gradient
    const logits = judge && Float32Array.from(await backend.read(output));
    const losses = await backend.read(network.loss(targetIds, 1 / T));
    network.backward();
    this.adapt();
    if (judge === undefined || logits === undefined) return losses;
    const V = network.config.vocabulary;
    return Float32Array.from({ length: T }, (_, t) => judge(logits, t * V, ids, at + 1 + t));
  }

  private adapt(): void {
    const { backend, weights, gradients, moments, options } = this;
    this.updates++;
    backend.adam(weights, gradients, moments[0], moments[1], {
      ...{ rate: options.learningRate, beta1: 0, beta2: meanSquareDecay, epsilon },
      ...{ l2: 0, decay: 0, step: this.updates, gradientScale: 1 },
    });
    backend.lerp(weights, this.trained, options.recall);
  }
}
