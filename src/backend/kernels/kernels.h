/*
 * The kernels as a table of functions: the native addon has one table for each instruction level, and the WebAssembly
 * module exports them. `packed` is a weight that was packed before, or NULL; `scratch` is memory that the caller
 * provides. Both, and the list of kernels, come from manifest.ts.
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
