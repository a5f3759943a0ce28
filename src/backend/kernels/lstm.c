/*
 * LSTM over a chunk; gates i, f, g, o side by side in a row of 4H. Slot t of h and c is the state before
 * step t. Shapes and formulas: backend.ts.
 */
#include "functions.h"
#include "sharing.h"
#include "weights.h"

/*
 * n units at the head of i, f, g, o, H apart: pre-activations a[4] -> activations in gates; c_before, c,
 * tanh_c, h.
 */
INLINE void lstm_units(int n, int H, float *gates, const vec a[4], const float *c_before, float *c,
                       float *tanh_c, float *h) {
    vec i = vec_logistic(a[0]), f = vec_logistic(a[1]), g = vec_tanh(a[2]), o = vec_logistic(a[3]);
    vec vc = f * LOAD(c_before, n) + i * g, vt = vec_tanh(vc);
    STORE(gates, i, n);
    STORE(gates + H, f, n);
    STORE(gates + 2 * H, g, n);
    STORE(gates + 3 * H, o, n);
    STORE(c, vc, n);
    STORE(tanh_c, vt, n);
    STORE(h, o *vt, n);
}

/*
 * n units: activations in gates -> d[4], gradients of the pre-activations; dc: of c after the step ->
 * before.
 */
INLINE void lstm_units_backward(int n, int H, vec d[4], const float *gates, const float *c_before,
                                const float *tanh_c, const float *d_output, const float *dh,
                                float *dc) {
    const vec one = splat(1);
    vec i = LOAD(gates, n), f = LOAD(gates + H, n), g = LOAD(gates + 2 * H, n);
    vec o = LOAD(gates + 3 * H, n), t = LOAD(tanh_c, n);
    vec d_hidden = LOAD(d_output, n) + LOAD(dh, n);
    vec d_cell = LOAD(dc, n) + d_hidden * o * (one - t * t);
    d[0] = d_cell * g * i * (one - i);
    d[1] = d_cell * LOAD(c_before, n) * f * (one - f);
    d[2] = d_cell * i * (one - g * g);
    d[3] = d_hidden * t * o * (one - o);
    STORE(dc, d_cell *f, n);
}

#define lstm_gates SHARED(lstm_gates)
/*
 * gates [B,4H]: pre-activations without the bias [4H] -> activations; c_before, c, tanh_c, h [B,H].
 */
OF_BASE void lstm_gates(int B, int H, float *gates, const float *bias, const float *c_before, float *c,
                       float *tanh_c, float *h)
#if defined(BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
#define PRE(k, n) (LOAD(gates + (k) * H + at, n) + LOAD(bias + (k) * H + at, n))
#define BODY(n)                                                                                  \
    {                                                                                            \
        vec a[4] = {PRE(0, n), PRE(1, n), PRE(2, n), PRE(3, n)};                                 \
        lstm_units(n, H, gates + at, a, c_before + at, c + at, tanh_c + at, h + at);             \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
#undef PRE
        gates += 4 * H, c_before += H, c += H, tanh_c += H, h += H;
    }
}
#endif

#define lstm_gates_backward SHARED(lstm_gates_backward)
/*
 * gates [B,4H]: activations -> gradients of the pre-activations; dc [B,H]: of c after the step -> before.
 */
OF_BASE void lstm_gates_backward(int B, int H, float *gates, const float *c_before, const float *tanh_c,
                                const float *d_output, const float *dh, float *dc)
#if defined(BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
#define BODY(n)                                                                                  \
    {                                                                                            \
        vec d[4];                                                                                \
        lstm_units_backward(n, H, d, gates + at, c_before + at, tanh_c + at, d_output + at,      \
                            dh + at, dc + at);                                                   \
        STORE(gates + at, d[0], n);                                                              \
        STORE(gates + H + at, d[1], n);                                                          \
        STORE(gates + 2 * H + at, d[2], n);                                                      \
        STORE(gates + 3 * H + at, d[3], n);                                                      \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        gates += 4 * H, c_before += H, tanh_c += H, d_output += H, dh += H, dc += H;
    }
}
#endif

KERNEL void lstm_forward(int T, int B, int H, float *gates, float *h, float *c, float *tanh_c,
                         const float *weight, const float *bias, const float *table, const int32_t *ids,
                         const float *packed, float *scratch) {
    packed = weight_panels(packed, weight, 4 * H, H, &scratch);
    size_t step = (size_t)B * H;
    for (int t = 0; t < T; t++, gates += 4 * step, h += step, c += step, tanh_c += step) {
        struct start_rows looked_up = {table, table ? ids + (ptrdiff_t)t * B : NULL};
        weight_product(gates, 4 * H, h, H, packed, looked_up, table ? START_ROWS : START_C, B, 4 * H, H,
                       needed_room(scratch));
        lstm_gates(B, H, gates, bias, c, c + step, tanh_c, h + step);
    }
}

KERNEL void lstm_backward(int T, int B, int H, float *gates, const float *c, const float *tanh_c,
                          const float *weight, const float *d_output, float *dh, float *dc,
                          float *scratch) {
    pack_rows(scratch, weight, H, 4 * H, H);
    size_t step = (size_t)B * H;
    for (int t = T - 1; t >= 0; t--) {
        float *now = gates + t * 4 * step;
        lstm_gates_backward(B, H, now, c + t * step, tanh_c + t * step, d_output + t * step, dh, dc);
        gemm(dh, H, now, 4 * H, scratch, no_rows, START_ZERO, B, H, 4 * H,
             scratch + packed_size(H, 4 * H));
    }
}
