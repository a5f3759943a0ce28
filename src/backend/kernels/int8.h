/*
 * Matrix products with 8-bit weights, as int8.ts defines them: C[M,N] = start + A · Wᵀ, where W[N,K] and every row of A
 * are quantised to integers from -127 to 127 and a scale.
 *
 * A word is four integers that are adjacent along k. W is packed like the panels of gemm.h: [words of K][NR], with a
 * last panel of one vector, padded with zeros. Sums are exact, so that neither their order nor the tile matters.
 *
 * On x64, the instruction that multiplies bytes takes one unsigned operand. So A's integers are stored increased by
 * 128, and a column's sum begins with -128 times the sum of its weights. ARM's instruction (FEAT_DotProd, SDOT) takes
 * two signed operands.
 */
#ifndef CHARNN_INT8_H
#define CHARNN_INT8_H

#include "gemm.h"

/*
 * Number of integers in a word of a packed weight, number of words to a multiple of which its columns are padded, and
 * number of additional words for each column: its scale, and the number with which its sum begins, which makes up for
 * what is added to the integers of A
 */
#define WEIGHT_WORD 4
#define WEIGHT_STEP 1
#define COLUMN_WORDS 2

/* The number by which the integers of the left operand A are increased in memory */
#if defined(SDOT)
#define BYTE_OFFSET 0
#else
#define BYTE_OFFSET 128
#endif

INLINE int byte_words(int K) { return (K + WEIGHT_WORD - 1) / WEIGHT_WORD; }

/* Number of columns including the padding of the last vector */
INLINE int padded_columns(int N) { return (N + VL - 1) / VL * VL; }

/* Number of words of a packed W[N,K] */
INLINE size_t weight_size(int N, int K) { return (size_t)padded_columns(N) * (COLUMN_WORDS + byte_words(K)); }

static void pack_weights(float *packed, const float *w, int N, int K);

/* Like gemm(), with panels made by pack_weights, and with ROOM words of memory at `room` */
static void weight_product(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows begin,
                           enum gemm_start start, int M, int N, int K, float *room);

#endif
