/*
 * The kernels, as a table of functions: one table for each instruction level in the native addon, the
 * exports of the WebAssembly module. `packed` is a weight packed beforehand, or NULL; `scratch` is
 * memory of the caller's, of the size that scratch sizes in compiled.ts say.
 */
#ifndef CHARNN_KERNELS_H
#define CHARNN_KERNELS_H

#include <stdint.h>

/* X(result, name, parameters) */
#define KERNELS(X)                                                                                        \
    X(void, linear, (float *, const float *, const float *, const float *, int, int, int, const float *,  \
                     float *))                                                                            \
    X(void, linear_backward_input, (float *, const float *, const float *, int, int, int, int, float *))  \
    X(void, linear_backward_weight, (float *, float *, const float *, const float *, int, int, int,       \
                                     float *))                                                            \
    X(void, pack_weight, (float *, const float *, int, int))                                              \
    X(void, gather, (float *, const float *, const int32_t *, int, int))                                  \
    X(void, scatter_add, (float *, const float *, const int32_t *, int, int))                             \
    X(void, transpose, (float *, const float *, const float *, int, int))                                 \
    X(void, transpose_backward, (float *, float *, const float *, int, int))                              \
    X(void, rnn_forward, (int, int, int, float *, float *, const float *, const float *, const float *,   \
                          const int32_t *, const float *, float *))                                       \
    X(void, rnn_backward, (int, int, int, float *, const float *, const float *, const float *, float *,  \
                           float *))                                                                      \
    X(void, lstm_forward, (int, int, int, float *, float *, float *, float *, const float *,              \
                           const float *, const float *, const int32_t *, const float *, float *))        \
    X(void, lstm_backward, (int, int, int, float *, const float *, const float *, const float *,          \
                            const float *, float *, float *, float *))                                    \
    X(void, lstm_norm_forward, (int, int, int, float *, float *, float *, float *, const float *,         \
                                const float *, const float *, float *, float *, const float *, float *))  \
    X(void, lstm_norm_backward, (int, int, int, float *, const float *, const float *, const float *,     \
                                 const float *, const float *, const float *, const float *, float *,     \
                                 float *, float *, float *, float *))                                     \
    X(void, gru_forward, (int, int, int, float *, float *, float *, const float *, const float *,         \
                          const float *, float *))                                                        \
    X(void, gru_backward, (int, int, int, float *, float *, const float *, const float *, const float *,  \
                           float *, float *))                                                             \
    X(void, softmax_cross_entropy, (float *, float *, const int32_t *, int, int, float))                  \
    X(void, dropout, (float *, const float *, int, int, int, uint32_t, float, uint32_t, uint32_t,         \
                      uint32_t, uint32_t, int))                                                           \
    X(void, add, (float *, const float *, int))                                                           \
    X(void, lerp, (float *, const float *, int, float))                                                   \
    X(void, clamp, (float *, int, float))                                                                 \
    X(double, sum, (const float *, int))                                                                  \
    X(double, sum_squares, (const float *, int))                                                          \
    X(void, adam, (float *, const float *, float *, float *, int, float, float, float, float, float,      \
                   float, float, float, float))                                                           \
    X(void, rmsprop, (float *, const float *, float *, int, float, float, float, float, float))           \
    X(void, sgd, (float *, const float *, float *, int, float, float, float, float))                      \
    X(void, muon, (float *, const float *, float *, int, int, float, float, float, float, float *))

struct kernels {
#define X(result, name, parameters) result(*name) parameters;
    KERNELS(X)
#undef X
};

#endif
