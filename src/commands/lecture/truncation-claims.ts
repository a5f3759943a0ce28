/** Claims about the state, the weights that all steps share, and truncated back-propagation. */
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

/** Claim: the state starts at zero, and all steps use the same weights. */
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
    title: 'The state starts at zero, and all steps use the same weights',
    text: `A vanilla network of ${config.hidden} units has ${parameterTable(config).count.toLocaleString('en')} parameters, however long the text is. Reading ${T} characters at once gives the same predictions as reading them one by one and passing on the state: they differ by ${difference}. The initial state matters only at first: the chart shows how much the predictions change if the state begins at 0.5 instead of 0.`,
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

/**
 * Claim: back-propagation through a whole sequence needs memory in proportion to its length, while truncated
 * back-propagation needs memory for a single chunk.
 */
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
    text: `Back-propagation needs the values that were computed in the forward pass. For a text of ${textLengths[0]} characters, a vanilla network of ${config.hidden} units allocates ${megabytes(first).toFixed(2)} MB, and for a text that is ${lengths} times as long, ${growth.toFixed(1)} times as much. In chunks of ${truncatedAt} steps it allocates ${megabytes(truncated).toFixed(2)} MB, however long the text is. The chart shows megabytes.`,
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

/** Claim: truncation loses a part of the gradient, which is smaller with longer chunks. */
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
    title: 'Truncation loses a part of the gradient, which is smaller with longer chunks',
    text: `The gradient of the loss on ${wholeLength} characters is computed in chunks of several lengths, and compared with the gradient through all characters at once. With chunks of ${short.seqLength} steps it differs by ${percent(short.error)}, with chunks of ${rows[1].seqLength} steps by ${percent(rows[1].error)}.`,
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

/** Claim: at the edge of a chunk, the state continues and the gradient ends. */
export async function edgeOfTheChunk(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const weights = freshWeights(config, seed);
  const T = 16;
  // the symbol occurs only once, right before the edge, so only later predictions give its input weights a gradient
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
  // `both` and `first` contain mean gradients over 2 T and T characters, from which that of the second chunk follows
  const fromSecond = both.gradient.map((x, i) => 2 * x - first.gradient[i]);
  const truncated = normOf(inputOf(second.gradient));
  const full = normOf(inputOf(fromSecond));
  const change = Math.abs(second.loss - other.loss);
  return {
    id: 'edge-of-the-chunk',
    title: 'At the edge of a chunk, the state continues, but the gradient ends',
    text: `A symbol that occurs nowhere else is placed right before the edge between two chunks of ${T} steps. It changes the loss of the second chunk by ${change.toPrecision(2)} nats per character, so the state was passed on. But the gradient of that loss with respect to the symbol's input weights is ${truncated} with truncation, and ${full.toPrecision(2)} without it.`,
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
