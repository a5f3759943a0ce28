/**
 * Encodes a program as integers, for the kernel (`backend/kernels/program.c`) and the reference back end:
 *
 *     header:      number of registers, whether a group accumulates, number of columns of the input projection, region
 *                  of the input projection, number of groups, whether operations need whole rows; offsets of the four
 *                  lists of steps, and of the table of groups
 *     group:       region of the vector that its matrices multiply, region of its products, number of matrices
 *     list:        number of steps, then the steps
 *     step:        0, number of places, places, number of operations, operations
 *                  1, group                        products of the forward pass
 *                  2, group, region, accumulate    gradient w.r.t. the vector that the group's matrices multiply
 *     place:       a vector in memory: base, region, whether it moves with the time step, row stride, column; the last
 *                  two in multiples of H
 *     operation:   number of the operation, its result and three operands: each a register, or -1 - index of a place
 */
import { CharnnError } from '../errors.js';
import { cellLimits } from './cell-limits.js';
import { operationCodes, type Program, type Region } from './cell-program.js';
import type { EmittedOperation, Home, Operand } from './emit-operations.js';

export type Work =
  | {
      readonly kind: 'vector';
      readonly list: readonly EmittedOperation[];
      readonly registers: number;
    }
  | { readonly kind: 'product'; readonly group: number }
  | {
      readonly kind: 'product backward';
      readonly group: number;
      readonly to: number;
      readonly accumulate: boolean;
    };

export interface Lists {
  /** Forward pass: work done for the whole chunk before its first step, and work done in each step */
  readonly before: readonly Work[];
  readonly loop: readonly Work[];
  /** Backward pass: work done in each step, and work done for the whole chunk after the last step */
  readonly loopBack: readonly Work[];
  readonly after: readonly Work[];
}

const headerLength = 11;

export function encode(
  program: Omit<Program, 'code'>,
  accumulates: boolean,
  lists: Lists,
): Int32Array {
  const { regions, groups, registers, wholeRows, inputs, projection } = program;
  const code = [
    registers,
    Number(accumulates),
    inputs.length,
    projection,
    groups.length,
    Number(wholeRows),
  ];
  code.length = headerLength;
  [lists.before, lists.loop, lists.loopBack, lists.after].forEach((list, i) => {
    code[6 + i] = code.length;
    code.push(list.length, ...list.flatMap((work) => encodeWork(work, regions)));
  });
  code[10] = code.length;
  for (const { argument, gradient, size } of groups)
    code.push(argument.region, gradient.region, size);
  return Int32Array.from(code);
}

function encodeWork(work: Work, regions: readonly Region[]): number[] {
  switch (work.kind) {
    case 'product':
      return [1, work.group];
    case 'product backward':
      return [2, work.group, work.to, Number(work.accumulate)];
    case 'vector': {
      const places = new Map<
        string,
        { readonly index: number; readonly words: readonly number[] }
      >();
      const operand = (x: Operand | undefined): number => {
        if (x === undefined) return 0;
        if (typeof x === 'number') return x;
        const words = placeOf(x, regions);
        const key = words.join(' ');
        const known = places.get(key) ?? { index: places.size, words };
        places.set(key, known);
        return -1 - known.index;
      };
      const operations = work.list.flatMap(({ op, to, of }) => {
        const [a, b = a, c = a] = of;
        return [operationCodes.indexOf(op), operand(to), operand(a), operand(b), operand(c)];
      });
      if (places.size > cellLimits.places) {
        throw new CharnnError(
          `these equations need ${places.size} values in memory at the same time: at most ${cellLimits.places} are allowed`,
        );
      }
      const words = [...places.values()].flatMap((place) => place.words);
      return [0, places.size, ...words, work.list.length, ...operations];
    }
  }
}

const bases = ['memory', 'vectors', 'vectorGradients', 'outputGradient'] as const;

function placeOf(home: Home, regions: readonly Region[]): number[] {
  const base = bases.indexOf(home.base);
  if (home.base !== 'memory') {
    const moves = home.base === 'outputGradient' ? 1 : 0;
    return [base, 0, moves, moves, home.column];
  }
  const { kind, width } = regions[home.region];
  const moves = kind === 'step' || kind === 'constants' ? 0 : 1;
  return [base, home.region, moves, kind === 'constants' ? 0 : width, home.column];
}
