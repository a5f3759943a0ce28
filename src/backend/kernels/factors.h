/*
 * Operands of matrix products, which are read in words of 4 bytes. A word is a float or, in half precision (HALF), a
 * pair of bfloat16: two numbers that are adjacent along k, the first in the lower half, each rounded to nearest, ties
 * to even. An odd K ends with a pair whose second number is zero. One step along k takes a word of each operand, and
 * adds their product, or the two products of the pairs, to a float32.
 *
 * AVX512-BF16 has an instruction for this step, which treats denormal numbers as zeros. AMX (tile_amx.h) and ARM's
 * BFMMLA (tile_bfmmla.h) multiply whole blocks of words. Elsewhere the numbers of the pair are extracted and multiplied
 * one after the other.
 */
#ifndef CHARNN_FACTORS_H
#define CHARNN_FACTORS_H

#include "vector.h"

/* Number of numbers in a word */
#if defined(HALF)
#define WORD 2
#else
#define WORD 1
#endif

/*
 * Number of words along k that an instruction takes at once. Panels are padded with zero words to a multiple of it,
 * which changes no sum.
 */
#if defined(AMX)
#define STEP 16
#elif defined(BFMMLA)
#define STEP 2
#else
#define STEP 1
#endif

/* Number of words along k that are adjacent in a panel, before those of the next column */
#if defined(BFMMLA)
#define PACKED 2
#else
#define PACKED 1
#endif

/* Number of words for K numbers that are adjacent along k, including the padding */
INLINE int words_of(int K) { return (K + WORD * STEP - 1) / (WORD * STEP) * STEP; }

/*
 * Numbers in the format of operands, in which values are kept from the forward to the backward pass (Backend.compact):
 * bfloat16 in half precision, otherwise float.
 */
#if defined(HALF)
typedef uint16_t compact;
#else
typedef float compact;
#endif

#if !defined(HALF)

/*
 * Makes a vector of words from numbers that are adjacent along k: word i from first[i] and second[i] or, in full
 * precision, from first[i] alone.
 */
INLINE vec make_words(vec first, vec second) {
    (void)second;
    return first;
}

/* Loads a vector of words from n <= VL numbers that are adjacent along k. */
INLINE vec words_along(const float *p, int n) { return LOAD(p, n); }

INLINE vec splat_word(const float *p) { return splat(*p); }

INLINE vec multiply_words(vec a, vec b, vec sum) { return multiply_add(a, b, sum); }

#define LOAD_COMPACT(p, n) LOAD(p, n)
#define STORE_COMPACT(p, x, n) STORE(p, x, n)

#else

typedef uint32_t uvec __attribute__((vector_size(VL * 4), aligned(4), may_alias));
/* a vector of words in memory that is aligned only as a bfloat16 is, to 2 bytes */
typedef float vec_of_halves __attribute__((vector_size(VL * 4), aligned(2), may_alias));
/* a vector of VL bfloat16 numbers in memory */
typedef uint16_t halves __attribute__((vector_size(VL * 2), aligned(2), may_alias));
typedef int32_t word __attribute__((may_alias));

INLINE vec splat_word(const float *p) { return (vec)(*(const word *)p - (ivec){0}); }

#if defined(__AVX512BF16__)

INLINE vec make_words(vec first, vec second) {
    static const uint16_t turns[2 * VL] = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
                                           8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    __m512i halves = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
    return (vec)_mm512_permutexvar_epi16(_mm512_loadu_si512(turns), halves);
}

INLINE vec pack_words(vec low, vec high) { return (vec)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low); }

INLINE vec multiply_words(vec a, vec b, vec sum) {
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

INLINE halves to_halves(vec x) { return (halves)_mm512_cvtneps_pbh((__m512)x); }

#elif defined(BFMMLA)
#include <arm_neon.h>

INLINE vec make_words(vec first, vec second) {
    bfloat16x8_t low = vcvtq_low_bf16_f32((float32x4_t)first), high = vcvtq_low_bf16_f32((float32x4_t)second);
    return (vec)vzip1q_u16(vreinterpretq_u16_bf16(low), vreinterpretq_u16_bf16(high));
}

INLINE vec pack_words(vec low, vec high) {
    return (vec)vreinterpretq_f32_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32((float32x4_t)low), (float32x4_t)high));
}

/* low_halves returns the first halves of two vectors, and high_halves their second halves. */
INLINE vec low_halves(vec a, vec b) { return (vec)vzip1q_f64((float64x2_t)a, (float64x2_t)b); }
INLINE vec high_halves(vec a, vec b) { return (vec)vzip2q_f64((float64x2_t)a, (float64x2_t)b); }

