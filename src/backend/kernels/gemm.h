/*
 * Matrix products C[M,N] = A[M,K] · B[K,N], with B packed into panels.
 *
 * A panel is NR = 2 VL columns of B in words (factors.h), stored row by row: [words of K][NR]; the last one
 * may be a single vector wide, and is padded with zeros. The micro-kernel (tile_vector.h, tile_amx.h,
 * tile_bfmmla.h) holds a tile of C, up to MR rows by a panel's width, in registers, and runs through k: so every
 * element of C is one chain over k in ascending order, whatever the tile it falls into. A row's result therefore
 * does not depend on how many rows there are, and a text read in chunks gives the very bits of the text read whole.
 *
 * A, whose numbers lie side by side along k, is its own words in full precision; in half precision its rows
 * are made into words where a block of them is about to be multiplied with all of B, so once each.
 */
#ifndef CHARNN_GEMM_H
#define CHARNN_GEMM_H

#include "factors.h"

#define NR (2 * VL)

/* Number of panel rows that are prefetched before the multiply-adds need them */
#define PANEL_AHEAD 64

/* Rows of a tile: accumulators, one panel row and a broadcast fit the registers. */
#if defined(AMX)
/* two tile registers, one above the other */
#define MR 32
#elif VL == 16
#define MR 14
#elif VL == 8
#define MR 6
#elif defined(__aarch64__)
/* 32 registers: 16 accumulators, an element of A each for 8 rows and the next 4 steps, panel rows */
#define MR 8
#else
#define MR 4
#endif

/* Vectors that a packed A has for the rows of a tile */
#define LEFT_VECTORS ((MR + VL - 1) / VL)
#define LEFT_WIDTH (LEFT_VECTORS * VL)

/* Words of k are cut into blocks of at most KC, so that the rows of A in a tile stay in the first-level cache. */
#if defined(AMX)
/* a block of a panel is half of the first-level cache, where it stays while A's rows pass by */
#define KC 256
#else
#define KC 640
#endif
/*
 * KC for a packed A, whose rows are contiguous: shorter blocks outweigh the additional passes over C, unless their
 * multiply-adds are over in half the time.
 */
#define KC_PACKED (WORD == 1 ? 384 : KC)
/* Rows of A are taken MC at a time, so that they stay in the second-level cache from panel to panel. */
#if defined(AMX)
#define MC (5 * MR)
#else
#define MC (10 * MR)
#endif

/* Number of words of a packed B[K,N] */
INLINE size_t packed_size(int N, int K) { return (size_t)((N + VL - 1) / VL) * VL * words_of(K); }

/* Number of vectors in the panel that begins at column n */
INLINE int panel_vectors(int N, int n) { return N - n > VL ? 2 : 1; }

/* packed <- B, from B's rows: B[K,N] with row stride ld. */
static void pack_rows(float *packed, const float *b, int N, int K, int ld);

/* packed <- B = Wᵀ, from W[N,K]. */
static void pack_transposed(float *packed, const float *w, int N, int K);

enum gemm_start { START_ZERO, START_ROWS, START_C };

/* One row for all of C or, with ids[M], row ids[m] of a table with row stride ldc. */
struct start_rows {
    const float *rows;
    const int32_t *ids;
};
static const struct start_rows no_rows = {0};

INLINE const float *start_row(struct start_rows begin, int m, int ldc) {
    return begin.ids ? begin.rows + (ptrdiff_t)begin.ids[m] * ldc : begin.rows;
}

/* The rows to start from of the part of C that begins at row m and column n */
INLINE struct start_rows rows_from(struct start_rows begin, int m, int n) {
    return (struct start_rows){begin.rows ? begin.rows + n : NULL, begin.ids ? begin.ids + m : NULL};
}

/*
 * C[M,N] = start + A · B.  A[m,k] at a[m·lda + k]; C has row stride ldc.
 * start: zero, `rows`, or what C holds.
 * room: ROW_COPIES words for A's rows. In full precision it may be NULL: copies are made where the rows'
 * stride lets a tile's rows contend for the same few places of the first-level cache.
 */
static void gemm(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows rows,
                 enum gemm_start start, int M, int N, int K, float *room);

#define ROW_COPIES (MC * (KC + 2 * VL))
/* Words that a product needs room for where copies do not pay */
#if defined(INT8)
/* Rows of A that are multiplied at a time as integers, and the longest that there may be: those of a network of
 * pairs are twice as wide as its layers. */
#define INT8_ROWS 4
#define INT8_MAX_K (2 * 16384)
#define ROOM (INT8_ROWS * (INT8_MAX_K / 4 + VL))
#else
#define ROOM (WORD == 1 ? 0 : ROW_COPIES)
#endif

/* The room of a product where copies do not pay */
INLINE float *needed_room(float *room) { return ROOM ? room : NULL; }

/* C[N,N] = A · B where the result is known to be symmetric: about half the work. room: ROOM words. */
static void gemm_symmetric(float *c, const float *a, const float *packed, int N, int K, float *room);

/*
 * C[M,N] += Aᵀ · B.  A[K,M] with row stride lda, packed here block by block; scratch: LEFT_SIDE words.
 * b: B packed, with ldb 0; or B itself, with row stride ldb, if panels_in_place.
 * sums[M] += column sums of A, row after row, if given.
 */
static void gemm_transposed_a(float *c, int ldc, const float *a, int lda, const float *b, int ldb, float *sums,
                              int M, int N, int K, float *scratch);

/*
 * Whether a matrix of N columns can serve as its own panels: they are whole, and their rows not so far apart
 * that those of a block contend for the same places of the second-level cache.
 */
INLINE int panels_in_place(int N) { return WORD == 1 && N % NR == 0 && N <= 512; }

#define LEFT_SIDE (MC / MR * LEFT_WIDTH * KC_PACKED)

#endif
