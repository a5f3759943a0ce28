/*
 * Vectors of VL floats, by the vector extensions that GCC and clang share: one source for AVX-512 (16),
 * AVX2 (8), and SSE2, NEON and WebAssembly SIMD (4).
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

/* in memory a vector may stand anywhere */
typedef float vec __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(VL * 4), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vec splat(float x) { return x - (vec){0}; }

INLINE vec load(const float *p) { return *(const vec *)p; }

INLINE void store(float *p, vec x) { *(vec *)p = x; }

/* The first n < VL elements; the rest is zero. */
INLINE vec load_part(const float *p, int n) {
    vec x = {0};
    for (int i = 0; i < n; i++) x[i] = p[i];
    return x;
}

INLINE void store_part(float *p, vec x, int n) {
    for (int i = 0; i < n; i++) p[i] = x[i];
}

/* a b + c, rounded once where the machine can */
INLINE vec multiply_add(vec a, vec b, vec c) {
#if defined(__wasm_relaxed_simd__)
    typedef float wide __attribute__((vector_size(16)));
    return (vec)__builtin_wasm_relaxed_madd_f32x4((wide)a, (wide)b, (wide)c);
#else
    return a * b + c;
#endif
}

/* Where the mask is all ones a, else b. */
INLINE vec select(ivec mask, vec a, vec b) {
    return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

INLINE vec smaller(vec a, vec b) { return select((ivec)(a < b), a, b); }

INLINE vec larger(vec a, vec b) { return select((ivec)(a > b), a, b); }

/*
 * Runs BODY(n) for a row of `length` elements: n == VL for whole vectors at element `at`, and once with
 * n < VL for the rest. With n a constant in the first case the partial forms vanish from it.
 */
#define FOR_VECTORS(at, length, BODY)                       \
    do {                                                    \
        int at = 0;                                         \
        for (; at + VL <= (length); at += VL) BODY(VL);     \
        if (at < (length)) BODY((length) - at);             \
    } while (0)

#define LOAD(p, n) ((n) == VL ? load(p) : load_part(p, n))
#define STORE(p, x, n) ((n) == VL ? store(p, x) : store_part(p, x, n))

#endif
