/**
 * A replica in coding, which codes some rows of the streams. All replicas go through the same chunks in lockstep: each
 * codes the characters of its rows with the current weights, then all learn from the chunk together, as in training.
 * The network's predictions are mixed with those of n-gram counts (`mixed-prediction.ts`), except in files of early
 * versions whose network does not learn. The decoder does the same with the characters that it has just decoded, so
 * that both sides have the same weights at every chunk, to the last bit.
 */
import { setImmediate } from 'node:timers/promises';
import { type Answer, type Backend, type Indices, isPending } from '../backend/backend.js';
import { openHandle } from '../backend/open-device.js';
import type { ModelCounts } from '../counts/mixture.js';
import { Network, type State } from '../model/network.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import { BrokenBarrier } from '../threads/barrier.js';
import type { Handler } from '../threads/handler.js';
import { Replica } from '../train/replicas/replica.js';
import type { ReplicaPlan } from '../train/replicas/replica-plan.js';
import { SharedControl } from '../train/replicas/shared-control.js';
import { type CountingFormat, countingFormat } from './counting-format.js';
import { EscapeCoder } from './escape-coder.js';
import { Frequencies } from './frequencies.js';
import { MixedPrediction } from './mixed-prediction.js';
import { RangeDecoder, RangeEncoder } from './range-coder.js';
import { isText, type Layout } from './stream-layout.js';

/** What all replicas of the model need in order to code a text; it is passed to their threads by `postMessage`. */
export interface CodingPlan {
  readonly layout: Layout;
  /** The symbols of the text by their position in the streams; the decoder fills them in. */
  readonly symbols: Uint32Array;
  /** The symbol of each id, without the unknown symbol */
  readonly alphabet: Uint32Array;
  /** The plan of each replica, as in training; its `train` contains the ids of the text by position in the streams. */
  readonly replicas: readonly ReplicaPlan[];
  /** Peak learning rate; 0 keeps the network unchanged */
  readonly rate: number;
  /** The version of the compressed file, which decides how n-grams are counted and mixed */
  readonly version: number;
  /** Length of the longest context that is counted, in characters */
  readonly context: number;
  /** Whether the network is that of a given model */
  readonly isGiven: boolean;
  /** The n-gram counts of the given model */
  readonly counts: ModelCounts | undefined;
  /** The bytes to decode, by replica; undefined when encoding */
  readonly coded: readonly Uint8Array[] | undefined;
}

/** Max milliseconds of work between two pauses, in which timers can run */
const sliceMs = 100;

/** The learning rate rises to its peak in `warmup` steps, stays there until step `steady`, then falls as 1/√step. */
const warmup = 20;
const steady = 2000;

function rateAt(peak: number, step: number): number {
  return peak * Math.min(1, (step + 1) / warmup, Math.sqrt(steady / (step + 1)));
}

export interface CodingOrder {
  readonly index: number;
}

/** The coded bytes; empty when decoding */
export type CodingResult = Uint8Array;

export function createCodingHandler(
  plan: CodingPlan,
  reply: (result: CodingResult) => void,
): Handler<CodingOrder> {
  return async ({ index }: CodingOrder) => {
    const { operations } = await openHandle(plan.replicas[index].device);
    reply(await new StreamCoder(operations, plan, index).run());
  };
}

class StreamCoder {
  private readonly network: Network;
  private readonly control: SharedControl;
  /** Trains the network; undefined if it does not learn */
  private readonly replica: Replica | undefined;
  /** Mixes network and counts; undefined if the network predicts alone */
  private readonly mixed: MixedPrediction | undefined;
  private readonly format: CountingFormat;
  private readonly state: State;
  private readonly input: Indices;
  private readonly logits: Float32Array;
  private readonly frequencies: Frequencies;
  private readonly escapes = new EscapeCoder();
  private readonly encoder: RangeEncoder | undefined;
  private readonly decoder: RangeDecoder | undefined;
  private readonly own: ReplicaPlan;

  constructor(
    private readonly backend: Backend,
    private readonly plan: CodingPlan,
    index: number,
  ) {
    const { layout, replicas, coded, rate, version, context, isGiven, counts } = plan;
    this.own = replicas[index];
    const { rows, model, control } = this.own;
    this.control = new SharedControl(replicas.length, control);
    if (rate > 0) this.replica = new Replica(backend, this.own, this.control);
    this.format = countingFormat(version, context);
    if (rate > 0 || this.format.isAlwaysMixed) {
      this.mixed = new MixedPrediction(model.vocabulary, this.format, isGiven, counts);
    }
    const { isTrimmed } = this.format;
    if (coded === undefined) this.encoder = new RangeEncoder(isTrimmed);
    else this.decoder = new RangeDecoder(coded[index], isTrimmed);
    // the decoder must decode each character before the network can read it
    const steps = this.encoder ? layout.chunk : 1;
    const weights = new ParameterTensors(
      backend,
      parameterTable(model),
      backend.attach(this.own.weights),
    );
    this.network = new Network(backend, model, weights, undefined, {
      maxRows: steps * rows,
      maxBatch: rows,
      training: false,
      dropout: false,
      weightDrop: false,
    });
    this.state = this.network.createState(rows);
    this.input = backend.indices(steps * rows);
    this.logits = new Float32Array(steps * rows * model.vocabulary);
    this.frequencies = new Frequencies(model.vocabulary);
  }

