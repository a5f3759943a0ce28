/*
 * LSTM with layer normalisation over a chunk (Ba, Kiros & Hinton 2016, arXiv 1607.06450). In each row of the batch, the
 * H sums s of each gate, input projection plus recurrent product, are normalised,
 *
 *     s' = (s - mean(s)) / √(variance(s) + ε)     a = gain ⊙ s' + shift
 *
 * and then the step continues as in lstm.c. Backward, with p = gain ⊙ da and r = 1 / √(variance(s) + ε):
 *
 *     ds = r (p - mean(p) - s' mean(p ⊙ s'))      dgain += da ⊙ s'     dshift += da
 *
 * Shapes: backend.ts. The mean is subtracted before squaring, so that a row far from zero keeps its precision.
 */
#include "functions.h"
#include "lstm_input.h"
#include "sharing.h"

/* Added to the variance, so that a constant row is not divided by 0; PyTorch uses the same value. */
#define NORM_EPSILON 1e-5f

/* Adds n elements of each gate k to sums[k]. */
INLINE void add_gates(vec sums[4], const float *x, int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) sums[k] += LOAD(x + k * H, n);
}

/* Adds (x - mean[k])² of n elements x of each gate k to sums[k]. */
INLINE void add_gate_squares(vec sums[4], const float *x, const vec mean[4], int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        vec d = first_elements(LOAD(x + k * H, n) - mean[k], n);
        sums[k] += d * d;
    }
}

/* Computes the pre-activations a of n units from their sums x, and stores the normalised sums s' in `normalised`. */
INLINE void normalise_units(vec a[4], const float *x, const vec mean[4], const vec scale[4],
                            const float *gain, const float *shift, compact *normalised, int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        vec s = (LOAD(x + k * H, n) - mean[k]) * scale[k];
        STORE_COMPACT(normalised + k * H, s, n);
        a[k] = s * LOAD(gain + k * H, n) + LOAD(shift + k * H, n);
    }
}

#define lstm_norm_gates SHARED_COMPACT(lstm_norm_gates)
/*
 * Computes one step from sums [B,4H], the input projection plus the recurrent product. Writes the normalised sums s' to
 * normalised [B,4H], and 1 / √(variance + ε) of each gate to scales [B,4]. gain and shift are [4H]; the other arguments
 * are those of lstm_gates in lstm.c.
 */
OF_COMPACT_BASE void lstm_norm_gates(int B, int H, const float *sums, compact *gates, const float *gain, const float *shift,
                            const compact *c_before, compact *c, float *beside, compact *h,
                            compact *normalised, float *scales)
#if defined(COMPACT_IN_BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
        vec mean[4] = {{0}}, scale[4] = {{0}};
#define BODY(n) add_gates(mean, sums + at, H, n);
        FOR_VECTORS(at, H, BODY);
#undef BODY
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) mean[k] = sum_of_elements(mean[k]) / splat((float)H);
#define BODY(n) add_gate_squares(scale, sums + at, mean, H, n);
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
        normalise_units(a, sums + at, mean, scale, gain + at, shift + at, normalised + at, H, n); \
        lstm_units(n, H, gates + at, a, c_before + at, c + at, beside + at, h + at);             \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        sums += 4 * H, gates += 4 * H, c_before += H, c += H, beside += H, h += H;
        normalised += 4 * H, scales += 4;
    }
}
#endif

/*
 * Computes p = gain ⊙ da from da[4], the gradients w.r.t. the pre-activations of n units, and stores it in all_p. Adds
 * p to `sums`, p ⊙ s' to `products`, where s' are the normalised sums, and the gradients of gain and shift to d_gain
 * and d_shift.
 */
INLINE void denormalise_units(float *all_p, const vec da[4], const float *gain,
                              const compact *normalised, float *d_gain, float *d_shift, vec sums[4],
                              vec products[4], int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        int at = k * H;
        vec s = LOAD_COMPACT(normalised + at, n), p = da[k] * LOAD(gain + at, n);
        STORE(d_gain + at, LOAD(d_gain + at, n) + da[k] * s, n);
        STORE(d_shift + at, LOAD(d_shift + at, n) + da[k], n);
        STORE(all_p + at, p, n);
        sums[k] += p;
        products[k] += p * s;
    }
}

/*
 * Computes ds, the gradient w.r.t. the sums of n units before normalisation, from p = gain ⊙ da. `sums` and `products`
 * are the means of p and of p ⊙ s'.
 */
