/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000) as in PyTorch's
 * nn.LSTM; gates are packed in the order i, f, g, o:
 *
 *     i = σ(a_i)   f = σ(a_f)   g = tanh(a_g)   o = σ(a_o)     a = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
 *     c_t = f ⊙ c_{t-1} + i ⊙ g
 *     h_t = o ⊙ tanh(c_t)
 *
 * With layer normalisation (Ba, Kiros & Hinton 2016) each gate's H pre-activations are first normalised to mean 0 and
 * variance 1, and b_hh is added afterwards: a = gain ⊙ normalised(W_ih x_t + b_ih + W_hh h_{t-1}) + b_hh. The cell
 * state is not normalised, so that it carries information unchanged from step to step.
 *
 * Memory per layer, with the letters of cell.ts: T·B·4H gates, 2·(T+1)·B·H states, T·B·H for tanh(c); with layer
 * normalisation another T·B·(4H + 4). In half precision, gates, states and normalised pre-activations take half of
 * that, and tanh(c) is not stored.
 */
import type { Backend, ChunkSize, LstmBuffers, Tensor } from '../../backend/backend.js';
import {
  type Cell,
  type CellChunk,
  cachedLayer,
  gatesIn,
  given,
  type NormWeights,
  slots,
  withBias,
} from './cell.js';

const forgetGate = 1;

export const lstm: Cell = {
  gates: 4,
  unitGroups: [4],
  unitNames: ['input', 'forget', 'cell', 'output'],
  keptWidth: 7,
  halfKeptWidth: 3,
  states: ['h', 'c'],
  compactStates: ['h'],
  gateNames: [
    { name: 'input', logistic: true },
    { name: 'forget', logistic: true },
    { name: 'cell', logistic: false },
    { name: 'output', logistic: true },
  ],
  features: ['layerNorm'],
  initialBias: (gate) => (gate === forgetGate ? 1 : 0),
  createLayer(backend, H, maxRows, maxBatch, { norm, ...rest }) {
    const weights = withBias(rest);
    const gateBuffer = backend.compact([maxRows * 4 * H]);
    const hBuffer = backend.compact([(maxRows + maxBatch) * H]);
    const cBuffer = backend.compact([(maxRows + maxBatch) * H]);
    const stateBuffer = backend.half ? backend.tensor([maxBatch * H]) : undefined;
    const tanhCBuffer = backend.half ? undefined : backend.tensor([maxRows * H]);
    const normBuffers = norm && {
      normalised: backend.compact([maxRows * 4 * H]),
      scales: backend.tensor([maxRows * 4]),
    };
    return cachedLayer((T, B, first) => {
      const size = { T, B, H };
      const gates = backend.view(gateBuffer, first * B * 4 * H, [T, B, 4 * H]);
      const tanhC = tanhCBuffer && backend.view(tanhCBuffer, first * B * H, [T, B, H]);
      const h = slots(backend, hBuffer, size, first);
      const c = slots(backend, cBuffer, size, first);
      const state = stateBuffer && backend.view(stateBuffer, 0, [B, H]);
      const buffers = { gates, h: h.all, c: c.all, tanhC, state, ...weights };
      return {
        size,
        inputProjection: gates,
        gates: gatesIn(gates, lstm),
        products: [{ gradient: gates, argument: h.previous }],
        output: h.output,
        unitValues: tanhC,
        initialState: [h.initial, state ?? c.initial],
        keptState: [h.initial, c.initial],
        finalState: [h.final, state ?? c.final],
        ...(norm && normBuffers
          ? normalisedPasses(backend, size, buffers, norm, {
              normalised: backend.view(normBuffers.normalised, first * B * 4 * H, [T, B, 4 * H]),
              scales: backend.view(normBuffers.scales, first * B * 4, [T, B, 4]),
            })
          : plainPasses(backend, size, buffers)),
      };
    });
  },
};

type Passes = Pick<CellChunk, 'forward' | 'backward'>;

function plainPasses(backend: Backend, size: ChunkSize, buffers: LstmBuffers): Passes {
  return {
    forward: (input) => backend.lstmForward(size, buffers, given(input)),
    backward: (dOutput, [dh, dc]) => backend.lstmBackward(size, buffers, dOutput, dh, dc),
  };
}

function normalisedPasses(
  backend: Backend,
  size: ChunkSize,
  plain: LstmBuffers,
  { gain, gradients }: NormWeights,
  kept: { readonly normalised: Tensor; readonly scales: Tensor },
): Passes {
  const buffers = { ...plain, ...kept, gain };
  return {
    forward: (input) => backend.lstmNormForward(size, buffers, given(input)),
    backward(dOutput, [dh, dc]) {
      if (gradients === undefined) throw new Error('this network was not built for training');
      backend.lstmNormBackward(size, buffers, dOutput, dh, dc, gradients.gain, gradients.bias);
    },
  };
}
