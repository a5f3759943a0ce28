/*
 * The few AVX-512 functions that the kernels call, element by element: with them the kernels of 16 elements a
 * vector run on any processor, and a sanitizer sees each element that is loaded or stored.
 */
#ifndef CHARNN_EMULATED_IMMINTRIN_H
#define CHARNN_EMULATED_IMMINTRIN_H

#include <stdint.h>

typedef float __m512 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t __m512i __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint16_t __mmask16;

#define EMULATED static inline __attribute__((always_inline))

EMULATED __m512 _mm512_maskz_loadu_ps(__mmask16 mask, const float *p) {
    __m512 x = {0};
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) x[i] = p[i];
    return x;
}

EMULATED void _mm512_mask_storeu_ps(float *p, __mmask16 mask, __m512 x) {
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) p[i] = x[i];
}

EMULATED __m512i _mm512_permutexvar_epi32(__m512i places, __m512i x) {
    __m512i y;
    for (int i = 0; i < 16; i++) y[i] = x[places[i] & 15];
    return y;
}

/* the second where one is not a number, as the processor has it */
EMULATED __m512 _mm512_min_ps(__m512 a, __m512 b) {
    __m512 y;
    for (int i = 0; i < 16; i++) y[i] = a[i] < b[i] ? a[i] : b[i];
    return y;
}

EMULATED __m512 _mm512_max_ps(__m512 a, __m512 b) {
    __m512 y;
    for (int i = 0; i < 16; i++) y[i] = a[i] > b[i] ? a[i] : b[i];
    return y;
}

/* AVX512-BF16 */
#if defined(__AVX512BF16__)

#include <string.h>

typedef uint16_t __m512bh __attribute__((vector_size(64), aligned(4), may_alias));

EMULATED __m512i _mm512_loadu_si512(const void *p) {
    __m512i x;
    memcpy(&x, p, sizeof x);
    return x;
}

EMULATED __m512i _mm512_permutexvar_epi16(__m512i places, __m512i x) {
    __m512bh from = (__m512bh)x, at = (__m512bh)places, y;
    for (int i = 0; i < 32; i++) y[i] = from[at[i] & 31];
    return (__m512i)y;
}

/* numbers of the second, then of the first, each rounded to the nearest, ties to even */
EMULATED __m512bh _mm512_cvtne2ps_pbh(__m512 high, __m512 low) {
    __m512bh y;
    for (int i = 0; i < 32; i++) {
        float x = i < 16 ? low[i] : high[i - 16];
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        y[i] = x == x ? (bits + 0x7fff + (bits >> 16 & 1)) >> 16 : bits >> 16 | 0x40;
    }
    return y;
}

EMULATED float emulated_half(uint16_t upper) {
    uint32_t bits = (uint32_t)upper << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

EMULATED __m512 _mm512_dpbf16_ps(__m512 sum, __m512bh a, __m512bh b) {
    for (int i = 0; i < 16; i++) {
        sum[i] += emulated_half(a[2 * i + 1]) * emulated_half(b[2 * i + 1]);
        sum[i] += emulated_half(a[2 * i]) * emulated_half(b[2 * i]);
    }
    return sum;
}

#endif

#if defined(AMX)
#include "amx.h"
#endif

#endif
