/*
 * Vectors of VL floats, with the vector extensions that GCC and clang share: one source for AVX-512 (16), AVX2 (8), and
 * SSE2, NEON and WebAssembly SIMD (4).
 */
#ifndef CHARNN_VECTOR_H
#define CHARNN_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

/* a vector in memory may have any alignment */
typedef float vec __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(VL * 4), aligned(4), may_alias));

#if defined(__wasm_simd128__)
/* the type of vectors that clang's built-in functions for WebAssembly take */
typedef float wide __attribute__((vector_size(16)));
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE vec splat(float x) { return x - (vec){0}; }

INLINE vec load(const float *p) { return *(const vec *)p; }

INLINE void store(float *p, vec x) { *(vec *)p = x; }

/* Partial vectors are loaded and stored by mask if the machine has masks, otherwise element by element. */
#if VL == 16
#include <immintrin.h>
#define MASK(n) ((__mmask16)((1u << (n)) - 1))
#elif VL == 8
#include <immintrin.h>
/* eight ones followed by eight zeros: the mask for n elements starts at index 8 - n */
static const int32_t mask_words[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define MASK(n) _mm256_loadu_si256((const __m256i *)(mask_words + VL - (n)))
#endif

/* Loads the first n < VL elements of a vector, and sets the rest to zero. Memory after these elements is not read. */
INLINE vec load_part(const float *p, int n) {
#if VL == 16
    return (vec)_mm512_maskz_loadu_ps(MASK(n), p);
#elif VL == 8
    return (vec)_mm256_maskload_ps(p, MASK(n));
#else
    vec x = {0};
    for (int i = 0; i < n; i++) x[i] = p[i];
    return x;
#endif
}

INLINE void store_part(float *p, vec x, int n) {
#if VL == 16
    _mm512_mask_storeu_ps(p, MASK(n), (__m512)x);
#elif VL == 8
    _mm256_maskstore_ps(p, MASK(n), (__m256)x);
#else
    for (int i = 0; i < n; i++) p[i] = x[i];
#endif
}

/*
 * Stores the end of a row element by element if the next row follows directly: a load of the next row would have to
 * wait until a masked store that extends into it has left the processor, but it need not wait for stores of single
 * elements.
 */
INLINE void store_row_end(float *p, vec x, int n) {
    for (int i = 0; i < n; i++) p[i] = x[i];
}

/* a b + c, rounded once if the machine can */
INLINE vec multiply_add(vec a, vec b, vec c) {
#if defined(__wasm_relaxed_simd__)
    return (vec)__builtin_wasm_relaxed_madd_f32x4((wide)a, (wide)b, (wide)c);
#else
    return a * b + c;
#endif
}

/*
 * interleave_low: a0 b0 a1 b1 …, from the first halves of a and b; interleave_high: from the second halves. Each
 * compiler has its own notation for a shuffle.
 */
#if VL == 16
#define LOW_PAIRS 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_PAIRS 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif VL == 8
#define LOW_PAIRS 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_PAIRS 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW_PAIRS 0, 4, 1, 5
#define HIGH_PAIRS 2, 6, 3, 7
#endif
#if defined(__clang__)
INLINE vec interleave_low(vec a, vec b) { return __builtin_shufflevector(a, b, LOW_PAIRS); }
INLINE vec interleave_high(vec a, vec b) { return __builtin_shufflevector(a, b, HIGH_PAIRS); }
#else
INLINE vec interleave_low(vec a, vec b) { return __builtin_shuffle(a, b, (ivec){LOW_PAIRS}); }
INLINE vec interleave_high(vec a, vec b) { return __builtin_shuffle(a, b, (ivec){HIGH_PAIRS}); }
#endif

/*
 * Transposes VL rows of VL elements: interleaving row i with row i + VL/2 is a perfect shuffle of all elements, and
 * log2(VL) such shuffles bring element [i][j] to [j][i].
 */
INLINE void transpose_square(vec rows[VL]) {
    vec next[VL];
#pragma GCC unroll 4
    for (int round = 1; round < VL; round *= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < VL / 2; i++) {
            next[2 * i] = interleave_low(rows[i], rows[i + VL / 2]);
            next[2 * i + 1] = interleave_high(rows[i], rows[i + VL / 2]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++) rows[i] = next[i];
    }
}

#if VL >= 8
/* element i of the result is element `places[i]` of x, counted modulo VL */
INLINE ivec take_elements(ivec x, ivec places) {
#if VL == 16
    return (ivec)_mm512_permutexvar_epi32((__m512i)places, (__m512i)x);
#else
    return (ivec)_mm256_permutevar8x32_epi32((__m256i)x, (__m256i)places);
#endif
}
#endif

/* a where the mask is all ones, otherwise b */
INLINE vec choose(ivec mask, vec a, vec b) {
    return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

/* x with the elements from index n onwards set to zero */
INLINE vec first_elements(vec x, int n) {
#if VL == 16
    const ivec place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif VL == 8
    const ivec place = {0, 1, 2, 3, 4, 5, 6, 7};
#else
    const ivec place = {0, 1, 2, 3};
#endif
    return n == VL ? x : choose((ivec)(place < n), x, (vec){0});
}

/*
 * a < b ? a : b, so b if one of them is NaN. The machine has an instruction for this. Relaxed SIMD has a similar one,
 * which clang would use for such a comparison and which may return either operand if one is NaN.
 */
INLINE vec smaller(vec a, vec b) {
#if VL == 16
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif VL == 8
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__wasm_simd128__)
    return (vec)__builtin_wasm_pmin_f32x4((wide)b, (wide)a);
#else
    return choose((ivec)(a < b), a, b);
#endif
}

/* a > b ? a : b, so b if one of them is NaN. */
INLINE vec larger(vec a, vec b) {
#if VL == 16
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif VL == 8
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__wasm_simd128__)
    return (vec)__builtin_wasm_pmax_f32x4((wide)b, (wide)a);
#else
    return choose((ivec)(a > b), a, b);
#endif
}

/* Limits x to [low, high]; NaN stays NaN. */
INLINE vec limited(vec x, float low, float high) {
    return smaller(splat(high), larger(splat(low), x));
}

/*
 * The sum, or the maximum, of all elements, in every element. Interleaving a vector with itself puts element i beside
 * element i + VL/2; log2(VL) such rounds reduce it as a tree.
 */
INLINE vec sum_of_elements(vec x) {
#pragma GCC unroll 4
    for (int round = 1; round < VL; round *= 2) x = interleave_low(x, x) + interleave_high(x, x);
    return x;
}

INLINE vec largest_of_elements(vec x) {
#pragma GCC unroll 4
    for (int round = 1; round < VL; round *= 2) x = larger(interleave_low(x, x), interleave_high(x, x));
    return x;
}

/*
 * Runs BODY(n) for a row of `length` elements: with n == VL for whole vectors at index `at`, and once with n < VL for
 * the rest. In the first case n is a constant, so the code for partial vectors disappears from it.
 */
#define FOR_VECTORS(at, length, BODY)                       \
    do {                                                    \
        int at = 0;                                         \
        for (; at + VL <= (length); at += VL) BODY(VL);     \
        if (at < (length)) BODY((length) - at);             \
    } while (0)

#define LOAD(p, n) ((n) == VL ? load(p) : load_part(p, n))
#define STORE(p, x, n) ((n) == VL ? store(p, x) : store_row_end(p, x, n))

#endif
