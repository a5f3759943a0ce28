/*
 * The factors of products, as products read them: in words of 4 bytes. A word is a float or, in half precision
 * (HALF), a pair of bfloat16: two numbers that follow one another along k, the first in the lower half, each
 * rounded to the nearest, ties to even. An odd K ends with a pair whose second number is zero. One step of a
 * chain takes one word of either factor, and adds its product, or both products of the pair, to a float32.
 *
 * AVX512-BF16 has an instruction for the step, which takes denormal numbers for zeros. AMX (tile_amx.h) and ARM's
 * BFMMLA (tile_bfmmla.h) multiply whole blocks of words. Elsewhere the pair's numbers are taken apart and multiplied
 * one after the other.
 */
#ifndef CHARNN_FACTORS_H
#define CHARNN_FACTORS_H

#include "vector.h"

/* Numbers of a word */
#if defined(HALF)
#define WORD 2
#else
#define WORD 1
#endif

/*
 * Words along k that an instruction takes at a time. Panels are padded with words of zero to a multiple of them, which
 * changes no sum.
 */
#if defined(AMX)
#define STEP 16
#elif defined(BFMMLA)
#define STEP 2
#else
#define STEP 1
#endif

/* Words along k that lie side by side in a panel, before those of the next column */
#if defined(BFMMLA)
#define PACKED 2
#else
#define PACKED 1
#endif

/* Words of K numbers that follow one another along k, with the padding */
INLINE int words_of(int K) { return (K + WORD * STEP - 1) / (WORD * STEP) * STEP; }

#if !defined(HALF)

/* VL words from the numbers of one place along k */
INLINE vec make_words(vec first, vec second) {
    (void)second;
    return first;
}

/* VL words from n <= VL numbers along k */
INLINE vec words_along(const float *p, int n) { return LOAD(p, n); }

INLINE vec splat_word(const float *p) { return splat(*p); }

INLINE vec multiply_words(vec a, vec b, vec sum) { return multiply_add(a, b, sum); }

#else

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

#elif defined(BFMMLA)
#include <arm_neon.h>

INLINE vec make_words(vec first, vec second) {
    bfloat16x8_t low = vcvtq_low_bf16_f32((float32x4_t)first), high = vcvtq_low_bf16_f32((float32x4_t)second);
    return (vec)vzip1q_u16(vreinterpretq_u16_bf16(low), vreinterpretq_u16_bf16(high));
}

INLINE vec pack_words(vec low, vec high) {
    return (vec)vreinterpretq_f32_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32((float32x4_t)low), (float32x4_t)high));
}

/* The first halves of two vectors, and the second ones */
INLINE vec low_halves(vec a, vec b) { return (vec)vzip1q_f64((float64x2_t)a, (float64x2_t)b); }
INLINE vec high_halves(vec a, vec b) { return (vec)vzip2q_f64((float64x2_t)a, (float64x2_t)b); }

#else

typedef uint32_t uvec __attribute__((vector_size(VL * 4), aligned(4), may_alias));

/* The bits of x rounded to bfloat16, in the upper half; not-a-number stays. */
INLINE uvec round_to_half(vec x) {
    uvec bits = (uvec)x;
    uvec rounded = bits + 0x7fff + (bits >> 16 & 1);
    return (uvec)choose((ivec)(x == x), (vec)rounded, (vec)(bits | 0x400000)) & 0xffff0000;
}

INLINE vec make_words(vec first, vec second) { return (vec)(round_to_half(first) >> 16 | round_to_half(second)); }

/* VL words from 2 VL numbers along k */
INLINE vec pack_words(vec low, vec high) {
    vec evens, odds;
    for (int i = 0; i < VL; i++) {
        evens[i] = 2 * i < VL ? low[2 * i % VL] : high[2 * i % VL];
        odds[i] = 2 * i < VL ? low[2 * i % VL + 1] : high[2 * i % VL + 1];
    }
    return make_words(evens, odds);
}

INLINE vec multiply_words(vec a, vec b, vec sum) {
    vec first = multiply_add((vec)((uvec)a << 16), (vec)((uvec)b << 16), sum);
    return multiply_add((vec)((uvec)a & 0xffff0000), (vec)((uvec)b & 0xffff0000), first);
}

#endif

/* VL words from n <= 2 VL numbers along k */
INLINE vec words_along(const float *p, int n) {
    vec low = n >= VL ? load(p) : load_part(p, n);
    vec high = n == 2 * VL ? load(p + VL) : n > VL ? load_part(p + VL, n - VL) : (vec){0};
    return pack_words(low, high);
}

#endif

#endif
