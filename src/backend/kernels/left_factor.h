/*
 * Converts the left operand of a matrix product to words, one block at a time: from A's rows, in which k is contiguous,
 * or from a matrix whose columns are the rows of A.
 */
#ifndef CHARNN_LEFT_FACTOR_H
#define CHARNN_LEFT_FACTOR_H

#include "panels.h"

/*
 * The row at which part `i` begins if `rows` rows are divided evenly into `parts` parts: 25 into 12 and 13, not into 11
 * and 14.
 */
INLINE int part_edge(int rows, int parts, int i) { return (int)((int64_t)rows * i / parts); }

/*
 * The row at which part `i` begins if `rows` rows, in units of `unit` rows, are divided into `parts` parts of whole
 * units
 */
INLINE int unit_edge(int rows, int unit, int units, int parts, int i) {
    int edge = unit * part_edge(units, parts, i);
    return edge < rows ? edge : rows;
}

INLINE int units_of(int rows, int unit) { return (rows + unit - 1) / unit; }

/* Number of blocks of at most `size` that hold `count` elements */
INLINE int blocks_of(int count, int size) { return (count + size - 1) / size; }

/*
 * Number of words from one row of copies to the next; with this distance, rows do not evict each other from the cache.
 */
INLINE int copy_stride(int depth) { return (words_of(depth) + VL - 1) / VL * VL + VL; }

#if defined(BFMMLA)

/*
 * Converts `depth` columns of a to words, two adjacent rows at a time: the words that an instruction takes at once are
 * copied from one row and from the other in turn. Returns the stride of the rows.
 */
static int copy_rows(float *copies, const void *a, int half, int lda, int rows, int depth) {
    const int stride = copy_stride(depth);
    for (int m = 0; m < rows; m += 2, copies += 2 * stride) {
        const ptrdiff_t row = (ptrdiff_t)m * lda;
        float *to = copies;
        for (int k = 0; k < depth; k += WORD * VL, to += 2 * VL) {
            int count = depth - k < WORD * VL ? depth - k : WORD * VL;
            vec one = words_along_either(a, half, row + k, count);
            vec other = m + 1 < rows ? words_along_either(a, half, row + lda + k, count) : (vec){0};
            store(to, low_halves(one, other));
            store(to + VL, high_halves(one, other));
        }
    }
    return stride;
}

#else

/*
 * Converts `depth` columns of a to words: copies[rows][stride]; returns the stride. The last words of a row are written
 * completely, with zeros.
 */
static int copy_rows(float *copies, const void *a, int half, int lda, int rows, int depth) {
    const int stride = copy_stride(depth);
    for (int m = 0; m < rows; m++, copies += stride) {
        const ptrdiff_t row = (ptrdiff_t)m * lda;
        int k = 0;
        float *to = copies;
        for (; k + WORD * VL <= depth; k += WORD * VL, to += VL)
            store(to, words_along_either(a, half, row + k, WORD * VL));
        if (k < depth) store(to, words_along_either(a, half, row + k, depth - k));
    }
    return stride;
}

#endif

/* Number of rows, at most `most`, in vector v of a tile with `rows` rows; 0 or less beyond the end of the tile */
INLINE int vector_rows(int rows, int v, int most) { return rows - v * most < most ? rows - v * most : most; }

/* Number of rows of A that are packed at a time; they stay in the first-level cache from tile to tile. */
#define PACKED_ROWS (STEP * WORD > 8 ? STEP * WORD : 8)

/*
 * Packs `depth` numbers along k of `count` columns of a, at most VL, beginning at element `at`. Returns `total`, the
 * sums of the columns, after adding these numbers one after the other.
 */
