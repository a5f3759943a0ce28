/*
 * Tiles of C in vector registers: up to MR rows by a panel's width, with one multiply-add of words per vector and step.
 * A single row goes through several panels at once.
 */
#ifndef CHARNN_TILE_VECTOR_H
#define CHARNN_TILE_VECTOR_H

#include "left_factor.h"
#if defined(__aarch64__) && !defined(HALF)
#include "tile_neon.h"
#endif

/* A tile can begin at any row, and has at most this many rows. */
#define TILE_UNITS MR
INLINE int row_unit(int M) {
    (void)M;
    return 1;
}

INLINE void begin_tiles(int unit) { (void)unit; }
INLINE void end_tiles(void) {}

/* Number of vectors of C that a single row computes at once */
#define ROW_VECTORS 8

/*
 * One tile: c[mr, nv·VL] = start + a · panel over K words. Row m starts with the numbers at from[m·apart] or, if there
 * are ids, from[ids[m]·apart]; if `apart` is 0, all rows start with the same numbers. Word k of row m is at
 * a[m·lda + k·step]. mr, nv and (for packed A) lda and step are constants where this is inlined; rows of the panel are
 * `down` apart. With every row of the panel, nv vectors are prefetched into the second-level cache: with the first row
 * those at `ahead`, with each further row those `stride` floats later. The first-level cache needs no prefetching.
 */
INLINE void tile(const int mr, const int nv, float *c, ptrdiff_t ldc, const float *from, ptrdiff_t apart,
                 const int32_t *ids, const float *a, ptrdiff_t lda, ptrdiff_t step, const float *panel,
                 ptrdiff_t down, int K, const float *ahead, ptrdiff_t stride) {
    vec acc[MR][2];
    if (ids)
#pragma GCC unroll 16
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 2
            for (int v = 0; v < nv; v++) acc[m][v] = load(from + ids[m] * apart + v * VL);
    else
#pragma GCC unroll 16
        for (int m = 0; m < mr; m++, from += apart)
#pragma GCC unroll 2
            for (int v = 0; v < nv; v++) acc[m][v] = load(from + v * VL);
    int done = 0;
#if defined(__aarch64__) && !defined(HALF)
    done = neon_steps(mr, nv, acc, a, lda, step, panel, down, K);
    a += done * step;
    panel += done * down;
#endif
    /* every third row has a pointer; the two after it are reached by scaled addressing */
    const float *p[(MR + 2) / 3];
#pragma GCC unroll 16
    for (int m = 0; m < mr; m += 3) p[m / 3] = a + m * lda;
    for (int k = done; k < K; k++) {
        vec b[2];
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) b[v] = load(panel + v * VL);
#pragma GCC unroll 16
        for (int m = 0; m < mr; m++) {
            vec x = splat_word(p[m / 3] + (m % 3) * lda);
#pragma GCC unroll 2
            for (int v = 0; v < nv; v++) acc[m][v] = multiply_words(x, b[v], acc[m][v]);
        }
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) __builtin_prefetch(ahead + v * VL, 0, 2);
        ahead += stride;
        panel += down;
#pragma GCC unroll 16
        for (int m = 0; m < mr; m += 3) p[m / 3] += step;
    }
#pragma GCC unroll 16
    for (int m = 0; m < mr; m++, c += ldc)
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) store(c + v * VL, acc[m][v]);
}

/*
 * A tile at the right edge of C, and memory (`room`) for whole vectors: the tile is computed in this memory and then
 * copied to C, so that the code of the tile itself, of which there is a copy for every number of rows, does not have to
 * handle edges.
 */
struct edge {
    float *c;
    int ldc, rows, columns;
    _Alignas(64) float room[MR * NR];
};

INLINE void copy_columns(float *to, const float *from, int columns) {
    for (int v = 0; v < columns; v += VL)
        if (columns - v >= VL) store(to + v, load(from + v));
        else store_part(to + v, load_part(from + v, columns - v), columns - v);
}

