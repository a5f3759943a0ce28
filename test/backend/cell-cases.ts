/** Cases of the cells: a layer over a chunk, forward and backward. */
import type {
  GruBuffers,
  Indices,
  LayerInput,
  LstmBuffers,
  LstmNormBuffers,
  Tensor,
} from '#charnn/backend/backend.js';
import type { SyncBackend } from '../backends.js';
import type { KernelCase } from './kernel-case.js';

/** A state or gradient of about 1 that rounds to the other neighbour, times a weight of at most 1, for two steps */
const roundedStates = 2 ** -7;

const chunks: [T: number, B: number, H: number][] = [
  [1, 1, 1],
  [3, 2, 7],
  [2, 13, 65],
  [3, 4, 129],
  [4, 25, 64],
];

export const cellCases: KernelCase[] = chunks.flatMap((chunk) => [
  ...casesOfCells(chunk, false),
  ...casesOfCells(chunk, true),
]);

/**
 * looksUp: whether the input projection is looked up in a table; otherwise it is found in the gates, or made of
 * vectors, which are compact where B is odd
 */
export function casesOfCells(
  [T, B, H]: readonly [number, number, number],
  looksUp: boolean,
): KernelCase[] {
  const size = { T, B, H };
  const label = `T ${T}, B ${B}, H ${H}${looksUp ? ', looked up' : ''}`;
  const input = (gates: number) =>
    looksUp ? { tensors: { table: [5, gates * H] }, ids: { count: T * B, below: 5 } } : {};
  const D = H + 2;
  const lstmInput = looksUp
    ? input(4)
    : { tensors: { x: [T, B, D], inputWeight: [4 * H, D], inputBias: [4 * H] } };
  const compact = ['gates', 'h', 'c', 'normalised', ...(B % 2 === 1 ? ['x'] : [])];
  const inputOf = (t: Readonly<Record<string, Tensor>>, ids: Indices): LayerInput =>
    looksUp ? { table: t.table, ids } : { x: t.x, weight: t.inputWeight, bias: t.inputBias };
  const lstmOf = <Buffers>(backend: SyncBackend, buffers: Readonly<Record<string, Tensor>>) =>
    ({
      ...buffers,
      tanhC: backend.half ? undefined : buffers.tanhC,
      state: backend.half ? buffers.state : undefined,
    }) as Buffers;
  const lookupOf = (table: Tensor | undefined, ids: Indices) => table && { table, ids };
  const shared = { h: [T + 1, B, H], dy: [T, B, H], dh: [B, H] };
  const lstmTensors = {
    ...{ gates: [T, B, 4 * H], c: [T + 1, B, H], tanhC: [T, B, H], state: [B, H] },
    ...{ weight: [4 * H, H], bias: [4 * H], dc: [B, H] },
    ...shared,
  };
  const scale = 1 / Math.sqrt(H);
  return [
    {
      name: `rnn, ${label}`,
      ...input(1),
      tensors: {
        ...{ gates: [T, B, H], weight: [H, H], bias: [H], ...shared },
        ...input(1).tensors,
      },
      scale,
      run: (backend, { gates, h, weight, bias, dy, dh, table }, ids) => {
        backend.rnnForward(size, { gates, h, weight, bias }, lookupOf(table, ids));
        backend.rnnBackward(size, { gates, h, weight, bias }, dy, dh);
      },
      outputs: ['h', 'gates', 'dh'],
      forwardOutputs: ['h'],
      tolerance: 5e-6,
      halfTolerance: roundedStates,
    },
    {
      name: `lstm, ${label}`,
      ...lstmInput,
      tensors: { ...lstmTensors, ...lstmInput.tensors },
      compact,
      scale,
      run: (backend, { dy, dh, dc, ...buffers }, ids) => {
        const lstm = lstmOf<LstmBuffers>(backend, buffers);
        backend.lstmForward(size, lstm, inputOf(buffers, ids));
        backend.lstmBackward(size, lstm, dy, dh, dc);
      },
      outputs: ['h', 'c', 'tanhC', 'state', 'gates', 'dh', 'dc'],
      tolerance: 5e-6,
      halfTolerance: roundedStates,
    },
    {
      name: `lstm with layer normalisation, ${label}`,
      ...lstmInput,
      compact,
      tensors: {
        ...lstmTensors,
        ...lstmInput.tensors,
        gain: [4 * H],
        normalised: [T, B, 4 * H],
        scales: [T, B, 4],
        dGain: [4 * H],
        dBias: [4 * H],
      },
      scale,
      run: (backend, { dy, dh, dc, dGain, dBias, ...buffers }, ids) => {
        const lstm = lstmOf<LstmNormBuffers>(backend, buffers);
        backend.lstmNormForward(size, lstm, inputOf(buffers, ids));
        backend.lstmNormBackward(size, lstm, dy, dh, dc, dGain, dBias);
      },
      outputs: [
        'h',
        'c',
        'tanhC',
        'state',
        'gates',
        'dh',
        'dc',
        'normalised',
        'scales',
        'dGain',
        'dBias',
      ],
      tolerance: 5e-6,
      halfTolerance: roundedStates,
    },
    {
      name: `gru, ${label}`,
      ...input(3),
      tensors: {
        ...input(3).tensors,
        gates: [T, B, 3 * H],
        recurrent: [T, B, 3 * H],
        weight: [3 * H, H],
        bias: [3 * H],
        ...shared,
      },
      scale,
      run: (backend, { dy, dh, table, ...buffers }, ids) => {
        const gru = buffers as unknown as GruBuffers;
        backend.gruForward(size, gru, lookupOf(table, ids));
        backend.gruBackward(size, gru, dy, dh);
      },
      outputs: ['h', 'gates', 'recurrent', 'dh'],
      forwardOutputs: ['h', 'gates'],
      tolerance: 5e-6,
      halfTolerance: roundedStates,
    },
  ];
}