INLINE vec pack_left_part(float *to, const void *a, const int half, ptrdiff_t at, int lda, int count, int depth,
                          vec total) {
#if defined(AMX)
    /* AMX takes 16 words of each column, one column after the other */
    vec square[VL];
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++) {
        square[i] = (vec){0};
        if (WORD * i >= depth) continue;
        vec first = load_either(a, half, at + (ptrdiff_t)WORD * i * lda, count), second = {0};
        total += first;
        if (WORD * i + 1 < depth) {
            second = load_either(a, half, at + (ptrdiff_t)(WORD * i + 1) * lda, count);
            total += second;
        }
        square[i] = make_words(first, second);
    }
    transpose_square(square);
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++) store(to + i * VL, square[i]);
#else
    for (int k = 0; k < depth; k += WORD * PACKED, to += PACKED * LEFT_WIDTH) {
        vec words[PACKED];
#pragma GCC unroll 2
        for (int i = 0; i < PACKED; i++, at += WORD * lda) {
            const int left = depth - (k + i * WORD);
            words[i] = (vec){0};
            if (PACKED > 1 && left <= 0) continue;
            vec first = load_either(a, half, at, count), second = {0};
            total += first;
            if (WORD == 2 && left > 1) {
                second = load_either(a, half, at + lda, count);
                total += second;
            }
            words[i] = make_words(first, second);
        }
        store_step(to, words);
    }
#endif
    return total;
}

/* Number of words from one vector of a tile's rows to the next in a packed A */
#if defined(AMX)
#define LEFT_PART (STEP * VL)
#else
#define LEFT_PART (PACKED * VL)
#endif

/*
 * Packs a[K, columns] for `tiles` tiles of units as [words of K][LEFT_WIDTH] each, where a tile's rows of C come first
 * and the rest is arbitrary. If `sums` is given, sums[columns] += the columns' sums, row after row, while the rows are
 * in the cache.
 */
INLINE void pack_left_of(float *packed, const void *a, const int half, int lda, int columns, int unit, int tiles, int K,
                         float *sums) {
    int edges[MC / MR + 1];
    vec totals[MC / MR][LEFT_VECTORS];
    const int units = units_of(columns, unit);
    for (int i = 0; i <= tiles; i++) edges[i] = unit_edge(columns, unit, units, tiles, i);
/* max number of a tile's rows that one vector of the packed A holds: with AMX the rows of a unit, otherwise VL */
#define VECTOR_ROWS (STEP == VL ? unit : VL)
#define FOR_TILE_VECTORS(i, v, count)                                                               \
    for (int v = 0, count; v < LEFT_VECTORS; v++)                                                     \
        if ((count = vector_rows(edges[i + 1] - edges[i], v, VECTOR_ROWS)) > 0)
    for (int i = 0; i < tiles; i++)
        FOR_TILE_VECTORS(i, v, count)
            totals[i][v] = sums ? LOAD(sums + edges[i] + v * VECTOR_ROWS, count) : (vec){0};
    for (int k0 = 0; k0 < K; k0 += PACKED_ROWS) {
        int depth = K - k0 < PACKED_ROWS ? K - k0 : PACKED_ROWS;
        for (int i = 0; i < tiles; i++)
            FOR_TILE_VECTORS(i, v, count) {
                float *to = packed + ((size_t)i * words_of(K) + k0 / WORD) * LEFT_WIDTH + v * LEFT_PART;
                ptrdiff_t at = (ptrdiff_t)k0 * lda + edges[i] + v * VECTOR_ROWS;
                totals[i][v] = pack_left_part(to, a, half, at, lda, count, depth, totals[i][v]);
            }
    }
    for (int i = 0; sums && i < tiles; i++)
        FOR_TILE_VECTORS(i, v, count) STORE(sums + edges[i] + v * VECTOR_ROWS, totals[i][v], count);
#undef FOR_TILE_VECTORS
#undef VECTOR_ROWS
}

/* Like pack_left_of, for an operand `a` of floats or, if `half` is set, of bfloat16 */
static void pack_left(float *packed, const void *a, int half, int lda, int columns, int unit, int tiles, int K,
                      float *sums) {
    if (is_half(half)) pack_left_of(packed, a, 1, lda, columns, unit, tiles, K, sums);
    else pack_left_of(packed, a, 0, lda, columns, unit, tiles, K, sums);
}

#endif
