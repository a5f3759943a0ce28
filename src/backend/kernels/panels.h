/* Packing the right factor of a product into panels, as gemm.h describes them. */
#ifndef CHARNN_PANELS_H
#define CHARNN_PANELS_H

#include "gemm.h"
#include "product_clock.h"

/* A word of each of n <= VL columns, from the row at p on, of which `rows` are left */
INLINE vec column_words(const float *p, int ld, int n, int rows) {
    if (STEP > 1 && rows <= 0) return (vec){0};
    return make_words(LOAD(p, n), WORD == 2 && rows > 1 ? LOAD(p + ld, n) : (vec){0});
}

/* Stores STEP words that follow one another along k, of each of VL columns, as the panels of this level have them. */
INLINE void store_step(float *to, const vec words[PACKED]) {
#if PACKED == 2
    store(to, interleave_low(words[0], words[1]));
    store(to + VL, interleave_high(words[0], words[1]));
#else
    store(to, words[0]);
#endif
}

/* The next PACKED words of n <= VL columns, from the row at p on, of which `rows` are left */
INLINE void pack_step(float *to, const float *p, int ld, int n, int rows) {
    vec words[PACKED];
#pragma GCC unroll 2
    for (int i = 0; i < PACKED; i++) words[i] = column_words(p + (ptrdiff_t)i * WORD * ld, ld, n, rows - i * WORD);
    store_step(to, words);
}

/* The product row by row along B, so that B's rows are read once, in sequence. */
static void pack_rows(float *packed, const float *b, int N, int K, int ld) {
    TIME_PRODUCT(0);
    const int whole = N / NR * NR, depth = WORD * words_of(K), step = WORD * PACKED;
    for (int n = 0; n < whole; n += NR) {
        const float *row = b + n;
        for (int k = 0; k < depth; k += step, row += step * ld, packed += PACKED * NR) {
            pack_step(packed, row, ld, VL, K - k);
            pack_step(packed + PACKED * VL, row + VL, ld, VL, K - k);
        }
    }
    if (whole == N) return;
    int width = panel_vectors(N, whole) * VL, first = N - whole < VL ? N - whole : VL;
    const float *row = b + whole;
    for (int k = 0; k < depth; k += step, row += step * ld, packed += PACKED * width) {
        pack_step(packed, row, ld, first, K - k);
        if (width == NR) pack_step(packed + PACKED * VL, row + VL, ld, N - whole - VL, K - k);
    }
}

/* packed[words of K][stride] <- VL columns, of which `inside` are rows of w[.,K] and the rest zeros */
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
