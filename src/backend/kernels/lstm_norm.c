/*
 * LSTM with layer normalisation over a chunk (Ba, Kiros & Hinton 2016, arXiv 1607.06450): of each gate's H
 * sums s of both products, a row of the batch at a time,
 *
 *     s' = (s - mean(s)) / √(variance(s) + ε)     a = gain ⊙ s' + shift
 *
 * after which the step is lstm.c's. Backward, with p = gain ⊙ da and r = 1 / √(variance(s) + ε):
 *
 *     ds = r (p - mean(p) - s' mean(p ⊙ s'))      dgain += da ⊙ s'     dshift += da
 *
 * Shapes: backend.ts. The mean is taken away before the squares are, so that a row far from zero keeps its
 * digits.
 */
#include "functions.h"
#include "sharing.h"
#include "weights.h"

/* Added to the variance, so that a constant row is not divided by 0; the same as PyTorch's. */
#define NORM_EPSILON 1e-5f

/* sums[k] += the n elements of gate k */
INLINE void add_gates(vec sums[4], const float *x, int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) sums[k] += LOAD(x + k * H, n);
}

/* sums[k] += (x - mean[k])² over n elements of gate k */
INLINE void add_gate_squares(vec sums[4], const float *x, const vec mean[4], int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        vec d = first_elements(LOAD(x + k * H, n) - mean[k], n);
        sums[k] += d * d;
    }
}

/* a <- pre-activations of n units, from their sums x; s' into normalised */
INLINE void normalise_units(vec a[4], const float *x, const vec mean[4], const vec scale[4],
                            const float *gain, const float *shift, float *normalised, int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        vec s = (LOAD(x + k * H, n) - mean[k]) * scale[k];
        STORE(normalised + k * H, s, n);
        a[k] = s * LOAD(gain + k * H, n) + LOAD(shift + k * H, n);
    }
}

#define lstm_norm_gates SHARED(lstm_norm_gates)
/*
 * gates [B,4H]: sums of both products -> activations; gain, shift [4H]; normalised [B,4H]: s'; scales
 * [B,4]: 1 / √(variance + ε); the others as in lstm_gates.
 */
OF_BASE void lstm_norm_gates(int B, int H, float *gates, const float *gain, const float *shift,
                            const float *c_before, float *c, float *tanh_c, float *h,
                            float *normalised, float *scales)
#if defined(BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
        vec mean[4] = {{0}}, scale[4] = {{0}};
#define BODY(n) add_gates(mean, gates + at, H, n);
        FOR_VECTORS(at, H, BODY);
#undef BODY
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) mean[k] = sum_of_elements(mean[k]) / splat((float)H);
#define BODY(n) add_gate_squares(scale, gates + at, mean, H, n);
        FOR_VECTORS(at, H, BODY);
#undef BODY
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            scales[k] = 1 / __builtin_sqrtf(sum_of_elements(scale[k])[0] / H + NORM_EPSILON);
            scale[k] = splat(scales[k]);
        }
#define BODY(n)                                                                                  \
    {                                                                                            \
        vec a[4];                                                                                \
        normalise_units(a, gates + at, mean, scale, gain + at, shift + at, normalised + at, H, n); \
        lstm_units(n, H, gates + at, a, c_before + at, c + at, tanh_c + at, h + at);             \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        gates += 4 * H, c_before += H, c += H, tanh_c += H, h += H, normalised += 4 * H, scales += 4;
    }
}
#endif

/*
 * da[4]: gradients w.r.t. the pre-activations of n units. Writes p = gain ⊙ da to d_gates, adds up the sums of p and
 * of p ⊙ s', and adds to d_gain and d_shift.
 */
INLINE void denormalise_units(float *d_gates, const vec da[4], const float *gain,
                              const float *normalised, float *d_gain, float *d_shift, vec sums[4],
                              vec products[4], int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        int at = k * H;
        vec s = LOAD(normalised + at, n), p = da[k] * LOAD(gain + at, n);
        STORE(d_gain + at, LOAD(d_gain + at, n) + da[k] * s, n);
        STORE(d_shift + at, LOAD(d_shift + at, n) + da[k], n);
        STORE(d_gates + at, p, n);
        sums[k] += p;
        products[k] += p * s;
    }
}

