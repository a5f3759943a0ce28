/*
 * One instruction level: all kernels in one compilation unit, so that the compiler can inline them. The unit defines
 * the table of the kernels' functions, in whose name LEVEL is the name of the level; WebAssembly has exports instead of
 * a table.
 */
#include "kernels.h"
#include "sharing.h"

/* WebAssembly exports the kernels themselves; elsewhere only the table is visible outside this unit. */
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

/* Packs Wᵀ into panels, from W[N,K], because this weight will be multiplied many times. */
KERNEL void pack_weight(float *packed, const float *weight, int N, int K) {
    pack_weights(packed, weight, N, K);
}

/* The constants from which sizes of scratch memory are computed. */
#define X(name) KERNEL double constant_##name(void) { return name; }
KERNEL_CONSTANTS(X)
#undef X

#if !defined(__wasm__)
/* The table of this level's kernels; those that it shares with another level, its BASE, are in that level's table. */
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
