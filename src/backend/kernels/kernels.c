/*
 * One instruction level: all kernels in one unit, so that the compiler sees through them. LEVEL names the
 * table; WebAssembly has no table but exports.
 */
#include "kernels.h"

/* WebAssembly exports the kernels themselves; elsewhere only the table leaves the unit. */
#if defined(__wasm__)
#define KERNEL
#else
#define KERNEL static
#endif

#define X(result, name, parameters) KERNEL result name parameters;
KERNELS(X)
#undef X

#include "generated/bodies.h"

/* packed <- Wᵀ, W [N,K]: for a weight that will be multiplied with many times */
KERNEL void pack_weight(float *packed, const float *weight, int N, int K) {
    pack_weights(packed, weight, N, K);
}

/* The constants that sizes of scratch are computed from. */
#define X(name) KERNEL double constant_##name(void) { return name; }
KERNEL_CONSTANTS(X)
#undef X

#if !defined(__wasm__)
#define TABLE_(level) kernels_##level
#define TABLE(level) TABLE_(level)
const struct kernels TABLE(LEVEL) = {
#define X(result, name, parameters) .name = name,
#if defined(INT8)
    FORWARD_KERNELS(X)
#else
    KERNELS(X)
#endif
#undef X
};
#endif
