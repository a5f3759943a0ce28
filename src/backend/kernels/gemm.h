/*
 * Matrix products C[M,N] = A[M,K] · B[K,N], with B packed into panels.
 *
 * A panel is NR = 2 VL columns of B in words (factors.h), stored row by row: [words of K][NR]; the last one may be a
 * single vector wide, and is padded with zeros. The micro-kernel (tile_vector.h, tile_amx.h, tile_bfmmla.h) holds a
 * tile of C, up to MR rows by a panel's width, in registers, and runs through k. So every element of C is one chain
 * over k in ascending order, whichever tile it belongs to. A row's result therefore does not depend on how many rows
 * there are, and a text read in chunks gives exactly the same bits as the text read whole.
 *
 * In full precision the numbers of A, which are contiguous along k, are their own words. In half precision the rows of
 * A are converted to words just before a block of them is multiplied by all of B, so that this happens once.
 */
#ifndef CHARNN_GEMM_H
#define CHARNN_GEMM_H

#include "factors.h"

#define NR (2 * VL)

/* Number of panel rows that are prefetched before the multiply-adds need them */
#define PANEL_AHEAD 64

/*
 * Number of rows of a tile, chosen so that its accumulators, a row of a panel and a copied element of A fit in the
 * registers
 */
#if defined(AMX)
/* a tile is two of the AMX registers high, which hold 16 rows each */
#define MR 32
#elif VL == 16
#define MR 14
#elif VL == 8
#define MR 6
#elif defined(__aarch64__)
/* 32 registers: 16 accumulators, 8 for the next 4 elements of A of each row, and panel rows */
#define MR 8
#else
#define MR 4
#endif

/* Number of vectors that hold the rows of a tile in a packed A */
#define LEFT_VECTORS ((MR + VL - 1) / VL)
#define LEFT_WIDTH (LEFT_VECTORS * VL)

/* k is divided into blocks of at most KC words, so that the rows of A in a tile stay in the first-level cache. */
#if defined(AMX)
/* a block of a panel takes half of the first-level cache and stays there while A's rows are read */
#define KC 256
#else
#define KC 640
#endif
/*
 * Max number of words along k in a block of a packed A, whose rows are contiguous. In full precision, blocks shorter
 * than KC are worth the additional passes over C; in half precision, where multiply-adds take half the time, they are
 * not.
 */
#define KC_PACKED (WORD == 1 ? 384 : KC)
/* MC rows of A are multiplied at a time, so that they stay in the second-level cache from panel to panel. */
#if defined(AMX)
#define MC (5 * MR)
#else
#define MC (10 * MR)
#endif

/* Number of words of a packed B[K,N] */
INLINE size_t packed_size(int N, int K) { return (size_t)((N + VL - 1) / VL) * VL * words_of(K); }

/* Number of vectors in the panel that begins at column n */
INLINE int panel_vectors(int N, int n) { return N - n > VL ? 2 : 1; }

/* Packs B[K,N], whose rows are `ld` numbers apart, into panels. */
static void pack_rows(float *packed, const float *b, int N, int K, int ld);

/* Like pack_rows, for a B of floats or, if `half` is set, of bfloat16 */
static void pack_either_rows(float *packed, const void *b, int half, int N, int K, int ld);

/* Packs B = Wᵀ into panels, from W[N,K]. */
static void pack_transposed(float *packed, const float *w, int N, int K);

enum gemm_start { START_ZERO, START_ROWS, START_C };

/*
 * The numbers from which the sums of C start in the case START_ROWS: the same row for all rows of C or, if ids[M] is
 * given, row ids[m] of a table with row stride ldc for row m of C.
 */
struct start_rows {
    const float *rows;
    const int32_t *ids;
};
static const struct start_rows no_rows = {0};

INLINE const float *start_row(struct start_rows begin, int m, int ldc) {
    return begin.ids ? begin.rows + (ptrdiff_t)begin.ids[m] * ldc : begin.rows;
}

/* Returns the values from which the sums in the part of C at row m and column n start. */
INLINE struct start_rows rows_from(struct start_rows begin, int m, int n) {
    return (struct start_rows){begin.rows ? begin.rows + n : NULL, begin.ids ? begin.ids + m : NULL};
}

/*
 * C[M,N] = start + A · B. A[m,k] is at a[m·lda + k]; C has row stride ldc. start: whether the sums start from zero,
 * from `rows` (initial values by column, or rows of a table by id) or from the present C. room: ROW_COPIES words for
 * copies of A's rows. In full precision it may be NULL: rows are copied only if their stride makes the rows of a tile
 * contend for the same few sets of the first-level cache.
 */
static void gemm(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows rows,
                 enum gemm_start start, int M, int N, int K, float *room);

/* Like gemm(), for an A of floats or, if `half` is set, of bfloat16 */
static void gemm_either(float *c, int ldc, const void *a, int half, int lda, const float *packed,
                        struct start_rows rows, enum gemm_start start, int M, int N, int K, float *room);

#define ROW_COPIES (MC * (KC + 2 * VL))
/* Number of words of memory that a product needs even if it does not pay off to copy the rows of A */
#if defined(INT8)
/*
 * Number of rows of A that are multiplied at a time as integers, and max length of a row: twice the max width of a
 * layer, because networks for pairs multiply rows that are twice as wide.
 */
#define INT8_ROWS 4
#define INT8_MAX_K (2 * 16384)
#define ROOM (INT8_ROWS * (INT8_MAX_K / 4 + VL))
#else
#define ROOM (WORD == 1 ? 0 : ROW_COPIES)
#endif

/* Returns the memory to pass to a product if it does not pay off to copy the rows of A: NULL if no product needs any */
INLINE float *needed_room(float *room) { return ROOM ? room : NULL; }

/* C[N,N] = A · B if the result is known to be symmetric, which takes about half the work. room: memory of ROOM words */
static void gemm_symmetric(float *c, const float *a, const float *packed, int N, int K, float *room);

/*
 * C[M,N] += Aᵀ · B. A[K,M] has row stride lda, consists of floats or, if `half` is set, of bfloat16, and is packed
 * block by block in LEFT_SIDE words at `scratch`. b is the packed B, with ldb 0, or B itself, with row stride ldb, if
 * panels_in_place(N). If `sums` is given, the column sums of A are added to sums[M], row after row.
 */
static void gemm_transposed_a(float *c, int ldc, const void *a, int half, int lda, const float *b, int ldb,
                              float *sums, int M, int N, int K, float *scratch);

/*
 * Whether a matrix of N columns can serve as its own panels: all panels are whole, and the rows are not so far apart
 * that the rows of a block contend for the same sets of the second-level cache.
 */
INLINE int panels_in_place(int N) { return WORD == 1 && N % NR == 0 && N <= 512; }

#define LEFT_SIDE (MC / MR * LEFT_WIDTH * KC_PACKED)

#endif
