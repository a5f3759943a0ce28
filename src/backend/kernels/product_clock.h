/*
 * Measures the time of matrix products: while the clock runs, each product adds its time and its multiply-adds to
 * counts that all threads share. When the clock does not run, this costs one branch per product.
 */
#ifndef CHARNN_PRODUCT_CLOCK_H
#define CHARNN_PRODUCT_CLOCK_H

#include "vector.h"

static struct {
    int runs;
    int64_t ticks, multiply_adds;
} product_clock;

/* Ticks of a counter that runs at a constant rate; 0 if there is none that a program can read. */
INLINE uint64_t ticks_now(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return 0;
#endif
}

struct product_timer {
    uint64_t begun;
    int64_t multiply_adds;
};

INLINE struct product_timer product_begins(int64_t multiply_adds) {
    return (struct product_timer){product_clock.runs ? ticks_now() : 0, multiply_adds};
}

INLINE void product_ends(const struct product_timer *timer) {
    if (!timer->begun) return;
    __atomic_fetch_add(&product_clock.ticks, (int64_t)(ticks_now() - timer->begun), __ATOMIC_RELAXED);
    __atomic_fetch_add(&product_clock.multiply_adds, timer->multiply_adds, __ATOMIC_RELAXED);
}

/*
 * Times the rest of a function as a matrix product of this many multiply-adds, which are 0 if the function only packs.
 */
#define TIME_PRODUCT(multiply_adds) \
    __attribute__((cleanup(product_ends))) const struct product_timer timer = product_begins(multiply_adds)

#endif
