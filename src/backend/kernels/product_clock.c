/* Measuring products: their clock, and the limit that the processor sets to them. */
#include "weights.h"
#include "product_clock.h"

/* Starts the clock of all threads from zero, or stops it. */
KERNEL void time_products(int on) {
    if (on) product_clock.ticks = product_clock.multiply_adds = 0;
    product_clock.runs = on;
}

/* 0: the counter's ticks by now, 1: those that products took, 2: their multiply-adds */
KERNEL double product_count(int which) {
    if (which == 0) return (double)ticks_now();
    return (double)(which == 1 ? product_clock.ticks : product_clock.multiply_adds);
}

/* Returns how many multiply-adds it has done, on registers alone. */
KERNEL double multiply_adds(int rounds) { return peak_multiply_adds(rounds); }
