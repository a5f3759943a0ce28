/**
 * The vanilla recurrent cell (Elman 1990) as in PyTorch's nn.RNN with tanh:
 *
 *     h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)
 *
 * Memory per layer, with the letters of cell.ts: T·B·H gates, (T+1)·B·H state.
 */
import { type Cell, cachedLayer, gatesIn, projected, slots, withBias } from './cell.js';

export const rnn: Cell = {
  gates: 1,
  unitGroups: [1],
  unitNames: ['recurrent'],
  keptWidth: 2,
  states: ['h'],
  gateNames: [],
  features: [],
  initialBias: () => 0,
  createLayer(backend, H, maxRows, maxBatch, given) {
    const weights = withBias(given);
    const gateBuffer = backend.tensor([maxRows * H]);
    const hBuffer = backend.tensor([(maxRows + maxBatch) * H]);
    return cachedLayer((T, B, first) => {
      const size = { T, B, H };
      const gates = backend.view(gateBuffer, first * B * H, [T, B, H]);
      const h = slots(backend, hBuffer, size, first);
      const buffers = { gates, h: h.all, ...weights };
      return {
        size,
        inputProjection: gates,
        gates: gatesIn(gates, rnn),
        products: [{ gradient: gates, argument: h.previous }],
        output: h.output,
        unitValues: h.output,
        initialState: [h.initial],
        keptState: [h.initial],
        finalState: [h.final],
        forward: (input) => backend.rnnForward(size, buffers, projected(backend, gates, input)),
        backward: (dOutput, dState) => backend.rnnBackward(size, buffers, dOutput, dState[0]),
      };
    });
  },
};
