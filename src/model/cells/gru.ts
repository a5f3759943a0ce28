/**
 * Gated recurrent unit (Cho et al. 2014) in the form of cuDNN and PyTorch's nn.GRU, where the reset gate acts after the
 * recurrent product; gates are packed in the order r, z, n:
 *
 *     a = W_ih x_t + b_ih     u = W_hh h_{t-1} + b_hh
 *     r = σ(a_r + u_r)   z = σ(a_z + u_z)   n = tanh(a_n + r ⊙ u_n)
 *     h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}
 *
 * Memory per layer, with the letters of cell.ts: 2·T·B·3H projections, (T+1)·B·H state.
 */
import { type Cell, cachedLayer, gatesIn, projected, slots, withBias } from './cell.js';

export const gru: Cell = {
  gates: 3,
  unitGroups: [3],
  unitNames: ['reset', 'update', 'new'],
  keptWidth: 7,
  states: ['h'],
  gateNames: [
    { name: 'reset', logistic: true },
    { name: 'update', logistic: true },
    { name: 'new', logistic: false },
  ],
  features: [],
  initialBias: () => 0,
  createLayer(backend, H, maxRows, maxBatch, given) {
    const weights = withBias(given);
    const gateBuffer = backend.tensor([maxRows * 3 * H]);
    const recurrentBuffer = backend.tensor([maxRows * 3 * H]);
    const hBuffer = backend.tensor([(maxRows + maxBatch) * H]);
    return cachedLayer((T, B, first) => {
      const size = { T, B, H };
      const gates = backend.view(gateBuffer, first * B * 3 * H, [T, B, 3 * H]);
      const recurrent = backend.view(recurrentBuffer, first * B * 3 * H, [T, B, 3 * H]);
      const h = slots(backend, hBuffer, size, first);
      const buffers = { gates, recurrent, h: h.all, ...weights };
      return {
        size,
        inputProjection: gates,
        gates: gatesIn(gates, gru),
        products: [{ gradient: recurrent, argument: h.previous }],
        output: h.output,
        unitValues: h.output,
        initialState: [h.initial],
        keptState: [h.initial],
        finalState: [h.final],
        forward: (input) => backend.gruForward(size, buffers, projected(backend, gates, input)),
        backward: (dOutput, dState) => backend.gruBackward(size, buffers, dOutput, dState[0]),
      };
    });
  },
};
