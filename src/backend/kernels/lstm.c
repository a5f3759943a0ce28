/*
 * LSTM over a chunk; gates i, f, g, o are adjacent in a row of 4H. Slot t of h and c is the state before step t. Shapes
 * and formulas: backend.ts.
 *
 * The sums of the input projection and the recurrent product are computed where the activations will be stored. In half
 * precision that memory is too small, so the sums of a few steps at a time have memory of their own.
 */
#include "functions.h"
#include "lstm_input.h"
#include "sharing.h"

/*
 * What a layer stores besides h, c and gates. In full precision this is tanh(c) of each step [T,B,H], which the
 * backward pass needs. In half precision tanh(c) is recomputed, because memory matters more there than time outside
 * matrix products; but c, which is stored for the backward pass as compact numbers, also needs memory [B,H] in which it
 * passes from step to step in full precision.
 */
#define KEEPS_TANH (WORD == 1)

/* In half precision, copies c before the first step to the memory in which c is stored for the backward pass. */
INLINE void keep_first(compact *c, const float *beside, size_t count) {
    if (!KEEPS_TANH)
        for (size_t i = 0; i < count; i += VL) {
            int n = count - i < VL ? (int)(count - i) : VL;
            STORE_COMPACT(c + i, LOAD(beside + i, n), n);
        }
}

/*
 * Computes n units of one step. Their gates i, f, g, o are H apart. Reads the pre-activations a[4], and the previous c
 * from c_before or, in half precision, from `beside`. Writes the activations to `gates`, the new state to c and h, and
 * to `beside` tanh(c) or, in half precision, c in full precision.
 */
INLINE void lstm_units(int n, int H, compact *gates, const vec a[4], const compact *c_before, compact *c,
                       float *beside, compact *h) {
    vec i = vec_logistic(a[0]), f = vec_logistic(a[1]), g = vec_tanh(a[2]), o = vec_logistic(a[3]);
    vec before = KEEPS_TANH ? LOAD_COMPACT(c_before, n) : LOAD(beside, n);
    vec vc = f * before + i * g, vt = vec_tanh(vc);
    STORE_COMPACT(gates, i, n);
    STORE_COMPACT(gates + H, f, n);
    STORE_COMPACT(gates + 2 * H, g, n);
    STORE_COMPACT(gates + 3 * H, o, n);
    STORE_COMPACT(c, vc, n);
    STORE(beside, KEEPS_TANH ? vt : vc, n);
    STORE_COMPACT(h, o *vt, n);
}

/*
 * The backward pass of n units in one step: computes d[4], the gradients w.r.t. the pre-activations, from the
 * activations in `gates`. dc is the gradient w.r.t. c_after, the c after the step, and is replaced by the gradient
 * w.r.t. c_before.
 */
INLINE void lstm_units_backward(int n, int H, vec d[4], const compact *gates, const compact *c_before,
                                const compact *c_after, const float *beside, const float *d_output, const float *dh,
                                float *dc) {
    const vec one = splat(1);
    vec i = LOAD_COMPACT(gates, n), f = LOAD_COMPACT(gates + H, n), g = LOAD_COMPACT(gates + 2 * H, n);
    vec o = LOAD_COMPACT(gates + 3 * H, n), t = KEEPS_TANH ? LOAD(beside, n) : vec_tanh(LOAD_COMPACT(c_after, n));
    vec d_hidden = LOAD(d_output, n) + LOAD(dh, n);
    vec d_cell = LOAD(dc, n) + d_hidden * o * (one - t * t);
    d[0] = d_cell * g * i * (one - i);
    d[1] = d_cell * LOAD_COMPACT(c_before, n) * f * (one - f);
    d[2] = d_cell * i * (one - g * g);
    d[3] = d_hidden * t * o * (one - o);
    STORE(dc, d_cell *f, n);
}

#define lstm_gates SHARED_COMPACT(lstm_gates)
/*
 * Computes one step from sums [B,4H], the pre-activations without the bias [4H], and writes the activations to gates
 * [B,4H]. c_before, c, beside and h are [B,H], as in lstm_units.
 */