  async run(): Promise<CodingResult> {
    const { plan, network, replica, mixed } = this;
    const { length, chunk } = plan.layout;
    network.freeze();
    let steady = true;
    let pause = performance.now() + sliceMs;
    for (let from = 0, step = 0; from < length; from += chunk, step++) {
      if (this.own.index === 0) this.control.step = step;
      if (performance.now() > pause) {
        // if this is the main thread, the pause lets progress be shown, and a signal end the work
        await setImmediate();
        if (this.control.barrier.isBroken) throw new BrokenBarrier();
        pause = performance.now() + sliceMs;
      }
      const T = Math.min(chunk, length - from);
      if (this.encoder) await this.steps(from, T);
      else {
        for (let t = 0; t < T; t++) {
          const step = this.steps(from + t, 1);
          if (isPending(step)) await step;
        }
      }
      if (replica !== undefined) {
        if (steady) {
          const rate = Float64Array.of(rateAt(plan.rate, step));
          // a model whose loss has diverged stops learning, in the encoder as in the decoder
          steady = (await replica.run(step, rate)).diverged === undefined;
          network.thaw();
          network.freeze();
        } else {
          this.control.barrier.wait();
        }
      }
      if (mixed === undefined) continue;
      // the other replicas must have coded their characters before this one counts them
      if (replica === undefined) this.control.barrier.wait();
      this.countChunk(mixed, from + 1, from + T);
    }
    return this.encoder?.finish() ?? new Uint8Array(0);
  }

  /**
   * Counts the characters from position `first` to `last` in all streams, including those of the other replicas, except
   * characters that were counted as soon as they were coded.
   */
  private countChunk(mixed: MixedPrediction, first: number, last: number): void {
    const { layout } = this.plan;
    const { firstRow, rows } = this.own;
    for (let stream = 0; stream < layout.streams; stream++) {
      const isOwn = stream >= firstRow && stream < firstRow + rows;
      if (isOwn && this.format.countsAtOnce) continue;
      const ids = this.streamIds(stream);
      for (let i = first; i <= last && isText(layout, stream, i); i++) mixed.count(ids, i);
    }
  }

  private streamIds(stream: number) {
    const { length } = this.plan.layout;
    return this.own.train.subarray(stream * length, (stream + 1) * length);
  }

  /** Codes T characters of each row, one time step after another. */
  private steps(from: number, T: number): Answer<void> {
    const { backend, network, logits, own, plan } = this;
    const { length } = plan.layout;
    const { firstRow, rows, model } = own;
    const ids = own.train;
    const input = backend.viewIndices(this.input, 0, T * rows);
    const read = new Int32Array(T * rows);
    for (let t = 0; t < T; t++) {
      for (let row = 0; row < rows; row++) {
        read[t * rows + row] = ids[(firstRow + row) * length + from + t];
      }
    }
    backend.writeIndices(input, read);
    const V = model.vocabulary;
    const output = network.forward(input, T, rows, this.state);
    const answer = backend.read(output, logits.subarray(0, T * rows * V));
    if (isPending(answer)) return answer.then(() => this.characters(from, T));
    this.characters(from, T);
  }

  private characters(from: number, T: number): void {
    const { own, plan } = this;
    const { firstRow, rows, model } = own;
    const V = model.vocabulary;
    for (let t = 0; t < T; t++) {
      for (let row = 0; row < rows; row++) {
        if (!isText(plan.layout, firstRow + row, from + t + 1)) continue;
        this.character(firstRow + row, from + t + 1, (t * rows + row) * V);
      }
    }
  }

  /** @param start index of the character's first logit */
  private character(stream: number, index: number, start: number): void {
    const { mixed, frequencies, logits } = this;
    if (mixed === undefined) {
      frequencies.set(logits, start);
      this.code(stream, index);
      return;
    }
    const ids = this.streamIds(stream);
    frequencies.set(mixed.predict(logits, start, ids, index), 0);
    mixed.learn(this.code(stream, index), frequencies);
    if (this.format.countsAtOnce) mixed.count(ids, index);
  }

  /** Codes a character with the current frequencies, and returns its id. */
  private code(stream: number, index: number): number {
    const { frequencies, plan, own, encoder, decoder } = this;
    const position = stream * plan.layout.length + index;
    const unknown = own.model.vocabulary - 1;
    const ids = own.train;
    const { values, total } = frequencies;
    if (encoder) {
      const id = ids[position];
      encoder.encode(frequencies.before(id), values[id], total);
      if (id === unknown) this.escapes.encode(plan.symbols[position], encoder);
      return id;
    }
    if (decoder === undefined) throw new Error('a replica neither encodes nor decodes');
    const target = decoder.target(total);
    let id = 0;
    let before = 0;
    while (before + values[id] <= target) before += values[id++];
    decoder.decode(before, values[id], total);
    ids[position] = id;
    plan.symbols[position] = id === unknown ? this.escapes.decode(decoder) : plan.alphabet[id];
    return id;
  }
}
