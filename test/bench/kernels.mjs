/**
 * Times every kernel of one training iteration on one thread, in the order in which the network calls
 * them: the torch-rnn benchmark (V=65, embedding 64, T=50, LSTM), with the rows of one replica.
 *
 *   node test/bench/kernels.mjs [layers] [hidden] [rows] [native|wasm] [level or variant]
 *
 * Prints, a kernel a line, the least of many runs in microseconds, its share of the iteration and its
 * rate. The least, because whatever else the machine does only ever adds to a run.
 */
import { nativeEngine } from '../../dist/backend/native.js';
import { ScopeMemory } from '../../dist/backend/scope-memory.js';
import { wasmEngine } from '../../dist/backend/wasm.js';

const [L = 2, H = 256, B = 25] = process.argv.slice(2, 5).map(Number);
const [kind = 'native', level] = process.argv.slice(5);
const [V, D, T] = [65, 64, 50];
const G = 4 * H;
const seconds = Number(process.env.SECONDS ?? 1.5);

const engine = kind === 'wasm' ? wasmEngine(level) : nativeEngine(level);
if ('missing' in engine) throw new Error(engine.missing);
const backend = engine.operations(new ScopeMemory(engine.source));

const random = (shape, scale) => {
  const x = backend.tensor(shape);
  backend.write(
    x,
    Float32Array.from({ length: x.size }, () => (Math.random() * 2 - 1) * scale),
  );
  return x;
};
const ids = () => {
  const list = backend.indices(T * B);
  backend.writeIndices(
    list,
    Int32Array.from({ length: T * B }, () => Math.random() * V),
  );
  return list;
};

// parameters in one block, as the trainer has them
const sizes = [];
for (let l = 0; l < L; l++) sizes.push([G, l === 0 ? D : H], [G], [G, H], [G]);
sizes.push([V, D], [V, H], [V]);
const count = sizes.reduce((n, s) => n + s.reduce((a, b) => a * b, 1), 0);
const [w, g, m, v] = [random([count], H ** -0.5), ...[0, 0, 0].map(() => backend.tensor([count]))];
const cut = (flat) => {
  let at = 0;
  return sizes.map((shape) => {
    const x = backend.view(flat, at, shape);
    at += x.size;
    return x;
  });
};
const [W, dW] = [cut(w), cut(g)];
const [embedding, outW, outB] = W.slice(4 * L);
const [dEmbedding, dOutW, dOutB] = dW.slice(4 * L);
const [inputs, targets] = [ids(), ids()];
const [table, dTable] = [backend.tensor([V, G]), backend.tensor([V, G])];
const layers = Array.from({ length: L }, (_, l) => {
  const h = backend.compact([T + 1, B, H]);
  return {
    gates: backend.compact([T, B, G]),
    h,
    c: backend.compact([T + 1, B, H]),
    state: backend.half ? backend.tensor([B, H]) : undefined,
    tanhC: backend.half ? undefined : backend.tensor([T, B, H]),
    weight: W[4 * l + 2],
    bias: W[4 * l + 3],
    before: backend.view(h, 0, [T, B, H]),
    after: backend.view(h, B * H, [T, B, H]),
  };
});
const [dOutput, dh, dc] = [
  [T, B, H],
  [B, H],
  [B, H],
].map((shape) => backend.tensor(shape));
const [logits, losses] = [backend.tensor([T * B, V]), backend.tensor([T * B])];

const size = { T, B, H };
const M = T * B;
const steps = [];
const step = (name, multiplyAdds, run) => steps.push({ name, multiplyAdds, run, least: Infinity });

step('fill gradients', 0, () => backend.fill(g, 0));
step('input table', V * D * G, () => backend.linear(table, embedding, W[0], W[1]));
layers.forEach((layer, l) => {
  const [weight, bias] = W.slice(4 * l);
  const input = l === 0 ? { table, ids: inputs } : { x: layers[l - 1].after, weight, bias };
  step(`lstm forward ${l}`, (l === 0 ? 1 : 2) * M * H * G, () =>
    backend.lstmForward(size, layer, input),
  );
});
const top = layers[L - 1];
step('output', M * H * V, () => backend.linear(logits, top.after, outW, outB));
step('loss', 0, () => backend.softmaxCrossEntropy(losses, logits, targets, 1 / M));
step('output dW', M * H * V, () => backend.linearBackwardWeight(dOutW, dOutB, logits, top.after));
step('output dx', M * H * V, () => backend.linearBackwardInput(dOutput, logits, outW, false));
for (let l = L - 1; l >= 0; l--) {
  const layer = layers[l];
  step(`lstm backward ${l}`, M * H * G, () => {
    backend.fill(dh, 0);
    backend.fill(dc, 0);
    backend.lstmBackward(size, layer, dOutput, dh, dc);
  });
  const [dWi, dbi, dWh, dbh] = dW.slice(4 * l);
  step(`recurrent dW ${l}`, M * H * G, () =>
    backend.linearBackwardWeight(dWh, dbh, layer.gates, layer.before),
  );
  if (l > 0) {
    step(`input dW ${l}`, M * H * G, () =>
      backend.linearBackwardWeight(dWi, dbi, layer.gates, layers[l - 1].after),
    );
    step(`input dx ${l}`, M * H * G, () =>
      backend.linearBackwardInput(dOutput, layer.gates, W[4 * l], false),
    );
  } else {
    step('scatter', 0, () => {
      backend.fill(dTable, 0);
      backend.scatterAdd(dTable, layer.gates, inputs);
    });
    step('table dx', V * D * G, () => backend.linearBackwardInput(dEmbedding, dTable, W[0], true));
    step('table dW', V * D * G, () => backend.linearBackwardWeight(dWi, dbi, dTable, embedding));
  }
}
step('norm', 0, () => backend.sumSquares([g]));
step('adam', 0, () =>
  backend.adam(w, g, m, v, {
    rate: 1e-6,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    l2: 0,
    decay: 0,
    step: 10,
    gradientScale: 1,
  }),
);

let least = Infinity;
const end = performance.now() + seconds * 1e3;
for (let i = 0; i < 5 || performance.now() < end; i++) {
  let total = 0;
  for (const s of steps) {
    const started = performance.now();
    s.run();
    const time = performance.now() - started;
    total += time;
    s.least = Math.min(s.least, time);
  }
  least = Math.min(least, total);
}
const sum = steps.reduce((n, s) => n + s.least, 0);
if (!process.env.BRIEF)
  for (const { name, multiplyAdds, least } of steps) {
    const rate = multiplyAdds > 0 ? `${((2e-6 * multiplyAdds) / least).toFixed(0)} GFLOP/s` : '';
    const share = `${((100 * least) / sum).toFixed(1)}%`;
    console.log(
      `${name.padEnd(18)}${(least * 1e3).toFixed(0).padStart(8)} µs ${share.padStart(6)}  ${rate}`,
    );
  }
const work = 6 * M * (H * V + G * (D + H) + (L - 1) * G * 2 * H);
console.log(
  `${backend.name} L${L} H${H} B${B}: iteration ${least.toFixed(3)} ms, ${(M / least).toFixed(1)} thousand char/s, ${(work / least / 1e6).toFixed(0)} GFLOP/s; sum of the least ${sum.toFixed(3)} ms`,
);
