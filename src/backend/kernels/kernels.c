/*
 * One instruction level: all kernels in one unit, so that the compiler sees through them. LEVEL names the
 * table; WebAssembly has no table but exports.
 */
#include "kernels.h"
#include "sharing.h"

/* WebAssembly exports the kernels themselves; elsewhere only the table leaves the unit. */
#if defined(__wasm__)
#define KERNEL
#else
#define KERNEL static
#endif

#define X(result, name, parameters) KERNEL result name parameters;
KERNELS(X)
#undef X

#if defined(BASE)
extern const struct kernels JOINED(kernels, BASE);
#endif

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
/* What a level shares with its base is in that one's table. */
const struct kernels JOINED(kernels, LEVEL) = {
#define X(result, name, parameters) .name = name,
#if defined(BASE) && defined(INT8)
    OWN_FORWARD_KERNELS(X)
#elif defined(BASE)
    OWN_KERNELS(X)
#elif defined(INT8)
    FORWARD_KERNELS(X)
#else
    KERNELS(X)
#endif
#undef X
};
#endif
