/** Gates and states recorded step by step: against the cells' equations, and against what is recorded at once. */
import { describe, expect, test } from 'vitest';
import { recordUnits } from '#charnn/analyse/analysis.js';
import { recordSteps } from '#charnn/analyse/step-record.js';
import type { CellName } from '#charnn/model/cells/cells.js';
import { Random } from '#charnn/model/random.js';
import { availableDevices } from '../backends.js';
import { buildModel } from '../small-model.js';

const [H, text] = [6, 'a small text, as small as texts may be'];

function modelOf(cell: CellName) {
  const model = buildModel({ symbols: text, cell, layers: 2, hidden: H, embedding: 0 });
  const random = new Random(9);
  model.weights.set(model.weights.map(() => 0.6 * random.normal()));
  return { model, ids: model.vocabulary.encode(text).ids };
}

describe.each(availableDevices)('%s', (_, openScope) => {
  test('an LSTM: c = f c + i g and h = o tanh c, at every step of both layers', async () => {
    const { model, ids } = modelOf('lstm');
    const { quantities, layers } = await recordSteps(model, openScope(), ids);
    expect(quantities).toEqual(['input', 'forget', 'cell', 'output', 'h', 'c']);
    for (const [i, f, g, o, h, c] of layers) {
      expect(c.length).toBe(text.length * H);
      c.forEach((now, k) => {
        const before = k < H ? 0 : c[k - H];
        expect(now).toBeCloseTo(f[k] * before + i[k] * g[k], 5);
        expect(h[k]).toBeCloseTo(o[k] * Math.tanh(now), 5);
      });
      expect(Math.max(...c.map(Math.abs))).toBeGreaterThan(0.2);
    }
  });

  test('a GRU: h = (1 - z) n + z h', async () => {
    const { model, ids } = modelOf('gru');
    const { quantities, layers } = await recordSteps(model, openScope(), ids);
    const at = (name: string) => quantities.indexOf(name);
    for (const record of layers) {
      const [z, n, h] = ['update', 'new', 'h'].map((name) => record[at(name)]);
      h.forEach((now, k) => {
        const before = k < H ? 0 : h[k - H];
        expect(now).toBeCloseTo((1 - z[k]) * n[k] + z[k] * before, 5);
      });
    }
  });

  test('of a vanilla network h is what is recorded of the units at once', async () => {
    const { model, ids } = modelOf('rnn');
    const { layers } = await recordSteps(model, openScope(), ids);
    const units = [0, 1].flatMap((layer) => [0, 5].map((unit) => ({ layer, unit })));
    const atOnce = await recordUnits(model, openScope(), ids, units);
    units.forEach(({ layer, unit }, u) => {
      const [h] = layers[layer].slice(-1);
      const own = Array.from(ids, (_, t) => Math.round(127 * h[t * H + unit]));
      expect(own.every((x, t) => Math.abs(x - atOnce[u][t]) <= 1)).toBe(true);
    });
  });
});
