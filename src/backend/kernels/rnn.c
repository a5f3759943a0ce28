/*
 * Vanilla RNN over a chunk. Slot t of h is the state before step t. Shapes and formulas: backend.ts.
 */
#include "functions.h"
#include "weights.h"

KERNEL void rnn_forward(int T, int B, int H, float *gates, float *h, const float *weight,
                        const float *bias, const float *table, const int32_t *ids, const float *packed,
                        float *scratch) {
    packed = weight_panels(packed, weight, H, H, &scratch);
    int step = B * H;
    for (int t = 0; t < T; t++, gates += step, h += step) {
        struct start_rows looked_up = {table, table ? ids + (ptrdiff_t)t * B : NULL};
        weight_product(gates, H, h, H, packed, looked_up, table ? START_ROWS : START_C, B, H, H,
                       needed_room(scratch));
        for (int b = 0; b < B; b++) {
            const float *a = gates + (size_t)b * H;
            float *next = h + step + (size_t)b * H;
#define BODY(n) STORE(next + at, vec_tanh(LOAD(a + at, n) + LOAD(bias + at, n)), n);
            FOR_VECTORS(at, H, BODY);
#undef BODY
        }
    }
}

KERNEL void rnn_backward(int T, int B, int H, float *gates, const float *h, const float *weight,
                         const float *d_output, float *dh, float *scratch) {
    const vec one = splat(1);
    pack_rows(scratch, weight, H, H, H);
    int step = B * H;
    for (int t = T - 1; t >= 0; t--) {
        float *da = gates + (size_t)t * step;
        const float *out = h + (size_t)(t + 1) * step, *dy = d_output + (size_t)t * step;
#define BODY(n)                                                                             \
    {                                                                                       \
        vec y = LOAD(out + at, n);                                                          \
        STORE(da + at, (LOAD(dy + at, n) + LOAD(dh + at, n)) * (one - y * y), n);           \
    }
        FOR_VECTORS(at, step, BODY);
#undef BODY
        gemm(dh, H, da, H, scratch, no_rows, START_ZERO, B, H, H, scratch + packed_size(H, H));
    }
}
