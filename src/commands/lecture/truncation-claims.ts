/** Claims on the state, the weights that all steps share, and truncated back-propagation. */
import { activationBytes } from '../../analyse/activation-bytes.js';
import { normOf, SmallTraining } from '../../analyse/small-training.js';
import { truncatedGradients } from '../../analyse/truncation.js';
import { withScope } from '../../backend/device.js';
import { loadNetwork } from '../../model/load.js';
import type { ModelConfig } from '../../model/model-config.js';
import { parameterTable } from '../../model/parameters.js';
import type { LectureClaim } from '../../pages/data.js';
import type { Ids } from '../../text/unit.js';
import {
  freshWeights,
  type LectureSetting,
  modelOf,
  network,
  percent,
  placeOf,
  steps,
} from './lecture-network.js';

/** The state starts at zero, and one set of weights serves all steps. */
export async function oneSetOfWeights(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const weights = freshWeights(config, seed);
  const T = 50;
  const read = (pieces: readonly number[], zero: boolean) =>
    withScope(device, async (backend) => {
      const net = loadNetwork(modelOf(config, weights, text.vocabulary), backend, {
        maxRows: T,
        maxBatch: 1,
      });
      const state = net.createState(1);
      if (!zero) for (const layer of state) for (const part of layer) backend.fill(part, 0.5);
      const logits: number[] = [];
      let at = 0;
      for (const length of pieces) {
        const ids = backend.indices(length);
        backend.writeIndices(ids, Int32Array.from(text.ids.subarray(at, at + length)));
        logits.push(...(await backend.read(net.forward(ids, length, 1, state))));
        at += length;
      }
      return logits;
    });
  const whole = await read([T], true);
  const single = await read(new Array(T).fill(1), true);
  const other = await read([T], false);
  const V = config.vocabulary;
  const farthest = (a: readonly number[], b: readonly number[]) =>
    Math.max(...a.map((x, i) => Math.abs(x - b[i])));
  const byStep = steps(T).map((t) =>
    farthest(whole.slice((t - 1) * V, t * V), other.slice((t - 1) * V, t * V)),
  );
  const difference = farthest(whole, single);
  return {
    id: 'one-set-of-weights',
    title: 'The state starts at zero, and one set of weights serves all steps',
    text: `A vanilla network of ${config.hidden} units has ${parameterTable(config).count.toLocaleString('en')} parameters, however long the text is. Reading ${T} characters at once, and one by one with the state handed on, gives the same predictions: they differ by ${difference}. What the state begins with matters at first: the chart shows by how much predictions change if it begins at 0.5 instead of 0.`,
    holds: difference < 1e-5 && byStep[0] > byStep[T - 1],
    numbers: { difference, firstStep: byStep[0], lastStep: byStep[T - 1] },
    chart: {
      x: steps(T),
      xLabel: 'step',
      logarithmic: true,
      lines: [{ name: 'largest change of a logit', y: byStep }],
    },
  };
}

const textLengths = [128, 256, 512, 1024, 2048, 4096];
const truncatedAt = 64;

/** Back-propagation through a whole sequence needs memory in proportion to its length, truncated it needs the chunk's. */
export async function memoryOfLength(setting: LectureSetting): Promise<LectureClaim> {
  const config = network('rnn', setting);
  const bytes = (T: number) => activationBytes(setting.device, config, T);
  const full = await Promise.all(textLengths.map(bytes));
  const truncated = await bytes(truncatedAt);
  const [first, last] = [full[0], full[full.length - 1]];
  const growth = last / first;
  const lengths = textLengths[textLengths.length - 1] / textLengths[0];
  const megabytes = (number: number) => number / 1e6;
  return {
    id: 'memory-of-length',
    title: 'Back-propagation through a whole sequence needs memory in proportion to its length',
    text: `Going back needs what was computed on the way forward. Counted as it is allocated, a vanilla network of ${config.hidden} units takes ${megabytes(first).toFixed(2)} MB for a text of ${textLengths[0]} characters and ${growth.toFixed(1)} times as much for one of ${lengths} times the length. In chunks of ${truncatedAt} steps it takes ${megabytes(truncated).toFixed(2)} MB, however long the text is. The chart is in megabytes.`,
    holds: Math.abs(growth / lengths - 1) < 0.05 && truncated < first,
    numbers: { growth, lengths, full: last, truncated },
    chart: {
      x: textLengths,
      xLabel: 'characters of the text',
      lines: [
        { name: 'through the whole text', y: full.map(megabytes) },
        {
          name: `truncated at ${truncatedAt} steps`,
          y: textLengths.map(() => megabytes(truncated)),
        },
      ],
    },
  };
}

