/*
 * Products with weights on the way forward, C[M,N] = start + A · Wᵀ. Levels with INT8 have them of 8 bits
 * (int8.h) and nothing that trains; elsewhere they are products like all others.
 */
#ifndef CHARNN_WEIGHTS_H
#define CHARNN_WEIGHTS_H

#include "gemm.h"

#if defined(INT8)
#include "int8.h"
#else

/*
 * Numbers of a word of the panels of a weight, words that follow one another along k at least, and words that a column
 * has besides its numbers
 */
#define WEIGHT_WORD WORD
#define WEIGHT_STEP STEP
#define COLUMN_WORDS 0

/* Number of words of a packed W[N,K] */
INLINE size_t weight_size(int N, int K) { return packed_size(N, K); }

INLINE void pack_weights(float *packed, const float *w, int N, int K) { pack_transposed(packed, w, N, K); }

/* As gemm(), of panels made by pack_weights */
INLINE void weight_product(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows rows,
                           enum gemm_start start, int M, int N, int K, float *room) {
    gemm(c, ldc, a, lda, packed, rows, start, M, N, K, room);
}

#endif

/* Returns the panels of W [N,K]: `packed` if there is one, else made at *scratch, which then points behind them. */
INLINE const float *weight_panels(const float *packed, const float *weight, int N, int K, float **scratch) {
    if (packed) return packed;
    float *made = *scratch;
    pack_weights(made, weight, N, K);
    *scratch += weight_size(N, K);
    return made;
}

#endif
