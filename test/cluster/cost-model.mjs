/**
 * What a training step costs in several processes: the time that a process computes, and the time of the exchanges,
 * which latency and bandwidth of the network and the sizes of the messages determine.
 */
import { parameterTable } from '../../dist/model/parameters.js';
import { optimizers } from '../../dist/train/update/optimizers.js';
import {
  commonGradients,
  sliceParameters,
  updatedParts,
} from '../../dist/train/update/parameter-parts.js';

/** The part of a packet of 1500 bytes that is data, out of the bytes that it takes on Ethernet */
const payload = 1448 / 1514;
const bytesOf = (tensors) => tensors.reduce((sum, { size }) => sum + 4 * size, 0);
/** Only the shapes of tensors matter here. */
const shapes = { view: (_, start, shape) => ({ start, size: shape.reduce((a, b) => a * b, 1) }) };

/** The parts of the parameters of which each of n processes sums the gradients, and those that it updates */
function partsOf(model, optimizer, n) {
  const table = parameterTable(model);
  const whole = { size: table.flatSize };
  const flat = { weights: whole, gradients: whole, moments: [], ema: undefined };
  const takesMatrices = optimizers[optimizer].takesMatrices ?? false;
  const of = (parts) =>
    Array.from({ length: n }, (_, r) => parts(shapes, table.parameters, flat, r));
  return {
    whole,
    takesMatrices,
    shares: of((...given) => sliceParameters(...given, n)),
    updates: of((...given) => updatedParts(...given.slice(0, 3), takesMatrices, given[3], n)),
  };
}

const weights = (parts) => bytesOf(parts.map(({ weight }) => weight));

/** The largest part of the parameters that any of n processes updates: 1/n, or more if matrices stay whole */
export function updateShare(model, optimizer, n) {
  const { whole, updates } = partsOf(model, optimizer, n);
  return Math.max(...updates.map(weights)) / (4 * whole.size);
}

/**
 * The exchanges of a step, in their order: the most bytes that any process sends or receives in each.
 * @param model its configuration
 * @param n number of processes
 */
export function trafficOf(model, optimizer, n) {
  const { whole, takesMatrices, shares, updates } = partsOf(model, optimizer, n);
  const ranks = shares.map((_, r) => r);
  const moved = (from, to) => bytesOf(commonGradients(shapes, whole, shares[from], updates[to]));
  const most = (sent, received) => Math.max(...ranks.flatMap((r) => [sent(r), received(r)]));
  const overOthers = (r, of) => ranks.reduce((sum, q) => sum + (q === r ? 0 : of(q)), 0);
  const sums = most(
    (r) => overOthers(r, (q) => weights(shares[q])),
    (r) => (n - 1) * weights(shares[r]),
  );
  const passed = most(
    (r) => overOthers(r, (q) => moved(r, q)),
    (r) => overOthers(r, (q) => moved(q, r)),
  );
  const gathered = most(
    (r) => (n - 1) * weights(updates[r]),
    (r) => overOthers(r, (q) => weights(updates[q])),
  );
  // losses and norms are three numbers for each process
  return [sums, 24 * (n - 1), ...(takesMatrices ? [passed] : []), gathered];
}

/**
 * Seconds of the exchanges of a step.
 * @param bandwidth of the network in bits per second, in each direction
 * @param latency seconds of an exchange of small messages
 * @param secondsPerByte time that the processor takes to pass a byte to the network, which sends at the same time
 */
export function exchangeSeconds(traffic, { bandwidth, latency, secondsPerByte }) {
  const perByte = Math.max(8 / (bandwidth * payload), secondsPerByte);
  return traffic.reduce((sum, bytes) => sum + latency + bytes * perByte, 0);
}

/**
 * Seconds of a step in several processes.
 * @param seconds the time of a step in a single process with as many rows as each of them has
 * @param updating the part of it that updates the parameters, which the processes share
 * @param share the part of the parameters that a process updates
 */
export function stepSeconds({ seconds, updating }, share, traffic, network) {
  return seconds - updating * (1 - share) + exchangeSeconds(traffic, network);
}
