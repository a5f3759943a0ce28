/*
 * The steps of k in a tile on 64-bit ARM processors, where a multiply-add can take its operand from one of the four
 * elements of a register, so that one load of A serves four of them; x86 and WebAssembly load an element for each. The
 * results are the same: each element of C is one chain of fused multiply-adds in ascending order.
 */
#ifndef CHARNN_TILE_NEON_H
#define CHARNN_TILE_NEON_H

#include "gemm.h"
#include <arm_neon.h>

/* Number of steps of k in a round of the loop; the caller does the remaining steps. */
#define NEON_STEPS 8

/* c + a[lane] * b; the lane is a constant where this is inlined */
INLINE vec multiply_add_lane(vec c, vec b, vec a, const int lane) {
    const float32x4_t sum = (float32x4_t)c, factor = (float32x4_t)b, from = (float32x4_t)a;
    switch (lane) {
        case 0: return (vec)vfmaq_laneq_f32(sum, factor, from, 0);
        case 1: return (vec)vfmaq_laneq_f32(sum, factor, from, 1);
        case 2: return (vec)vfmaq_laneq_f32(sum, factor, from, 2);
        default: return (vec)vfmaq_laneq_f32(sum, factor, from, 3);
    }
}

/*
 * Keeps the compiler from computing a pointer from its earlier value. So each load advances its own pointer by itself
 * (post-indexed addressing), no other instruction is needed for it, and no two loads are merged into one that needs
 * twice the registers.
 */
#define FORGET_ORIGIN(pointer) __asm__("" : "+r"(pointer))

/* acc[m][v] += a[m, 4 steps] * panel[4 steps], for rows of A in which k is contiguous; rows and panel advance. */
INLINE void four_steps(const int mr, const int nv, vec acc[MR][2], const float *row[MR], const float **panel) {
    vec a[MR];
#pragma GCC unroll 16
    for (int m = 0; m < mr; m++) {
        a[m] = load(row[m]);
        row[m] += 4;
        FORGET_ORIGIN(row[m]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        vec b[2];
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) b[v] = load(*panel + v * VL);
        *panel += nv * VL;
#pragma GCC unroll 16
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 2
            for (int v = 0; v < nv; v++) acc[m][v] = multiply_add_lane(acc[m][v], b[v], a[m], i);
    }
}

/* acc[m][v] += a[m, k] * panel[k], for packed A, in which m is contiguous */
INLINE void packed_step(const int mr, const int nv, vec acc[MR][2], const float *column, const float *panel) {
    vec a[LEFT_VECTORS], b[2];
#pragma GCC unroll 2
    for (int i = 0; i * VL < mr; i++) a[i] = load(column + i * VL);
#pragma GCC unroll 2
    for (int v = 0; v < nv; v++) b[v] = load(panel + v * VL);
#pragma GCC unroll 16
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) acc[m][v] = multiply_add_lane(acc[m][v], b[v], a[m / VL], m % VL);
}

/*
 * Runs as many whole rounds of steps as fit in K, with the arguments of `tile`; returns their number of steps. Nothing
 * is prefetched, because 64-bit ARM processors prefetch rows of panels by themselves.
 */
INLINE int neon_steps(const int mr, const int nv, vec acc[MR][2], const float *a, ptrdiff_t lda, ptrdiff_t step,
                      const float *panel, ptrdiff_t down, int K) {
    const int whole = K / NEON_STEPS * NEON_STEPS;
    const float *row[MR];
#pragma GCC unroll 16
    for (int m = 0; m < mr; m++) row[m] = a + m * lda;
    for (int k = 0; k < whole; k += NEON_STEPS) {
        if (step == 1) {
#pragma GCC unroll 2
            for (int i = 0; i < NEON_STEPS; i += 4) four_steps(mr, nv, acc, row, &panel);
        } else {
#pragma GCC unroll 8
            for (int i = 0; i < NEON_STEPS; i++, a += step) {
                packed_step(mr, nv, acc, a, panel);
                panel += down;
            }
        }
    }
    return whole;
}
#endif
