/* Packs the right operand of a matrix product into panels, as gemm.h describes them. */
#ifndef CHARNN_PANELS_H
#define CHARNN_PANELS_H

#include "gemm.h"
#include "product_clock.h"

/*
 * Makes a word for each of n <= VL columns of b, beginning at element `at`; `rows` rows of b are left, including that
 * of this element.
 */
INLINE vec column_words(const void *b, const int half, ptrdiff_t at, int ld, int n, int rows) {
    if (STEP > 1 && rows <= 0) return (vec){0};
    vec first = load_either(b, half, at, n);
    return make_words(first, WORD == 2 && rows > 1 ? load_either(b, half, at + ld, n) : (vec){0});
}

/* Stores STEP words that are adjacent along k, for each of VL columns, in the layout of this level's panels. */
INLINE void store_step(float *to, const vec words[PACKED]) {
#if PACKED == 2
    store(to, interleave_low(words[0], words[1]));
    store(to + VL, interleave_high(words[0], words[1]));
#else
    store(to, words[0]);
#endif
}

/*
 * Stores the next PACKED words of n <= VL columns of b, beginning at element `at`; `rows` rows of b are left, including
 * that of this element.
 */
INLINE void pack_step(float *to, const void *b, const int half, ptrdiff_t at, int ld, int n, int rows) {
    vec words[PACKED];
#pragma GCC unroll 2
    for (int i = 0; i < PACKED; i++, at += WORD * ld) words[i] = column_words(b, half, at, ld, n, rows - i * WORD);
    store_step(to, words);
}

/* Packs B row by row, so that its rows are read once and in sequence. */
INLINE void pack_rows_of(float *packed, const void *b, const int half, int N, int K, int ld) {
    const int whole = N / NR * NR, depth = WORD * words_of(K), step = WORD * PACKED;
    for (int n = 0; n < whole; n += NR) {
        ptrdiff_t row = n;
        for (int k = 0; k < depth; k += step, row += step * ld, packed += PACKED * NR) {
            pack_step(packed, b, half, row, ld, VL, K - k);
            pack_step(packed + PACKED * VL, b, half, row + VL, ld, VL, K - k);
        }
    }
    if (whole == N) return;
    int width = panel_vectors(N, whole) * VL, first = N - whole < VL ? N - whole : VL;
    ptrdiff_t row = whole;
    for (int k = 0; k < depth; k += step, row += step * ld, packed += PACKED * width) {
        pack_step(packed, b, half, row, ld, first, K - k);
        if (width == NR) pack_step(packed + PACKED * VL, b, half, row + VL, ld, N - whole - VL, K - k);
    }
}

static void pack_either_rows(float *packed, const void *b, int half, int N, int K, int ld) {
    TIME_PRODUCT(0);
    if (is_half(half)) pack_rows_of(packed, b, 1, N, K, ld);
    else pack_rows_of(packed, b, 0, N, K, ld);
}

static void pack_rows(float *packed, const float *b, int N, int K, int ld) {
    pack_either_rows(packed, b, 0, N, K, ld);
}

/*
 * Stores VL columns in packed[words of K][stride]: the first `inside` columns are rows of w[.,K], the rest are zeros.
 */
INLINE void pack_columns(float *packed, int stride, const float *w, int inside, int K) {
    for (int k = 0; k < K; k += WORD * VL, packed += (size_t)VL * stride) {
        int count = K - k < WORD * VL ? K - k : WORD * VL;
        vec square[VL];
#pragma GCC unroll 16
        for (int j = 0; j < VL; j++)
            square[j] = j < inside ? words_along(w + (size_t)j * K + k, count) : (vec){0};
        transpose_square(square);
#pragma GCC unroll 16
        for (int i = 0; i < VL; i += PACKED)
            if (i < words_of(count)) store_step(packed + (size_t)i * stride, square + i);
    }
}

static void pack_transposed(float *packed, const float *w, int N, int K) {
    TIME_PRODUCT(0);
    for (int n = 0; n < N; n += NR) {
        int vectors = panel_vectors(N, n);
        for (int v = 0; v < vectors; v++) {
            int first = n + v * VL, inside = N - first < VL ? N - first : VL;
            pack_columns(packed + v * PACKED * VL, vectors * VL, w + (size_t)first * K, inside, K);
        }
        packed += (size_t)vectors * VL * words_of(K);
    }
}

#endif