INLINE halves to_halves(vec x) { return (halves)vreinterpret_u16_bf16(vcvt_bf16_f32((float32x4_t)x)); }

#else

/* The bits of x rounded to bfloat16, in the upper half; NaN stays NaN. */
INLINE uvec round_to_half(vec x) {
    uvec bits = (uvec)x;
    uvec rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (uvec)choose((ivec)(x == x), (vec)rounded, (vec)(bits | 0x400000)) & 0xffff0000;
}

INLINE vec make_words(vec first, vec second) { return (vec)(round_to_half(first) >> 16 | round_to_half(second)); }

/* Makes a vector of words from 2 VL numbers that are adjacent along k. */
INLINE vec pack_words(vec low, vec high) {
    vec evens, odds;
    for (int i = 0; i < VL; i++) {
        evens[i] = 2 * i < VL ? low[2 * i % VL] : high[2 * i % VL];
        odds[i] = 2 * i < VL ? low[2 * i % VL + 1] : high[2 * i % VL + 1];
    }
    return make_words(evens, odds);
}

INLINE halves to_halves(vec x) { return __builtin_convertvector(round_to_half(x) >> 16, halves); }

INLINE vec multiply_words(vec a, vec b, vec sum) {
    vec first = multiply_add((vec)((uvec)a << 16), (vec)((uvec)b << 16), sum);
    return multiply_add((vec)((uvec)a & 0xffff0000), (vec)((uvec)b & 0xffff0000), first);
}

#endif

/* Loads a vector of words from n <= 2 VL numbers that are adjacent along k. */
INLINE vec words_along(const float *p, int n) {
    vec low = n >= VL ? load(p) : load_part(p, n);
    vec high = n == 2 * VL ? load(p + VL) : n > VL ? load_part(p + VL, n - VL) : (vec){0};
    return pack_words(low, high);
}

/* Makes words of n <= 2 VL numbers that are bfloat16 already, so that two adjacent numbers are a word. */
INLINE vec words_of_halves(const uint16_t *p, int n) {
    if (n == 2 * VL) return (vec) * (const vec_of_halves *)p;
    uint16_t part[2 * VL] = {0};
    for (int i = 0; i < n; i++) part[i] = p[i];
    return (vec) * (const vec_of_halves *)part;
}

INLINE vec load_halves(const uint16_t *p, int n) {
    halves x = {0};
    if (n == VL) x = *(const halves *)p;
    else
        for (int i = 0; i < n; i++) x[i] = p[i];
    return (vec)(__builtin_convertvector(x, uvec) << 16);
}

INLINE void store_halves(uint16_t *p, vec x, int n) {
    halves rounded = to_halves(x);
    if (n == VL) *(halves *)p = rounded;
    else
        for (int i = 0; i < n; i++) p[i] = rounded[i];
}

#define LOAD_COMPACT(p, n) load_halves(p, n)
#define STORE_COMPACT(p, x, n) store_halves(p, x, n)

#endif

/*
 * Whether the numbers of a tensor of either format are bfloat16, as `half` says. In full precision there is only one
 * format.
 */
INLINE int is_half(int half) { return WORD == 2 && half; }

INLINE const void *from_element(const void *p, int half, ptrdiff_t i) {
    return (const char *)p + i * (is_half(half) ? (ptrdiff_t)sizeof(uint16_t) : (ptrdiff_t)sizeof(float));
}

/* Loads at most VL words from the n numbers that begin at element i. */
INLINE vec words_along_either(const void *p, int half, ptrdiff_t i, int n) {
#if defined(HALF)
    if (half) return words_of_halves((const uint16_t *)p + i, n);
#endif
    (void)half;
    return words_along((const float *)p + i, n);
}

/* Loads the n <= VL numbers that begin at element i. */
INLINE vec load_either(const void *p, int half, ptrdiff_t i, int n) {
#if defined(HALF)
    if (half) return load_halves((const uint16_t *)p + i, n);
#endif
    (void)half;
    return LOAD((const float *)p + i, n);
}

INLINE void store_either(void *p, int half, ptrdiff_t i, vec x, int n) {
#if defined(HALF)
    if (half) {
        store_halves((uint16_t *)p + i, x, n);
        return;
    }
#endif
    (void)half;
    STORE((float *)p + i, x, n);
}

#endif
