/*
 * exp, tanh and the logistic function on vectors.
 *
 * Where an instruction permutes one register by the indices in another (AVX2, AVX-512), a register holds a table of
 * 2^(i / VL), and
 *
 *     exp x = 2^(n / VL) (1 + P(r))    x = n ln 2 / VL + r, |r| <= ln 2 / (2 VL)
 *
 * with P = r + r^2 / 2 + r^3 / 6 (as in P. T. P. Tang's table-driven exp, ACM TOMS 15, 1989). Elsewhere there is no
 * table and P is of degree 6, with the coefficients of the Cephes library's expf (S. Moshier). The relative error is
 * below 3e-7 for -87 <= x <= 88; beyond that range the result is the value at its edge.
 *
 * With the table, tanh x = m / (m + 2) with m = exp 2x - 1, and the logistic function is 1 / (1 + exp -x). Elsewhere
 * tanh is an odd rational function of degree 13/6 for |x| < 7.9, beyond which tanh is 1 in float32, with the
 * coefficients of Eigen's fast tanh, and the logistic function is 1/2 + tanh(x / 2) / 2. The absolute errors are below
 * 4e-7 and 3e-7.
 *
 * All three return NaN for NaN, so that a training run that diverges is noticed.
 */
#ifndef CHARNN_FUNCTIONS_H
#define CHARNN_FUNCTIONS_H

#include "vector.h"

/* Adding and subtracting 1.5 · 2^23 rounds to the nearest integer, which the low bits of the sum contain. */
#define ROUNDING 12582912.0f
#define LOG2_E 1.44269504088896341f

#if VL >= 8
#if VL == 16
#define LOG2_STEPS 4
/* the bits of 2^(i / 16), minus i · 2^19: with n = 16 e + i, adding n · 2^19 to them gives the bits of 2^(n / 16) */
static const uint32_t powers[VL] = {
    0x3f800000, 0x3f7daac3, 0x3f7b95c2, 0x3f79c3d3, 0x3f7837f0, 0x3f76f532, 0x3f75fed7, 0x3f75583f,
    0x3f7504f3, 0x3f7508a4, 0x3f75672a, 0x3f76248c, 0x3f7744fd, 0x3f78ccdf, 0x3f7ac0c7, 0x3f7d257d};
#else
#define LOG2_STEPS 3
/* the bits of 2^(i / 8), minus i · 2^20: with n = 8 e + i, adding n · 2^20 to them gives the bits of 2^(n / 8) */
static const uint32_t powers[VL] = {
    0x3f800000, 0x3f7b95c2, 0x3f7837f0, 0x3f75fed7, 0x3f7504f3, 0x3f75672a, 0x3f7744fd, 0x3f7ac0c7};
#endif

/* Computes power and p, with exp x = power (1 + p). Unless `precise` is set, the relative error grows with |x|. */
INLINE void exp_parts(vec x, const int precise, vec *power, vec *p) {
    const float ln2 = 0.693147180559945309f;
    vec sum = x * splat(VL * LOG2_E) + splat(ROUNDING);
    vec n = sum - splat(ROUNDING);
    /* x - n ln 2 / VL; if it is to be precise, with ln 2 in two parts, so that n times the first part is exact */
    vec r = x - n * splat((precise ? 0.693359375f : ln2) / VL);
    if (precise) r -= n * splat(-2.12194440e-4f / VL);
    *p = (r * splat(1.f / 6) + splat(0.5f)) * r * r + r;
    *power = (vec)(take_elements(*(const ivec *)powers, (ivec)sum) + ((ivec)sum << (23 - LOG2_STEPS)));
}

INLINE vec vec_exp(vec x) {
    vec power, p;
    exp_parts(limited(x, -87.0f, 88.0f), 1, &power, &p);
    return power * p + power;
}

INLINE vec vec_tanh(vec x) {
    vec power, p;
    exp_parts(2 * limited(x, -10.0f, 10.0f), 0, &power, &p);
    vec m = power * p + (power - 1);
    return m / (m + 2);
}

