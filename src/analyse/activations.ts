/**
 * Reads a text with a model and records everything on the way: predictions, the values of the units, and how far the
 * gates are open.
 *
 * A long text is cut into segments that are read in parallel, each beginning with the state that the characters before
 * it leave, as in `model/segmented-evaluator.ts`.
 */
import type { Backend, Tensor } from '../backend/backend.js';
import type { GateValues } from '../model/cells/cell.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import type { State } from '../model/network.js';
import { type Segments, segmentText, warmup } from '../model/segmented-evaluator.js';
import type { Ids } from '../text/unit.js';

type Reals = Float32Array | Float64Array;

/** The results for T steps of all segments. Row i = t · rows + r of each array belongs to character `starts[r] + t`. */
export interface Activations {
  readonly rows: number;
  /** For each segment: position in the text of the first character that it reads in this chunk */
  readonly starts: readonly number[];
  /** For each segment: how many of the T steps are within it and within the text */
  readonly lengths: readonly number[];
  /** Logits of the next character, [T·rows, V] */
  readonly logits: Reals;
  /** Values of the units by layer, [T·rows, H], from -1 to 1; see `CellChunk.unitValues` */
  readonly memory: readonly Reals[];
  /** Values of the gates after their activation, by layer and by gate in the order of the cell's `gateNames` */
  readonly gates: readonly (readonly GateReading[])[];
}

/** The values of a gate, [T·rows, H]: that of unit j in row i is `values[i · stride + start + j]`. */
export interface GateReading {
  readonly values: Reals;
  readonly start: number;
  readonly stride: number;
}

/** Number of time steps in a chunk */
const chunkSteps = 64;

/**
 * Reads a text from beginning to end.
 * @param ids in the model's vocabulary
 * @param take is called after each chunk, with arrays that the next chunk overwrites
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
  const { layers, hidden: H, vocabulary: V } = model.config;
  const arrays = (width: number) =>
    Array.from({ length: layers }, () => new Float32Array(chunkSteps * rows * width));
  const logitArray = new Float32Array(chunkSteps * rows * V);
  const memoryArrays = arrays(H);
  const gateReader = new GateReader(backend, H);

  let from = rows > 1 ? -warmup : 0;
  while (from < segments.length) {
    // before each segment but the first, the `warmup` characters that precede it are read; a chunk ends where they end,
    // because there the state of the first segment has to be set to zeros
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
          network.activations.map(({ unitValues }, l) => {
            if (unitValues === undefined) throw new Error('in half precision no units are kept');
            return backend.read(unitValues, memoryArrays[l].subarray(0, unitValues.size));
          }),
        ),
        gates: await Promise.all(
          network.activations.map(({ gates }, l) => gateReader.read(l, gates)),
        ),
      });
    }
    from += T;
    if (from === 0) clearFirstRow(backend, state);
  }
}

/** Reads gates from the device. Gates in adjacent columns are read at once, always into the same memory. */
class GateReader {
  private readonly arrays = new Map<string, Float32Array>();

  constructor(
    private readonly backend: Backend,
    private readonly H: number,
  ) {}

  async read(layer: number, gates: readonly GateValues[]): Promise<GateReading[]> {
    const read = new Map<Tensor, Promise<Reals>>();
    const found: GateReading[] = [];
    for (const [index, { tensor, column }] of gates.entries()) {
      const values = read.get(tensor) ?? this.values(`${layer} ${index}`, tensor);
      read.set(tensor, values);
      found.push({ values: await values, start: column * this.H, stride: tensor.shape[2] });
    }
    return found;
  }

  private async values(key: string, tensor: Tensor): Promise<Reals> {
    const known = this.arrays.get(key);
    const array = known && known.length >= tensor.size ? known : new Float32Array(tensor.size);
    this.arrays.set(key, array);
    return await this.backend.read(tensor, array.subarray(0, tensor.size));
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

/** Sets the state of the first segment to zeros, because no text precedes it. */
function clearFirstRow(backend: Backend, state: State): void {
  for (const s of state.flat()) backend.fill(backend.view(s, 0, [1, s.shape[1]]), 0);
}