/* Turns p of n units into the gradient w.r.t. the sums, ds. */
INLINE void centre_units(float *d_gates, const float *normalised, const vec sums[4],
                         const vec products[4], const float *scales, int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        int at = k * H;
        vec p = LOAD(d_gates + at, n), s = LOAD(normalised + at, n);
        STORE(d_gates + at, splat(scales[k]) * (p - sums[k] - s * products[k]), n);
    }
}

#define lstm_norm_gates_backward SHARED(lstm_norm_gates_backward)
/*
 * gates [B,4H]: activations -> gradients of the sums of both products; d_gain, d_shift [4H]: added to;
 * the others as in lstm_norm_gates and lstm_gates_backward.
 */
OF_BASE void lstm_norm_gates_backward(int B, int H, float *gates, const float *c_before,
                                     const float *tanh_c, const float *d_output, const float *dh,
                                     float *dc, const float *gain, const float *normalised,
                                     const float *scales, float *d_gain, float *d_shift)
#if defined(BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
        vec sums[4] = {{0}}, products[4] = {{0}};
#define BODY(n)                                                                                  \
    {                                                                                            \
        vec d[4];                                                                                \
        lstm_units_backward(n, H, d, gates + at, c_before + at, tanh_c + at, d_output + at,      \
                            dh + at, dc + at);                                                   \
        denormalise_units(gates + at, d, gain + at, normalised + at, d_gain + at, d_shift + at,  \
                          sums, products, H, n);                                                 \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            sums[k] = sum_of_elements(sums[k]) / splat((float)H);
            products[k] = sum_of_elements(products[k]) / splat((float)H);
        }
#define BODY(n) centre_units(gates + at, normalised + at, sums, products, scales, H, n);
        FOR_VECTORS(at, H, BODY);
#undef BODY
        gates += 4 * H, c_before += H, tanh_c += H, d_output += H, dh += H, dc += H;
        normalised += 4 * H, scales += 4;
    }
}
#endif

KERNEL void lstm_norm_forward(int T, int B, int H, float *gates, float *h, float *c, float *tanh_c,
                              const float *weight, const float *gain, const float *shift,
                              float *normalised, float *scales, const float *table, const int32_t *ids,
                              const float *packed, float *scratch) {
    packed = weight_panels(packed, weight, 4 * H, H, &scratch);
    if (table) gather(gates, table, ids, T * B, 4 * H);
    size_t step = (size_t)B * H;
    for (int t = 0; t < T; t++, gates += 4 * step, h += step, c += step, tanh_c += step) {
        weight_product(gates, 4 * H, h, H, packed, no_rows, START_C, B, 4 * H, H, needed_room(scratch));
        lstm_norm_gates(B, H, gates, gain, shift, c, c + step, tanh_c, h + step, normalised, scales);
        normalised += 4 * step, scales += 4 * (size_t)B;
    }
}

KERNEL void lstm_norm_backward(int T, int B, int H, float *gates, const float *c, const float *tanh_c,
                               const float *weight, const float *gain, const float *normalised,
                               const float *scales, const float *d_output, float *dh, float *dc,
                               float *d_gain, float *d_shift, float *scratch) {
    pack_rows(scratch, weight, H, 4 * H, H);
    size_t step = (size_t)B * H;
    for (int t = T - 1; t >= 0; t--) {
        float *now = gates + t * 4 * step;
        lstm_norm_gates_backward(B, H, now, c + t * step, tanh_c + t * step, d_output + t * step, dh,
                                 dc, gain, normalised + t * 4 * step, scales + (size_t)t * 4 * B,
                                 d_gain, d_shift);
        gemm(dh, H, now, 4 * H, scratch, no_rows, START_ZERO, B, H, 4 * H,
             scratch + packed_size(H, 4 * H));
    }
}