INLINE void centre_units(compact *d_gates, const float *all_p, const compact *normalised, const vec sums[4],
                         const vec products[4], const float *scales, int H, int n) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        int at = k * H;
        vec p = LOAD(all_p + at, n), s = LOAD_COMPACT(normalised + at, n);
        STORE_COMPACT(d_gates + at, splat(scales[k]) * (p - sums[k] - s * products[k]), n);
    }
}

#define lstm_norm_gates_backward SHARED_COMPACT(lstm_norm_gates_backward)
/*
 * The backward pass of one step: replaces the activations in gates [B,4H] by the gradients w.r.t. the sums before
 * normalisation, and adds to the gradients d_gain and d_shift [4H]. row [4H] is memory for p = gain ⊙ da, which is used
 * in half precision. The other arguments are those of lstm_norm_gates and of lstm_gates_backward in lstm.c.
 */
OF_COMPACT_BASE void lstm_norm_gates_backward(int B, int H, compact *gates, const compact *c_before,
                                     const compact *c_after, const float *beside, const float *d_output, const float *dh,
                                     float *dc, const float *gain, const compact *normalised,
                                     const float *scales, float *d_gain, float *d_shift, float *row)
#if defined(COMPACT_IN_BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
        /* in full precision p = gain ⊙ da overwrites the activations, which are no longer needed */
        float *p = WORD == 1 ? (float *)gates : row;
        vec sums[4] = {{0}}, products[4] = {{0}};
#define BODY(n)                                                                                  \
    {                                                                                            \
        vec d[4];                                                                                \
        lstm_units_backward(n, H, d, gates + at, c_before + at, c_after + at, beside + at, d_output + at, \
                            dh + at, dc + at);                                                   \
        denormalise_units(p + at, d, gain + at, normalised + at, d_gain + at, d_shift + at,  \
                          sums, products, H, n);                                                 \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            sums[k] = sum_of_elements(sums[k]) / splat((float)H);
            products[k] = sum_of_elements(products[k]) / splat((float)H);
        }
#define BODY(n) centre_units(gates + at, p + at, normalised + at, sums, products, scales, H, n);
        FOR_VECTORS(at, H, BODY);
#undef BODY
        gates += 4 * H, c_before += H, c_after += H, beside += H, d_output += H, dh += H, dc += H;
        normalised += 4 * H, scales += 4;
    }
}
#endif

KERNEL void lstm_norm_forward(int T, int B, int H, void *all_gates, void *all_h, void *all_c, float *beside,
                              const float *weight, const float *gain, const float *shift,
                              void *all_normalised, float *scales, const float *table, const int32_t *ids,
                              const void *x, int x_half, const float *input_weight, const float *input_bias, int D,
                              const float *packed_input, const float *packed, float *scratch) {
    compact *gates = all_gates, *h = all_h, *c = all_c, *normalised = all_normalised;
    struct lstm_input input = {.table = table, .ids = ids, .x = x, .x_half = x_half, .weight = input_weight,
                               .bias = input_bias, .D = D, .packed = packed_input};
    begin_input(&input, T, B, H, gates, &scratch);
    packed = weight_panels(packed, weight, 4 * H, H, &scratch);
    size_t step = (size_t)B * H;
    keep_first(c, beside, step);
    for (int t = 0; t < T; t++, gates += 4 * step, h += step, c += step) {
        float *sums = input_of_step(&input, t, gates);
        add_state(&input, t, sums, h, packed);
        lstm_norm_gates(B, H, sums, gates, gain, shift, c, c + step, beside, h + step, normalised, scales);
        normalised += 4 * step, scales += 4 * (size_t)B;
        if (KEEPS_TANH) beside += step;
    }
}

KERNEL void lstm_norm_backward(int T, int B, int H, void *all_gates, void *all_c, const float *beside,
                               const float *weight, const float *gain, void *all_normalised,
                               const float *scales, const float *d_output, float *dh, float *dc,
                               float *d_gain, float *d_shift, float *scratch) {
    const compact *c = all_c, *normalised = all_normalised;
    float *room = scratch + packed_size(H, 4 * H);
    pack_rows(scratch, weight, H, 4 * H, H);
    size_t step = (size_t)B * H;
    for (int t = T - 1; t >= 0; t--) {
        compact *now = (compact *)all_gates + t * 4 * step;
        lstm_norm_gates_backward(B, H, now, c + t * step, c + (t + 1) * step, KEEPS_TANH ? beside + t * step : beside,
                                 d_output + t * step, dh, dc, gain, normalised + t * 4 * step, scales + (size_t)t * 4 * B,
                                 d_gain, d_shift, room + ROW_COPIES);
        gemm_either(dh, H, now, 1, 4 * H, scratch, no_rows, START_ZERO, B, H, 4 * H, room);
    }
}
