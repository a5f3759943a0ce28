/*
 * The kernels, as a table of functions: one table for each instruction level in the native addon, the
 * exports of the WebAssembly module. `packed` is a weight packed beforehand, or NULL; `scratch` is
 * memory of the caller's. Both, and the list of kernels, come from manifest.ts.
 */
#ifndef CHARNN_KERNELS_H
#define CHARNN_KERNELS_H

#include <stdint.h>
#include "generated/kernel-list.h"

struct kernels {
#define X(result, name, parameters) result(*name) parameters;
    KERNELS(X)
#undef X
};

#endif
