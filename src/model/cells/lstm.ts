/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000), as
 * PyTorch's nn.LSTM; gates packed in the order i, f, g, o:
 *
 *     i = σ(a_i)   f = σ(a_f)   g = tanh(a_g)   o = σ(a_o)     a = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
 *     c_t = f ⊙ c_{t-1} + i ⊙ g
 *     h_t = o ⊙ tanh(c_t)
 *
 * Memory a layer: T·B·4H gates, 2·(T+1)·B·H states, T·B·H for tanh(c).
 */
import { type Cell, cachedLayer, slots } from './cell.js';

const forgetGate = 1;

export const lstm: Cell = {
  gates: 4,
  states: ['h', 'c'],
  gateNames: [
    { name: 'input', logistic: true },
    { name: 'forget', logistic: true },
    { name: 'cell', logistic: false },
    { name: 'output', logistic: true },
  ],
  initialBias: (gate) => (gate === forgetGate ? 1 : 0),
  createLayer(backend, H, maxRows, maxBatch, weights) {
    const gateMemory = backend.tensor([maxRows * 4 * H]);
    const hMemory = backend.tensor([(maxRows + maxBatch) * H]);
    const cMemory = backend.tensor([(maxRows + maxBatch) * H]);
    const tanhCMemory = backend.tensor([maxRows * H]);
    return cachedLayer((T, B, first) => {
      const size = { T, B, H };
      const gates = backend.view(gateMemory, first * B * 4 * H, [T, B, 4 * H]);
      const tanhC = backend.view(tanhCMemory, first * B * H, [T, B, H]);
      const h = slots(backend, hMemory, size, first);
      const c = slots(backend, cMemory, size, first);
      const buffers = { gates, h: h.all, c: c.all, tanhC, ...weights };
      return {
        size,
        inputProjection: gates,
        dRecurrent: gates,
        output: h.output,
        memory: tanhC,
        previousOutput: h.previous,
        initialState: [h.initial, c.initial],
        finalState: [h.final, c.final],
        forward: () => backend.lstmForward(size, buffers),
        backward: (dOutput, dState) =>
          backend.lstmBackward(size, buffers, dOutput, dState[0], dState[1]),
      };
    });
  },
};
