/** What a chunk's edge does and does not change. */

import { describe, expect, test } from 'vitest';
import { cellNames } from '#charnn/model/cells/cells.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { SegmentedEvaluator, segmentText } from '#charnn/model/segmented-evaluator.js';
import { availableBackends, referenceBackend } from '../backends.js';
import { smallNetwork } from './small-network.js';

const [V, H, T, B] = [9, 17, 12, 3];
const inputs = Array.from({ length: T * B }, (_, i) => (i * i + 3 * i) % V);
const targets = Array.from({ length: T * B }, (_, i) => (i * i + 5 * i + 1) % V);
type Kind = Pick<ModelConfig, 'cell' | 'layerNorm'>;
const kinds: readonly Kind[] = [
  ...cellNames.map((cell) => ({ cell })),
  { cell: 'lstm', layerNorm: true },
];
const config = (kind: Kind): ModelConfig => ({
  ...kind,
  layers: 2,
  hidden: H,
  embedding: 5,
  vocabulary: V,
});

describe.each(availableBackends)('%s', (_, makeBackend) => {
  test.each(kinds)('%j: chunks of 5, 4 and 3 steps equal one of 12 exactly, forward', (kind) => {
    const { network, backend, ids } = smallNetwork(makeBackend(), config(kind), T * B, B);
    const whole = Array.from(
      backend.read(network.forward(ids(inputs), T, B, network.createState(B))),
    );
    const state = network.createState(B);
    const pieces: number[] = [];
    let from = 0;
    for (const steps of [5, 4, 3]) {
      const piece = inputs.slice(from * B, (from + steps) * B);
      pieces.push(...backend.read(network.forward(ids(piece), steps, B, state)));
      from += steps;
    }
    expect(pieces).toEqual(whole);
  });

  test.each(kinds)('%j: a row is computed alike alone and in a batch, to 1e-5', (kind) => {
    const { network, backend, ids } = smallNetwork(makeBackend(), config(kind), T * B, B);
    const whole = backend.read(network.forward(ids(inputs), T, B, network.createState(B)));
    const row = 1;
    const alone = Array.from({ length: T }, (_, t) => inputs[t * B + row]);
    const logits = backend.read(network.forward(ids(alone), T, 1, network.createState(1)));
    logits.forEach((logit, i) => {
      const [t, v] = [Math.floor(i / V), i % V];
      expect(Math.abs(logit - whole[(t * B + row) * V + v])).toBeLessThan(1e-5);
    });
  });
});

describe('truncated back-propagation', () => {
  test.each(kinds)(
    '%j: gradients of a second chunk are those of a fresh graph from the carried state',
    (kind) => {
      const half = (T / 2) * B;
      const build = () => smallNetwork(referenceBackend('float64'), config(kind), T * B, B);

      const carried = build();
      const state = carried.network.createState(B);
      carried.network.forward(carried.ids(inputs.slice(0, half)), T / 2, B, state);
      const handedOver = state.map((layer) =>
        layer.map((s) => Array.from(carried.backend.read(s))),
      );
      carried.network.loss(carried.ids(targets.slice(0, half)), 1);
      carried.network.backward();
      carried.takeGradients();
      carried.network.forward(carried.ids(inputs.slice(half)), T / 2, B, state);
      carried.network.loss(carried.ids(targets.slice(half)), 1);
      carried.network.backward();

      const cut = build();
      const start = cut.network.createState(B);
      start.forEach((layer, l) => {
        layer.forEach((s, k) => {
          cut.backend.write(s, handedOver[l][k]);
        });
      });
      cut.network.forward(cut.ids(inputs.slice(half)), T / 2, B, start);
      cut.network.loss(cut.ids(targets.slice(half)), 1);
      cut.network.backward();
      expect(carried.takeGradients()).toEqual(cut.takeGradients());
    },
  );

  test.each(kinds)(
    '%j: full back-propagation differs from truncated: the edge does cut',
    (kind) => {
      const run = (edges: readonly number[]) => {
        const net = smallNetwork(referenceBackend('float64'), config(kind), T * B, B);
        const state = net.network.createState(B);
        edges.slice(1).forEach((end, k) => {
          const [from, to] = [edges[k] * B, end * B];
          net.network.forward(net.ids(inputs.slice(from, to)), end - edges[k], B, state);
          net.network.loss(net.ids(targets.slice(from, to)), 1);
          net.network.backward();
        });
        return net.takeGradients();
      };
      const whole = run([0, T]).get('rnn.weight_hh_l0') as number[];
      const truncated = run([0, T / 2, T]).get('rnn.weight_hh_l0') as number[];
      const difference = Math.max(...whole.map((g, i) => Math.abs(g - truncated[i])));
      expect(difference).toBeGreaterThan(1e-4);
    },
  );
});

describe('the loss of a text', () => {
  test('segments read side by side come to the loss of one long run within 0.1 %', async () => {
    const text = Uint8Array.from({ length: 20_000 }, (_, i) => (i * i + (i >> 3)) % V);
    const count = segmentText(text.length).count;
    expect(count).toBeGreaterThan(1);
    const net = smallNetwork(referenceBackend(), config({ cell: 'lstm' }), 64 * count, count);
    const sideBySide = new SegmentedEvaluator(net.backend, net.network, 0, count, 64);
    const inOneRun = new SegmentedEvaluator(net.backend, net.network, 0, 1, 64);
    const a = await sideBySide.total(text, segmentText(text.length));
    const b = await inOneRun.total(text, { count: 1, length: text.length - 1 });
    expect(Math.abs(a - b) / b).toBeLessThan(1e-3);
  });

  test('the cut into chunks does not change it', async () => {
    const text = Uint8Array.from({ length: 1000 }, (_, i) => (i * i + (i >> 3)) % V);
    const net = smallNetwork(referenceBackend(), config({ cell: 'gru' }), 200, 1);
    const totals: number[] = [];
    for (const T of [1, 7, 200]) {
      const loss = new SegmentedEvaluator(net.backend, net.network, 0, 1, T);
      totals.push(await loss.total(text, segmentText(text.length)));
    }
    expect(totals[1]).toBeCloseTo(totals[0], 6);
    expect(totals[2]).toBeCloseTo(totals[0], 6);
  });
});