const wholeLength = 1024;
const chunkLengths = [16, 64, 256, wholeLength];

/** What truncation saves in memory it costs in the gradient. */
export async function gradientOfChunks(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const weights = freshWeights(config, seed);
  const rows = await truncatedGradients(
    device,
    config,
    weights,
    text.ids,
    chunkLengths,
    wholeLength,
  );
  const [short, long] = [rows[0], rows[rows.length - 1]];
  return {
    id: 'gradient-of-chunks',
    title: 'Truncation costs a part of the gradient, the less the longer the chunk is',
    text: `The gradient of the loss on ${wholeLength} characters, in chunks of several lengths, compared with the gradient through all of them at once. In chunks of ${short.seqLength} steps it is off by ${percent(short.error)}, in chunks of ${rows[1].seqLength} by ${percent(rows[1].error)}.`,
    holds: short.error > rows[1].error && rows[1].error > rows[2].error && long.error === 0,
    numbers: {
      errorOf16: rows[0].error,
      errorOf64: rows[1].error,
      errorOf256: rows[2].error,
      errorOfAll: long.error,
    },
    table: {
      head: ['steps of a chunk', 'gradient off by', 'cosine of the angle'],
      rows: rows.map(({ seqLength, error, cosine }) => [
        seqLength.toLocaleString('en'),
        percent(error),
        cosine.toFixed(4),
      ]),
    },
  };
}

/** At the edge of a chunk the state goes on and the gradient ends. */
export async function edgeOfTheChunk(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const weights = freshWeights(config, seed);
  const T = 16;
  // a symbol that occurs once, right before the edge: its input weights learn from what follows alone
  const marked = Int32Array.from(text.ids.subarray(0, 2 * T + 1));
  const unique = config.vocabulary - 1;
  marked[T - 1] = unique;
  const without = marked.slice();
  without[T - 1] = marked[T - 2];
  const inputOf = (gradient: ArrayLike<number>) => ofSymbol(config, gradient, unique);
  const chunkLosses = (ids: Int32Array, seqLength: number) =>
    withScope(device, async (backend) => {
      const chunks = { seqLength, batchSize: 1 };
      const training = new SmallTraining(backend, config, weights, ids as unknown as Ids, chunks);
      const first = await training.gradient();
      return seqLength === T ? [first, await training.gradient()] : [first];
    });
  const [first, second] = await chunkLosses(marked, T);
  const [both] = await chunkLosses(marked, 2 * T);
  const [, other] = await chunkLosses(without, T);
  // means over 2 T and over T characters
  const fromSecond = both.gradient.map((x, i) => 2 * x - first.gradient[i]);
  const truncated = normOf(inputOf(second.gradient));
  const full = normOf(inputOf(fromSecond));
  const change = Math.abs(second.loss - other.loss);
  return {
    id: 'edge-of-the-chunk',
    title: "At the chunk's edge the state goes on and the gradient ends",
    text: `A symbol that occurs nowhere else is put right before the edge between two chunks of ${T} steps. It changes the loss of the second chunk by ${change.toPrecision(2)} nats per character, so the state went on. But the gradient of that loss with respect to the symbol's input weights is ${truncated} when truncated, and ${full.toPrecision(2)} without truncation.`,
    holds: truncated === 0 && full > 0 && change > 0,
    numbers: { truncated, full, change },
    table: {
      head: ['', 'norm of the gradient'],
      rows: [
        ['truncated at the edge', `${truncated}`],
        ['through both chunks', full.toPrecision(3)],
      ],
    },
  };
}

/** The part of a gradient that belongs to a symbol's column of the one-hot input weights */
function ofSymbol(config: ModelConfig, gradient: ArrayLike<number>, symbol: number): number[] {
  const input = placeOf(config, 'rnn.weight_ih_l0');
  const [rows, V] = input.shape;
  return Array.from({ length: rows }, (_, row) => gradient[input.start + row * V + symbol]);
}
