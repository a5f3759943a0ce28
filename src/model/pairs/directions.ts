/**
 * Index lists for a gather that brings both directions of an encoder into a common order, or each into its own. A batch
 * has B sources of S positions (characters, and vectors before them). A row is the H numbers that the encoder's H units
 * give at one position in one direction.
 */

export interface DirectionLists {
  /**
   * [2·S·B], one list for the order of time of each direction: row 2i of the result is from the forward direction, row
   * 2i + 1 from the backward direction. The source of the gather is the outputs of both directions, one below the
   * other, each in its own order.
   */
  readonly join: readonly [Int32Array, Int32Array];
  /** Index lists for the opposite gather, which returns rows from each common order of `join` to where they were */
  readonly split: readonly [Int32Array, Int32Array];
  /**
   * [S·B]: for each row, the row of the same source that is as far from the source's end as this row is from its
   * beginning
   */
  readonly mirror: Int32Array;
}

/** Reverses the time of B sources of S characters each, [S, B]. */
export function reversedTime(source: Int32Array, S: number, B: number): Int32Array {
  return source.map((_, i) => source[mirrored(i, S, B)]);
}

/**
 * For B sources of S positions each, the lists by which both directions find their rows, as `DirectionLists` describes
 */
export function directionLists(S: number, B: number): DirectionLists {
  const rows = S * B;
  const join = [new Int32Array(2 * rows), new Int32Array(2 * rows)] as const;
  const split = [new Int32Array(2 * rows), new Int32Array(2 * rows)] as const;
  const mirror = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    const j = mirrored(i, S, B);
    mirror[i] = j;
    const places = [
      [i, rows + j],
      [j, rows + i],
    ] as const;
    places.forEach((pair, order) => {
      pair.forEach((from, d) => {
        join[order][2 * i + d] = from;
        split[order][from] = 2 * i + d;
      });
    });
  }
  return { join, split, mirror };
}

/** The row of the same source that is as far from the source's end as this row is from its beginning */
function mirrored(row: number, S: number, B: number): number {
  return (S - 1 - Math.floor(row / B)) * B + (row % B);
}
