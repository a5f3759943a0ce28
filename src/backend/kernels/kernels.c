/*
 * One instruction level: all kernels in one unit, so that the compiler sees through them. LEVEL names the
 * table; WebAssembly has no table but exports.
 */
#include "kernels.h"
#include "gemm.c"
#include "linear.c"
#include "rnn.c"
#include "lstm.c"
#include "gru.c"
#include "elementwise.c"

/* packed <- Wᵀ, W [N,K]: for a weight that will be multiplied with many times */
static void pack_weight(float *packed, const float *weight, int N, int K) {
    pack_transposed(packed, weight, N, K);
}

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name), used))
#include "wasm-exports.h"
#else
#define TABLE_(level) kernels_##level
#define TABLE(level) TABLE_(level)
const struct kernels TABLE(LEVEL) = {
#define X(result, name, parameters) .name = name,
    KERNELS(X)
#undef X
};
#endif
