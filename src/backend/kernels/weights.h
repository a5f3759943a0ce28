/*
 * Matrix products with weights in the forward pass, C[M,N] = start + A · Wᵀ. At levels with INT8 the weights have 8
 * bits (int8.h) and there is nothing for training; elsewhere these are products like all others.
 */
#ifndef CHARNN_WEIGHTS_H
#define CHARNN_WEIGHTS_H

#include "gemm.h"

#if defined(INT8)
#include "int8.h"
/* Beside 8-bit weights, the operand A is always given as floats, so `half` (whether it is in bfloat16) is ignored. */
#define weight_product_either(c, ldc, a, half, ...) ((void)(half), weight_product(c, ldc, a, __VA_ARGS__))
#else

/*
 * Number of numbers in a word of a packed weight, number of words to a multiple of which its columns are padded, and
 * number of additional words for each column
 */
#define WEIGHT_WORD WORD
#define WEIGHT_STEP STEP
#define COLUMN_WORDS 0

/* Number of words of a packed W[N,K] */
INLINE size_t weight_size(int N, int K) { return packed_size(N, K); }

INLINE void pack_weights(float *packed, const float *w, int N, int K) { pack_transposed(packed, w, N, K); }

/* Like gemm(), with panels made by pack_weights */
INLINE void weight_product(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows rows,
                           enum gemm_start start, int M, int N, int K, float *room) {
    gemm(c, ldc, a, lda, packed, rows, start, M, N, K, room);
}

/* Like gemm_either(), with panels made by pack_weights */
INLINE void weight_product_either(float *c, int ldc, const void *a, int half, int lda, const float *packed,
                                  struct start_rows rows, enum gemm_start start, int M, int N, int K, float *room) {
    gemm_either(c, ldc, a, half, lda, packed, rows, start, M, N, K, room);
}

#endif

/*
 * Returns the panels of W [N,K]: `packed` if there is one, otherwise panels made at *scratch, which is then advanced
 * past them.
 */
INLINE const float *weight_panels(const float *packed, const float *weight, int N, int K, float **scratch) {
    if (packed) return packed;
    float *made = *scratch;
    pack_weights(made, weight, N, K);
    *scratch += weight_size(N, K);
    return made;
}

#endif