/* Copies the numbers from which the sums start (see tile) into `room`, where the tile is computed. */
static __attribute__((noinline)) void enter_edge(struct edge *edge, const float *from, ptrdiff_t apart,
                                                 const int32_t *ids) {
    for (int m = 0; m < edge->rows; m++)
        copy_columns(edge->room + m * NR, from + (ids ? ids[m] : m) * apart, edge->columns);
}

static __attribute__((noinline)) void leave_edge(const struct edge *edge) {
    for (int m = 0; m < edge->rows; m++)
        copy_columns(edge->c + (ptrdiff_t)m * edge->ldc, edge->room + m * NR, edge->columns);
}

#if MR == 14
#define TILE_ROWS(CASE) \
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) \
    CASE(13) CASE(14)
#elif MR == 8
#define TILE_ROWS(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
#elif MR == 6
#define TILE_ROWS(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#else
#define TILE_ROWS(CASE) CASE(1) CASE(2) CASE(3) CASE(4)
#endif

/*
 * A tile of any number of rows and of any width. packed: whether A is packed as [K][LEFT_WIDTH] and the panel may be
 * any rows of B, which are `down` apart; otherwise A has rows, which are lda apart, and the panel was packed.
 */
INLINE void any_tile(const int packed, int mr, int nv, float *c, int ldc, const float *a, ptrdiff_t lda,
                     const float *panel, ptrdiff_t down, struct start_rows begin, enum gemm_start start,
                     int columns, int K, const float *ahead, ptrdiff_t stride) {
    /* zeros are on the stack, because WebAssembly has no room for static data */
    float zeros[NR];
    const float *from = c;
    ptrdiff_t apart = ldc;
    const int32_t *ids = NULL;
    if (start == START_ZERO) {
        for (int v = 0; v < NR; v += VL) store(zeros + v, (vec){0});
        from = zeros, apart = 0;
    } else if (start == START_ROWS) {
        from = begin.rows, ids = begin.ids, apart = ids ? ldc : 0;
    }
    struct edge edge;
    const int is_edge = columns < nv * VL;
    if (is_edge) {
        edge.c = c, edge.ldc = ldc, edge.rows = mr, edge.columns = columns;
        enter_edge(&edge, from, apart, ids);
        from = c = edge.room, apart = ldc = NR, ids = NULL;
    }
#define TILE(n, nv)                                                                                       \
    tile(n, nv, c, ldc, from, apart, ids, a, packed ? 1 : lda, packed ? LEFT_WIDTH : 1, panel,            \
         packed ? down : nv * VL, K, ahead, packed ? stride : nv * VL)
#define CASE(n)                                                                                           \
    case n:                                                                                               \
        if (nv == 2) TILE(n, 2);                                                                          \
        else TILE(n, 1);                                                                                  \
        break;
    switch (mr) { TILE_ROWS(CASE) }
#undef CASE
#undef TILE
    if (is_edge) leave_edge(&edge);
}

static __attribute__((noinline)) void tile_rows(int mr, int nv, float *c, int ldc, const float *a,
                                                ptrdiff_t lda, const float *panel,
                                                struct start_rows begin, enum gemm_start start,
                                                int columns, int K, int unit) {
    (void)unit;
    any_tile(0, mr, nv, c, ldc, a, lda, panel, 0, begin, start, columns, K, panel + PANEL_AHEAD * nv * VL, 0);
}

static __attribute__((noinline)) void tile_packed(int mr, int nv, float *c, int ldc, const float *a,
                                                  const float *panel, ptrdiff_t down, int columns,
                                                  int K, const float *ahead, ptrdiff_t stride, int unit) {
    (void)unit;
    any_tile(1, mr, nv, c, ldc, a, 0, panel, down, no_rows, START_C, columns, K, ahead, stride);
}

/*
 * One row times several panels at once, giving `vectors` vectors of C or `columns` elements: with a single row, one
 * panel has too few independent chains to fill the pipeline. Each element is the same chain as in tiles. Multiplies
 * `depth` words of K, beginning at k0, which are at a. Nothing is prefetched: on a Zen 4, prefetching took up to an
 * eighth longer if the panels were in its caches, and saved at most a twentieth if they were not.
 */
