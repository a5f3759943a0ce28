/*
 * LSTM over a chunk; gates i, f, g, o side by side in a row of 4H. Slot t of h and c is the state before
 * step t. Shapes and formulas: backend.ts.
 */
#include "functions.h"
#include "gemm.h"

/*
 * gates [B,4H]: pre-activations without the bias [4H] -> activations; c_before, c, tanh_c, h [B,H].
 */
static void lstm_gates(int B, int H, float *gates, const float *bias, const float *c_before, float *c,
                       float *tanh_c, float *h) {
    const float *bi = bias, *bf = bi + H, *bg = bf + H, *bo = bg + H;
    for (int b = 0; b < B; b++) {
        float *i = gates + (size_t)b * 4 * H, *f = i + H, *g = f + H, *o = g + H;
#define BODY(n)                                                                             \
    {                                                                                       \
        vec vi = vec_logistic(LOAD(i + at, n) + LOAD(bi + at, n));                          \
        vec vf = vec_logistic(LOAD(f + at, n) + LOAD(bf + at, n));                          \
        vec vg = vec_tanh(LOAD(g + at, n) + LOAD(bg + at, n));                              \
        vec vo = vec_logistic(LOAD(o + at, n) + LOAD(bo + at, n));                          \
        vec vc = vf * LOAD(c_before + at, n) + vi * vg, vt = vec_tanh(vc);                  \
        STORE(i + at, vi, n);                                                               \
        STORE(f + at, vf, n);                                                               \
        STORE(g + at, vg, n);                                                               \
        STORE(o + at, vo, n);                                                               \
        STORE(c + at, vc, n);                                                               \
        STORE(tanh_c + at, vt, n);                                                          \
        STORE(h + at, vo *vt, n);                                                           \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        c_before += H, c += H, tanh_c += H, h += H;
    }
}

/*
 * gates [B,4H]: activations -> gradients of the pre-activations; dc [B,H]: of c after the step -> before.
 */
static void lstm_gates_backward(int B, int H, float *gates, const float *c_before, const float *tanh_c,
                                const float *d_output, const float *dh, float *dc) {
    const vec one = splat(1);
    for (int b = 0; b < B; b++) {
        float *i = gates + (size_t)b * 4 * H, *f = i + H, *g = f + H, *o = g + H;
#define BODY(n)                                                                             \
    {                                                                                       \
        vec vi = LOAD(i + at, n), vf = LOAD(f + at, n), vg = LOAD(g + at, n);               \
        vec vo = LOAD(o + at, n), vt = LOAD(tanh_c + at, n);                                \
        vec d_hidden = LOAD(d_output + at, n) + LOAD(dh + at, n);                           \
        vec d_cell = LOAD(dc + at, n) + d_hidden * vo * (one - vt * vt);                    \
        STORE(i + at, d_cell *vg *vi *(one - vi), n);                                       \
        STORE(f + at, d_cell *LOAD(c_before + at, n) * vf * (one - vf), n);                 \
        STORE(g + at, d_cell *vi *(one - vg * vg), n);                                      \
        STORE(o + at, d_hidden *vt *vo *(one - vo), n);                                     \
        STORE(dc + at, d_cell *vf, n);                                                      \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        c_before += H, tanh_c += H, d_output += H, dh += H, dc += H;
    }
}

KERNEL void lstm_forward(int T, int B, int H, float *gates, float *h, float *c, float *tanh_c,
                         const float *weight, const float *bias, const float *packed, float *scratch) {
    if (!packed) pack_transposed(scratch, weight, 4 * H, H), packed = scratch;
    size_t step = (size_t)B * H;
    for (int t = 0; t < T; t++, gates += 4 * step, h += step, c += step, tanh_c += step) {
        gemm(gates, 4 * H, h, H, packed, NULL, START_C, B, 4 * H, H, NULL);
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
        gemm(dh, H, now, 4 * H, scratch, NULL, START_ZERO, B, H, 4 * H,
             scratch + packed_size(H, 4 * H));
    }
}
