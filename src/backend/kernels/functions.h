/*
 * exp, tanh and the logistic function on vectors.
 *
 * exp: 2^n · P(r) with x = n ln 2 + r, |r| <= ln 2 / 2, P of degree 6 with the coefficients of the Cephes
 * library's expf (S. Moshier). Relative error below 3e-7 for -87 <= x <= 88; beyond, the value at the
 * edge.
 *
 * tanh: an odd rational function of degree 13/6 on |x| < 7.9, beyond which tanh is 1 in float32; the
 * coefficients are those of Eigen's fast tanh. Absolute error below 4e-7.
 *
 * logistic: 1/2 + tanh(x / 2) / 2. Absolute error below 3e-7.
 *
 * All three give not-a-number for not-a-number, so that a training that diverges is seen to.
 */
#ifndef CHARNN_FUNCTIONS_H
#define CHARNN_FUNCTIONS_H

#include "vector.h"

INLINE vec vec_exp(vec x) {
    const vec log2e = splat(1.44269504088896341f);
    /* ln 2 in two parts, so that n times the first is exact */
    const vec ln2_high = splat(0.693359375f), ln2_low = splat(-2.12194440e-4f);
    /* adding and subtracting 1.5 · 2^23 rounds to the nearest integer */
    const vec magic = splat(12582912.0f);
    x = limited(x, -87.0f, 88.0f);
    vec shifted = x * log2e + magic;
    vec n = shifted - magic;
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