INLINE void row_of_panels(const int vectors, float *c, const float *a, const float *packed,
                          const float *from, int columns, int K, int k0, int depth) {
    vec acc[ROW_VECTORS];
    const float *panel[ROW_VECTORS];
    int stride[ROW_VECTORS];
    /* only the last vector may be wider than what is left of the row */
    const int last = vectors - 1, inside = columns - last * VL, whole = inside >= VL;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        stride[v] = vectors % 2 && v == vectors - 1 ? VL : NR;
        panel[v] = packed + (size_t)(v / 2) * NR * K + v % 2 * VL + (size_t)k0 * stride[v];
        acc[v] = v < last || whole ? load(from + v * VL) : load_part(from + v * VL, inside);
    }
    for (int k = 0; k < depth; k++) {
        vec x = splat_word(a + k);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = multiply_words(x, load(panel[v] + (size_t)k * stride[v]), acc[v]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        if (v < last || whole) store(c + v * VL, acc[v]);
        else store_part(c + v * VL, acc[v], inside);
    }
}

static __attribute__((noinline)) void row_times_panels(float *c, const float *a, const float *packed,
                                                       const float *begin, enum gemm_start start, int N,
                                                       int K, int k0, int depth) {
    float zeros[ROW_VECTORS * VL];
    if (start == START_ZERO)
        for (int v = 0; v < ROW_VECTORS * VL; v += VL) store(zeros + v, (vec){0});
    for (int n = 0; n < N; n += ROW_VECTORS * VL) {
        int columns = N - n, vectors = (columns + VL - 1) / VL;
        const float *from = start == START_ZERO ? zeros : start == START_C ? c + n : begin + n;
#define CASE(count)                                                                                      \
    case count:                                                                                          \
        row_of_panels(count, c + n, a, packed + (size_t)n * K, from, columns, K, k0, depth);             \
        break;
        switch (vectors < ROW_VECTORS ? vectors : ROW_VECTORS) {
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
        }
#undef CASE
    }
}

/* Number of words of a row that are multiplied at a time if there are only one or two rows */
#define ROW_WORDS (WORD == 1 ? INT32_MAX : ROW_COPIES)

static void gemm_rows(float *c, int ldc, const void *a, int half, int lda, const float *packed,
                      struct start_rows begin, enum gemm_start start, int M, int N, int K, float *room) {
    const int words = words_of(K);
    for (int m = 0; m < M; m++, c += ldc) {
        enum gemm_start from = start;
        for (int k0 = 0; k0 < words || k0 == 0; k0 += ROW_WORDS, from = START_C) {
            int depth = words - k0 < ROW_WORDS ? words - k0 : ROW_WORDS;
            const float *row = from_element(a, half, (ptrdiff_t)m * lda + (ptrdiff_t)WORD * k0);
            if (WORD == 2) {
                copy_rows(room, row, half, lda, 1, K - WORD * k0 < WORD * depth ? K - WORD * k0 : WORD * depth);
                row = room;
            }
            row_times_panels(c, row, packed, start_row(begin, m, ldc), from, N, words, k0, depth);
        }
    }
}

/* Runs multiply-adds that use registers only, with as many independent chains as in a tile; returns their number. */
static double peak_multiply_adds(int rounds) {
    vec acc[MR][2];
    for (int m = 0; m < MR; m++)
        for (int v = 0; v < 2; v++) acc[m][v] = splat((float)(m + v));
    const vec half = splat(0.5f), one = splat(1), a = make_words(half, half), b = make_words(one, one);
    for (int round = 0; round < rounds; round++) {
#pragma GCC unroll 16
        for (int m = 0; m < MR; m++)
#pragma GCC unroll 2
            /* the sum is also an operand, so that the compiler cannot move the product out of the loop */
            for (int v = 0; v < 2; v++)
                acc[m][v] = WORD == 1 ? multiply_add(acc[m][v], half, one) : multiply_words(a, b, acc[m][v]);
    }
    vec sum = {0};
    for (int m = 0; m < MR; m++) sum += acc[m][0] + acc[m][1];
    /*
     * keeps the compiler from removing unused results: the sum always equals itself, but the compiler cannot know that
     * it is not NaN
     */
    return sum[0] == sum[0] ? (double)rounds * MR * NR * WORD : 0;
}

#endif
