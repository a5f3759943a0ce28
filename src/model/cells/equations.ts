/**
 * A cell given by equations, as the network sees it: the compiled program, and the memory of a layer that runs it.
 *
 * A layer takes memory for `keptWidth` times T·B·H numbers (letters as in cell.ts), and a little for one time step.
 */
import type { Backend, ProgramBuffers, Tensor } from '../../backend/backend.js';
import { type Columns, keptWidth, type Program, type Region } from '../../cells/cell-program.js';
import { compileCell } from '../../cells/compile.js';
import { type Cell, cachedLayer, projected, type RecurrentWeights } from './cell.js';

const known = new Map<string, Cell>();
/** Max number of compiled cells in the cache, because a program may load any number of models. */
const maxKnown = 50;

/**
 * Compiles equations to a cell.
 * @throws CharnnError that says at which line and column they are wrong
 */
export function equationCell(text: string): Cell {
  const found = known.get(text);
  if (found) return found;
  const cell = cellOfProgram(compileCell(text));
  if (known.size >= maxKnown) known.clear();
  known.set(text, cell);
  return cell;
}

/** Returns the cell whose equations were compiled to this program. */
export function cellOfProgram(program: Program): Cell {
  const { inputs, units, groups, vectors, states, gates } = program;
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
  return {
    gates: inputs.length,
    unitGroups: groups.map(({ size }) => size),
    unitNames: names(units),
    states,
    keptWidth: keptWidth(program),
    gateNames: gates.map(({ name }) => ({ name, logistic: true })),
    features: [],
    initialBias: () => 0,
    learned: { inputs: names(inputs), units: names(units), vectors },
    createLayer: (backend, H, maxRows, maxBatch, weights) =>
      createLayer(program, backend, H, maxRows, maxBatch, weights),
  };
}

function createLayer(
  program: Program,
  backend: Backend,
  H: number,
  maxRows: number,
  maxBatch: number,
  weights: RecurrentWeights,
) {
  const { regions, constants } = program;
  const sizes = regions.map(({ kind, width }) => {
    const rows = {
      chunk: maxRows,
      state: maxRows + maxBatch,
      next: 0,
      step: maxBatch,
      constants: constants.length,
    };
    return rows[kind] * width * H;
  });
  const { starts, total } = inCacheLines(sizes);
  // the states after a step are in the same memory as the states before the next one
  regions.forEach(({ kind }, r) => {
    if (kind === 'next') starts[r] = starts[program.stateRegions[nextStates(regions, r)]];
  });
  const memory = backend.tensor([total]);
  const code = backend.indices(program.code.length);
  backend.writeIndices(code, program.code);
  const constantStart = starts[regions.findIndex(({ kind }) => kind === 'constants')];
  constants.forEach((value, i) => {
    backend.fill(backend.view(memory, constantStart + i * H, [H]), value);
  });
  const shared = {
    code,
    memory,
    weight: weights.weight,
    vectors: weights.vectors?.values,
    vectorGradients: weights.vectors?.gradients,
    groups: program.groups.map(({ size }) => size),
    registers: program.registers,
    wholeRows: program.wholeRows,
  };
  return cachedLayer((T, B, first) => {
    const begin = regions.map(({ kind, width }, r) => {
      const rows = {
        chunk: first * B,
        state: first * B,
        next: (first + 1) * B,
        step: 0,
        constants: 0,
      };
      return starts[r] + rows[kind] * width * H;
    });
    const offsets = backend.indices(regions.length);
    backend.writeIndices(offsets, begin);
    const buffers: ProgramBuffers = { ...shared, offsets };
    const region = (r: number) => backend.view(memory, begin[r], [T, B, regions[r].width * H]);
    const rows = (r: number, at = begin[r]) => backend.view(memory, at, [B, H]);
    const columns = ({ region: r, column }: Columns) => ({ tensor: region(r), column });
    const output = backend.view(memory, begin[program.stateRegions[0]] + B * H, [T, B, H]);
    const projection = region(program.projection);
    const initialState = program.stateRegions.map((r) => rows(r));
    const gradients = program.stateGradients.map((r) => rows(r));
    return {
      size: { T, B, H },
      inputProjection: projection,
      gates: program.gates.map(columns),
      products: program.groups.map(({ argument, gradient }) => ({
        gradient: region(gradient.region),
        argument: region(argument.region),
      })),
      output,
      unitValues: output,
      initialState,
      keptState: initialState,
      finalState: program.stateRegions.map((r) => rows(r, begin[r] + T * B * H)),
      forward: (input) =>
        backend.programForward({ T, B, H }, buffers, projected(backend, projection, input)),
      backward(dOutput: Tensor, dState: readonly Tensor[]) {
        gradients.forEach((own, k) => {
          backend.copy(own, dState[k]);
        });
        backend.programBackward({ T, B, H }, buffers, dOutput);
        gradients.forEach((own, k) => {
          backend.copy(dState[k], own);
        });
      },
    };
  });
}

/**
 * For a region of the kind `next` in the memory of a layer: index of the tensor of state that it holds, which is the
 * number of such regions before it
 */
function nextStates(regions: readonly Region[], r: number): number {
  return regions.slice(0, r).filter(({ kind }) => kind === 'next').length;
}

/** Places lists one after the other, each at a multiple of 16 elements (one cache line). */
function inCacheLines(sizes: readonly number[]): { starts: number[]; total: number } {
  let total = 0;
  const starts = sizes.map((size) => {
    const start = total;
    total += Math.ceil(size / 16) * 16;
    return start;
  });
  return { starts, total };
}
