/*
 * GRU over a chunk; gates r, z, n are adjacent in a row of 3H. Slot t of h is the state before step t. Shapes and
 * formulas: backend.ts.
 */
#include "functions.h"
#include "sharing.h"
#include "weights.h"

#define gru_gates SHARED(gru_gates)
/*
 * Replaces the input projection in gates [B,3H] by the activations. u [B,3H] is the recurrent projection; h_before and
 * h [B,H] are the states before and after the step.
 */
OF_BASE void gru_gates(int B, int H, float *gates, const float *u, const float *h_before, float *h)
#if defined(BASE)
    ;
#else
{
    for (int b = 0; b < B; b++) {
        float *r = gates + (size_t)b * 3 * H, *z = r + H, *n = z + H;
        const float *ur = u + (size_t)b * 3 * H, *uz = ur + H, *un = uz + H;
#define BODY(count)                                                                         \
    {                                                                                       \
        vec vr = vec_logistic(LOAD(r + at, count) + LOAD(ur + at, count));                  \
        vec vz = vec_logistic(LOAD(z + at, count) + LOAD(uz + at, count));                  \
        vec vn = vec_tanh(LOAD(n + at, count) + vr * LOAD(un + at, count));                 \
        STORE(r + at, vr, count);                                                           \
        STORE(z + at, vz, count);                                                           \
        STORE(n + at, vn, count);                                                           \
        STORE(h + at, vn + vz * (LOAD(h_before + at, count) - vn), count);                  \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        h_before += H, h += H;
    }
}
#endif

#define gru_gates_backward SHARED(gru_gates_backward)
/*
 * Replaces the activations in gates [B,3H] by the gradients w.r.t. the input projection, and u [B,3H] by the gradients
 * w.r.t. the recurrent projection. direct [B,H] receives the part of the gradient dh [B,H] that bypasses the matrix
 * product.
 */
OF_BASE void gru_gates_backward(int B, int H, float *gates, float *u, const float *h_before,
                               const float *d_output, const float *dh, float *direct)
#if defined(BASE)
    ;
#else
{
    const vec one = splat(1);
    for (int b = 0; b < B; b++) {
        float *r = gates + (size_t)b * 3 * H, *z = r + H, *n = z + H;
        float *ur = u + (size_t)b * 3 * H, *uz = ur + H, *un = uz + H;
#define BODY(count)                                                                         \
    {                                                                                       \
        vec vr = LOAD(r + at, count), vz = LOAD(z + at, count), vn = LOAD(n + at, count);   \
        vec d_hidden = LOAD(d_output + at, count) + LOAD(dh + at, count);                   \
        vec d_n = d_hidden * (one - vz) * (one - vn * vn);                                  \
        vec d_z = d_hidden * (LOAD(h_before + at, count) - vn) * vz * (one - vz);           \
        vec d_r = d_n * LOAD(un + at, count) * vr * (one - vr);                             \
        STORE(r + at, d_r, count);                                                          \
        STORE(z + at, d_z, count);                                                          \
        STORE(n + at, d_n, count);                                                          \
        STORE(ur + at, d_r, count);                                                         \
        STORE(uz + at, d_z, count);                                                         \
        STORE(un + at, d_n *vr, count);                                                     \
        STORE(direct + at, d_hidden *vz, count);                                            \
    }
        FOR_VECTORS(at, H, BODY);
#undef BODY
        h_before += H, d_output += H, dh += H, direct += H;
    }
}
#endif

KERNEL void gru_forward(int T, int B, int H, float *gates, float *recurrent, float *h,
                        const float *weight, const float *bias, const float *table, const int32_t *ids,
                        const float *packed, float *scratch) {
    packed = weight_panels(packed, weight, 3 * H, H, &scratch);
    if (table) gather(gates, table, ids, T * B, 3 * H);
    size_t step = (size_t)B * H;
    for (int t = 0; t < T; t++, gates += 3 * step, recurrent += 3 * step, h += step) {
        weight_product(recurrent, 3 * H, h, H, packed, (struct start_rows){bias, NULL}, START_ROWS, B, 3 * H, H,
                       needed_room(scratch));
        gru_gates(B, H, gates, recurrent, h, h + step);
    }
}

KERNEL void gru_backward(int T, int B, int H, float *gates, float *recurrent, const float *h,
                         const float *weight, const float *d_output, float *dh, float *scratch) {
    pack_rows(scratch, weight, H, 3 * H, H);
    size_t step = (size_t)B * H;
    for (int t = T - 1; t >= 0; t--) {
        float *u = recurrent + t * 3 * step;
        /* the sums of the product start from the part of the gradient that bypasses the product */
        gru_gates_backward(B, H, gates + t * 3 * step, u, h + t * step, d_output + t * step, dh, dh);
        gemm(dh, H, u, 3 * H, scratch, no_rows, START_C, B, H, 3 * H,
             scratch + packed_size(H, 3 * H));
    }
}
