/*
 * Products with weights of 8 bits, as int8.ts defines them: C[M,N] = start + A · Wᵀ, with W[N,K] and every row of A
 * quantised to integers from -127 to 127 and a scale.
 *
 * A word is four integers that follow one another along k. W is packed like the panels of gemm.h: [words of
 * K][NR], a last panel of one vector, padded with zeros. Sums are exact, so that neither their order nor the tile
 * matters.
 *
 * The instruction that multiplies bytes takes one factor without sign on x64. So A's integers are 128 larger in memory,
 * and a column's sum begins with -128 times the sum of its weights. ARM's (FEAT_DotProd, SDOT) takes both with signs.
 */
#ifndef CHARNN_INT8_H
#define CHARNN_INT8_H

#include "gemm.h"

/* Integers of a word of the panels, and words that a column has besides: its scale, the first term of its sum */
#define WEIGHT_WORD 4
#define WEIGHT_STEP 1
#define COLUMN_WORDS 2

/* What A's integers are larger in memory than they are */
#if defined(SDOT)
#define BYTE_OFFSET 0
#else
#define BYTE_OFFSET 128
#endif

INLINE int byte_words(int K) { return (K + WEIGHT_WORD - 1) / WEIGHT_WORD; }

/* Number of columns with the padding of the last vector */
INLINE int padded_columns(int N) { return (N + VL - 1) / VL * VL; }

/* Number of words of a packed W[N,K] */
INLINE size_t weight_size(int N, int K) { return (size_t)padded_columns(N) * (COLUMN_WORDS + byte_words(K)); }

static void pack_weights(float *packed, const float *w, int N, int K);

/* As gemm(), of panels made by pack_weights; room: ROOM words. */
static void weight_product(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows begin,
                           enum gemm_start start, int M, int N, int K, float *room);

#endif
