/**
 * The memory of a network's chunks in addition to that of its layers. It is allocated once, for the largest chunk; a
 * chunk with fewer steps or rows is a view of its beginning.
 */
import type { Backend, Tensor } from '../backend/backend.js';
import type { CellChunk, CellLayer } from './cells/cell.js';
import { cellOf } from './cells/cells.js';
import { isResidual, type ModelConfig } from './model-config.js';

export interface Capacity {
  /** Max number of rows in a chunk: T·B, for T steps and B rows in each step */
  readonly maxRows: number;
  /** Max number of rows in a step (B) */
  readonly maxBatch: number;
  /** Whether `backward` will be called. */
  readonly training: boolean;
  /** Whether `forward` will be called with dropout of outputs. */
  readonly dropout: boolean;
  /** Whether `forward` will be called with dropout of weights. */
  readonly weightDrop: boolean;
  /** Whether `forward` will be called with rows whose state becomes zero where a document begins. */
  readonly documents?: boolean;
}

/** Views of the memory of a chunk with T steps and B rows: that of its layers, and the buffers beside them */
export interface ChunkViews {
  readonly layers: readonly CellChunk[];
  /** What each layer passes on to the layer above, [T, B, H]; undefined where that is the layer's output itself */
  readonly layerOutputs: readonly (Tensor | undefined)[];
  /** Gradient w.r.t. the inputs of the layer above, [T, B, H] */
  readonly dOutput: Tensor | undefined;
  /** Gradient w.r.t. a layer's output before dropout, [T, B, H]; undefined if it may overwrite `dOutput` */
  readonly dUndropped: Tensor | undefined;
  /** Logits, [T·B, V] */
  readonly logits: Tensor;
  /** Losses, [T·B] */
  readonly losses: Tensor;
  /** Gradient w.r.t. the state of a layer, [B, H] for each tensor */
  readonly dState: readonly Tensor[];
}

export class ChunkBuffers {
  private readonly layerOutputs: readonly (Tensor | undefined)[];
  private readonly dOutput: Tensor | undefined;
  private readonly dUndropped: Tensor | undefined;
  private readonly logits: Tensor;
  private readonly losses: Tensor;
  private readonly dStates: readonly Tensor[];
  private readonly views = new Map<string, ChunkViews>();

  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    private readonly layers: readonly CellLayer[],
    private readonly capacity: Capacity,
  ) {
    const { hidden: H, vocabulary: V } = config;
    const { maxRows, maxBatch, training, dropout } = capacity;
    this.layerOutputs = layers.map((_, l) =>
      dropout || isResidual(config, l) ? backend.compact([maxRows * H]) : undefined,
    );
    this.logits = backend.tensor([maxRows * V]);
    this.losses = backend.tensor([maxRows]);
    this.dOutput = training ? backend.tensor([maxRows * H]) : undefined;
    const keepsBoth = training && dropout && isResidual(config, layers.length - 1);
    this.dUndropped = keepsBoth ? backend.tensor([maxRows * H]) : undefined;
    const { states } = cellOf(config);
    this.dStates = training ? states.map(() => backend.tensor([maxBatch * H])) : [];
  }

  /** The buffers of a chunk with T steps and B rows. Chunks of the same size share them. */
  at(T: number, B: number): ChunkViews {
    const key = `${T} ${B}`;
    const known = this.views.get(key);
    if (known) return known;
    const { backend } = this;
    const { hidden: H, vocabulary: V } = this.config;
    if (T * B > this.capacity.maxRows || B > this.capacity.maxBatch) {
      throw new Error(`chunk of ${T} steps and ${B} rows is larger than this network's memory`);
    }
    const chunk: ChunkViews = {
      layers: this.layers.map((layer) => layer.at(T, B)),
      layerOutputs: this.layerOutputs.map((memory) => memory && backend.view(memory, 0, [T, B, H])),
      dOutput: this.dOutput && backend.view(this.dOutput, 0, [T, B, H]),
      dUndropped: this.dUndropped && backend.view(this.dUndropped, 0, [T, B, H]),
      logits: backend.view(this.logits, 0, [T * B, V]),
      losses: backend.view(this.losses, 0, [T * B]),
      dState: this.dStates.map((memory) => backend.view(memory, 0, [B, H])),
    };
    this.views.set(key, chunk);
    return chunk;
  }
}