OF_COMPACT_BASE void lstm_gates(int B, int H, const float *sums, compact *gates, const float *bias,
                                const compact *c_before, compact *c, float *beside, compact *h)
#if defined(COMPACT_IN_BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
#define PRE(k, n) (LOAD(sums + (k) * H + at, n) + LOAD(bias + (k) * H + at, n))
#define BODY(n)                                                                                  \
    {                                                                                            \
        vec a[4] = {PRE(0, n), PRE(1, n), PRE(2, n), PRE(3, n)};                                 \
        lstm_units(n, H, gates + at, a, c_before + at, c + at, beside + at, h + at);             \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
#undef PRE
        sums += 4 * H, gates += 4 * H, c_before += H, c += H, beside += H, h += H;
    }
}
#endif

#define lstm_gates_backward SHARED_COMPACT(lstm_gates_backward)
/*
 * The backward pass of one step: replaces the activations in gates [B,4H] by the gradients w.r.t. the pre-activations,
 * and dc [B,H], the gradient w.r.t. c after the step, by that w.r.t. c before the step.
 */
OF_COMPACT_BASE void lstm_gates_backward(int B, int H, compact *gates, const compact *c_before,
                                const compact *c_after, const float *beside, const float *d_output, const float *dh, float *dc)
#if defined(COMPACT_IN_BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
#define BODY(n)                                                                                  \
    {                                                                                            \
        vec d[4];                                                                                \
        lstm_units_backward(n, H, d, gates + at, c_before + at, c_after + at, beside + at, d_output + at, \
                            dh + at, dc + at);                                                   \
        STORE_COMPACT(gates + at, d[0], n);                                                      \
        STORE_COMPACT(gates + H + at, d[1], n);                                                  \
        STORE_COMPACT(gates + 2 * H + at, d[2], n);                                              \
        STORE_COMPACT(gates + 3 * H + at, d[3], n);                                              \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        gates += 4 * H, c_before += H, c_after += H, beside += H, d_output += H, dh += H, dc += H;
    }
}
#endif

KERNEL void lstm_forward(int T, int B, int H, void *all_gates, void *all_h, void *all_c, float *beside,
                         const float *weight, const float *bias, const float *table, const int32_t *ids,
                         const void *x, int x_half, const float *input_weight, const float *input_bias, int D,
                         const float *packed_input, const float *packed, float *scratch) {
    compact *gates = all_gates, *h = all_h, *c = all_c;
    struct lstm_input input = {.table = table, .ids = ids, .x = x, .x_half = x_half, .weight = input_weight,
                               .bias = input_bias, .D = D, .packed = packed_input};
    begin_input(&input, T, B, H, gates, &scratch);
    packed = weight_panels(packed, weight, 4 * H, H, &scratch);
    size_t step = (size_t)B * H;
    keep_first(c, beside, step);
    for (int t = 0; t < T; t++, gates += 4 * step, h += step, c += step) {
        float *sums = input_of_step(&input, t, gates);
        add_state(&input, t, sums, h, packed);
        lstm_gates(B, H, sums, gates, bias, c, c + step, beside, h + step);
        if (KEEPS_TANH) beside += step;
    }
}

KERNEL void lstm_backward(int T, int B, int H, void *all_gates, void *all_c, const float *beside,
                          const float *weight, const float *d_output, float *dh, float *dc,
                          float *scratch) {
    const compact *c = all_c;
    pack_rows(scratch, weight, H, 4 * H, H);
    size_t step = (size_t)B * H;
    for (int t = T - 1; t >= 0; t--) {
        compact *now = (compact *)all_gates + t * 4 * step;
        lstm_gates_backward(B, H, now, c + t * step, c + (t + 1) * step, KEEPS_TANH ? beside + t * step : beside,
                            d_output + t * step, dh, dc);
        gemm_either(dh, H, now, 1, 4 * H, scratch, no_rows, START_ZERO, B, H, 4 * H,
                    scratch + packed_size(H, 4 * H));
    }
}