INLINE vec vec_logistic(vec x) {
    vec power, p;
    exp_parts(-limited(x, -80.0f, 80.0f), 0, &power, &p);
    return 1 / (power * p + power + 1);
}

#else

INLINE vec vec_exp(vec x) {
    /* the parts of ln 2 in x - n ln 2; the first has few bits, so that n times this part is exact */
    const vec ln2_high = splat(0.693359375f), ln2_low = splat(-2.12194440e-4f);
    x = limited(x, -87.0f, 88.0f);
    vec shifted = x * splat(LOG2_E) + splat(ROUNDING);
    vec n = shifted - splat(ROUNDING);
    vec r = x - n * ln2_high - n * ln2_low;
    vec p = splat(1.9875691500e-4f);
    p = p * r + splat(1.3981999507e-3f);
    p = p * r + splat(8.3334519073e-3f);
    p = p * r + splat(4.1665795894e-2f);
    p = p * r + splat(1.6666665459e-1f);
    p = p * r + splat(5.0000001201e-1f);
    p = p * r * r + r + splat(1.0f);
    /* the low bits of `shifted` hold n; shifted into the exponent they scale by 2^n */
    ivec exponent = (ivec)shifted << 23;
    return (vec)((ivec)p + exponent);
}

INLINE vec vec_tanh(vec x) {
    x = limited(x, -7.90531110763549805f, 7.90531110763549805f);
    vec s = x * x;
    vec p = splat(-2.76076847742355e-16f);
    p = p * s + splat(2.00018790482477e-13f);
    p = p * s + splat(-8.60467152213735e-11f);
    p = p * s + splat(5.12229709037114e-08f);
    p = p * s + splat(1.48572235717979e-05f);
    p = p * s + splat(6.37261928875436e-04f);
    p = p * s + splat(4.89352455891786e-03f);
    vec q = splat(1.19825839466702e-06f);
    q = q * s + splat(1.18534705686654e-04f);
    q = q * s + splat(2.26843463243900e-03f);
    q = q * s + splat(4.89352518554385e-03f);
    return x * p / q;
}

INLINE vec vec_logistic(vec x) {
    const vec half = splat(0.5f);
    return half + half * vec_tanh(half * x);
}

#endif

/*
 * The natural logarithm: x = 2^e m with m around 1, and a polynomial of degree 9 in m - 1, with the coefficients of the
 * Cephes library's logf (S. Moshier). The relative error is below 3e-7; the result is -infinity for 0 and NaN below.
 */
INLINE vec vec_log(vec x) {
    /* the bits of the least m in x = 2^e m: the square root of a half */
    const int32_t least = 0x3f3504f3;
    const float smallest = 1.17549435e-38f;
    ivec bits = (ivec)choose((ivec)(x > smallest), x, splat(smallest));
    ivec e = (bits - least) >> 23;
    vec m = (vec)(bits - (e << 23)), r = m - 1, exponent = __builtin_convertvector(e, vec);
    vec p = splat(7.0376836292e-2f);
    p = p * r - splat(1.1514610310e-1f);
    p = p * r + splat(1.1676998740e-1f);
    p = p * r - splat(1.2420140846e-1f);
    p = p * r + splat(1.4249322787e-1f);
    p = p * r - splat(1.6668057665e-1f);
    p = p * r + splat(2.0000714765e-1f);
    p = p * r - splat(2.4999993993e-1f);
    p = p * r + splat(3.3333331174e-1f);
    p = p * r * r * r - exponent * splat(2.12194440e-4f) - r * r * splat(0.5f);
    vec result = r + p + exponent * splat(0.693359375f);
    const vec infinity = splat(__builtin_inff());
    result = choose((ivec)(x == infinity), infinity, result);
    result = choose((ivec)(x == 0), -infinity, result);
    /* x >= 0 is false not only for negative x but also for NaN, for which the result is NaN as well */
    return choose((ivec)(x >= 0), result, splat(__builtin_nanf("")));
}

#endif
