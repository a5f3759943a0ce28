/*
 * Tiles of C on ARM processors that multiply matrices of bfloat16 (FEAT_BF16). The instruction takes two words of each
 * of two rows of A and of two columns, and adds the four sums of products to a block of two rows and two columns of C.
 * Panels and copies of A consist of such pairs: [words of K / 2][columns][2].
 *
 * The instruction adds the two products of a word, and then their sum to the element's chain, word after word in
 * ascending order. Both sums are rounded to odd instead of to nearest, and denormal numbers are treated as zeros (Arm
 * Architecture Reference Manual, BFDotAdd). So each step may be off by up to one unit in the last place of float32,
 * while steps at other levels are off by at most half.
 */
#ifndef CHARNN_TILE_BFMMLA_H
#define CHARNN_TILE_BFMMLA_H

#include "left_factor.h"

/* A tile begins at an even row, and has at most this many pairs of rows. */
#define TILE_UNITS (MR / 2)
INLINE int row_unit(int M) {
    (void)M;
    return 2;
}

INLINE void begin_tiles(int unit) { (void)unit; }
INLINE void end_tiles(void) {}

/*
 * Max number of vectors of C for a pair of rows: each vector of columns needs two, one for the first half of the
 * columns and one for the second half.
 */
#define BLOCKS 4

INLINE float32x4_t multiply_blocks(vec a, vec b, float32x4_t sum) {
    return vbfmmlaq_f32(sum, vreinterpretq_bf16_f32((float32x4_t)a), vreinterpretq_bf16_f32((float32x4_t)b));
}

/*
 * c[rows, columns] = start + a · panel over K words, K even, for `pairs` pairs of rows and nv vectors of columns, both
 * constants where this is inlined. Pair i begins at a + i·next, and its next words are `step` further.
 */
INLINE void tile(const int pairs, const int nv, float *c, int ldc, int rows, const float *a, ptrdiff_t next,
                 ptrdiff_t step, const float *panel, struct start_rows begin, enum gemm_start start, int columns,
                 int K) {
    float32x4_t acc[TILE_UNITS][BLOCKS];
#pragma GCC unroll 4
    for (int i = 0; i < pairs; i++)
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) {
            const int inside = columns - v * VL < VL ? columns - v * VL : VL;
            vec from[2];
#pragma GCC unroll 2
            for (int m = 2 * i; m < 2 * i + 2; m++) {
                from[m % 2] = (vec){0};
                if (start == START_ZERO || m >= rows) continue;
                const float *row = start == START_C ? c + (ptrdiff_t)m * ldc : start_row(begin, m, ldc);
                from[m % 2] = LOAD(row + v * VL, inside);
            }
            acc[i][2 * v] = (float32x4_t)low_halves(from[0], from[1]);
            acc[i][2 * v + 1] = (float32x4_t)high_halves(from[0], from[1]);
        }
    for (int k = 0; k < K; k += STEP, a += step) {
        vec b[BLOCKS];
#pragma GCC unroll 4
        for (int j = 0; j < 2 * nv; j++) b[j] = load(panel + j * VL);
        panel += 2 * nv * VL;
#pragma GCC unroll 4
        for (int i = 0; i < pairs; i++) {
            const vec x = load(a + i * next);
#pragma GCC unroll 4
            for (int j = 0; j < 2 * nv; j++) acc[i][j] = multiply_blocks(x, b[j], acc[i][j]);
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < pairs; i++)
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) {
            const int inside = columns - v * VL < VL ? columns - v * VL : VL;
            const vec low = (vec)acc[i][2 * v], high = (vec)acc[i][2 * v + 1];
            float *to = c + (ptrdiff_t)2 * i * ldc + v * VL;
            STORE(to, low_halves(low, high), inside);
            if (2 * i + 1 < rows) STORE(to + ldc, high_halves(low, high), inside);
        }
}

/* Runs TILE(pairs, vectors) with constants as arguments, so that the compiler can unroll each case. */
#define WITH_CONSTANTS(pairs, nv, TILE)                           \
    switch (2 * (pairs) + (nv)) {                                 \
        case 3: TILE(1, 1); break;                                \
        case 4: TILE(1, 2); break;                                \
        case 5: TILE(2, 1); break;                                \
        case 6: TILE(2, 2); break;                                \
        case 7: TILE(3, 1); break;                                \
        case 8: TILE(3, 2); break;                                \
        case 9: TILE(4, 1); break;                                \
        default: TILE(4, 2);                                      \
    }

static __attribute__((noinline)) void tile_rows(int mr, int nv, float *c, int ldc, const float *a, ptrdiff_t lda,
                                                const float *panel, struct start_rows begin, enum gemm_start start,
                                                int columns, int K, int unit) {
    (void)unit;
#define TILE(pairs, vectors) \
    tile(pairs, vectors, c, ldc, mr, a, 2 * lda, 2 * STEP, panel, begin, start, columns, K)
    WITH_CONSTANTS((mr + 1) / 2, nv, TILE)
#undef TILE
}

/* Multiplies a tile whose rows of A were packed by pack_left. */
static __attribute__((noinline)) void tile_packed(int mr, int nv, float *c, int ldc, const float *a,
                                                  const float *panel, ptrdiff_t down, int columns, int K,
                                                  const float *ahead, ptrdiff_t stride, int unit) {
    (void)down, (void)ahead, (void)stride, (void)unit;
#define TILE(pairs, vectors) \
    tile(pairs, vectors, c, ldc, mr, a, 2 * STEP, STEP * LEFT_WIDTH, panel, no_rows, START_C, columns, K)
    WITH_CONSTANTS((mr + 1) / 2, nv, TILE)
#undef TILE
}

/* Runs multiply-adds that use registers only, with as many independent chains as in a tile; returns their number. */
static double peak_multiply_adds(int rounds) {
    float32x4_t acc[TILE_UNITS][BLOCKS];
    for (int i = 0; i < TILE_UNITS; i++)
        for (int j = 0; j < BLOCKS; j++) acc[i][j] = vdupq_n_f32((float)(i + j));
    const vec half = splat(0.5f), one = splat(1), a = make_words(half, half), b = make_words(one, one);
    for (int round = 0; round < rounds; round++)
#pragma GCC unroll 4
        for (int i = 0; i < TILE_UNITS; i++)
#pragma GCC unroll 4
            for (int j = 0; j < BLOCKS; j++) acc[i][j] = multiply_blocks(a, b, acc[i][j]);
    float32x4_t sum = vdupq_n_f32(0);
    for (int i = 0; i < TILE_UNITS; i++)
        for (int j = 0; j < BLOCKS; j++) sum += acc[i][j];
    /* an instruction adds to four elements of C, for each of which it multiplies two words of two numbers */
    return sum[0] == sum[0] ? (double)rounds * TILE_UNITS * BLOCKS * 4 * 2 * WORD : 0;
}

#endif
