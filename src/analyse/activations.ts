/**
 * Reading a text with a model and looking at everything on the way: predictions, what the units hold, how
 * far the gates are open.
 *
 * A long text is cut into segments that are read side by side, each entered with the state that the
 * characters before it leave, as in `model/segmented-evaluator.ts`.
 */
import type { Backend } from '../backend/backend.js';
import { cells } from '../model/cells/cells.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import type { State } from '../model/network.js';
import { type Segments, segmentText, warmup } from '../model/segmented-evaluator.js';
import type { Ids } from '../text/unit.js';

type Reals = Float32Array | Float64Array;

/** T steps of all segments. Row i = t · rows + r of each array belongs to character `starts[r] + t`. */
export interface Activations {
  readonly rows: number;
  /** Position in the text of the first character that each segment reads in this chunk */
  readonly starts: readonly number[];
  /** How many of the T steps of each segment lie within it and within the text */
  readonly lengths: readonly number[];
  /** Logits of the next character, [T·rows, V] */
  readonly logits: Reals;
  /** What the units hold, by layer, [T·rows, H], from -1 to 1: see `CellChunk.memory` */
  readonly memory: readonly Reals[];
  /** Activated gates by layer, [T·rows, G·H]; meaningless for a vanilla RNN */
  readonly gates: readonly Reals[];
}

/** Time steps of a chunk */
const chunkSteps = 64;

/**
 * Reads a text from beginning to end.
 * @param ids in the model's vocabulary
 * @param take is called for chunk after chunk; the arrays are overwritten by the next
 */
export async function recordActivations(
  model: Model,
  backend: Backend,
  ids: Ids,
  take: (activations: Activations) => void,
): Promise<void> {
  const segments = segmentText(ids.length + 1);
  const rows = segments.count;
  const network = loadNetwork(model, backend, { maxRows: chunkSteps * rows, maxBatch: rows });
  const state = network.createState(rows);
  const inputs = new Int32Array(chunkSteps * rows);
  const memory = backend.indices(chunkSteps * rows);
  const { layers, hidden: H, cell, vocabulary: V } = model.config;
  const arrays = (width: number) =>
    Array.from({ length: layers }, () => new Float32Array(chunkSteps * rows * width));
  const logitArray = new Float32Array(chunkSteps * rows * V);
  const [memoryArrays, gateArrays] = [arrays(H), arrays(cells[cell].gates * H)];

  let from = rows > 1 ? -warmup : 0;
  while (from < segments.length) {
    // no chunk crosses the end of the warm-up, where the first segment starts from zero
    const T = Math.min(chunkSteps, (from < 0 ? 0 : segments.length) - from);
    fillInputs(inputs, ids, segments, from, T);
    const view = backend.viewIndices(memory, 0, T * rows);
    backend.writeIndices(view, inputs.subarray(0, T * rows));
    const logits = network.forward(view, T, rows, state);
    if (from >= 0) {
      const starts = Array.from({ length: rows }, (_, r) => r * segments.length + from);
      take({
        rows,
        starts,
        lengths: starts.map((start) => Math.max(0, Math.min(T, ids.length - start))),
        logits: await backend.read(logits, logitArray.subarray(0, T * rows * V)),
        memory: await Promise.all(
          network.activations.map((layer, l) =>
            backend.read(layer.unitValues, memoryArrays[l].subarray(0, layer.unitValues.size)),
          ),
        ),
        gates: await Promise.all(
          network.activations.map(({ inputProjection }, l) =>
            backend.read(inputProjection, gateArrays[l].subarray(0, inputProjection.size)),
          ),
        ),
      });
    }
    from += T;
    if (from === 0) clearFirstRow(backend, state);
  }
}

function fillInputs(
  inputs: Int32Array,
  ids: Ids,
  { count, length }: Segments,
  from: number,
  T: number,
) {
  for (let row = 0; row < count; row++) {
    for (let t = 0; t < T; t++) inputs[t * count + row] = ids[row * length + from + t] ?? 0;
  }
}

/** No text comes before the first segment. */
function clearFirstRow(backend: Backend, state: State): void {
  for (const s of state.flat()) backend.fill(backend.view(s, 0, [1, s.shape[1]]), 0);
}
