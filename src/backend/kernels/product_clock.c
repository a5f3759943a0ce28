/* Measures matrix products: their time, and the peak speed of the processor. */
#include "weights.h"
#include "product_clock.h"

/* Starts the clock that measures the matrix products of all threads, from zero, or stops it. */
KERNEL void time_products(int on) {
    if (on) product_clock.ticks = product_clock.multiply_adds = 0;
    product_clock.runs = on;
}

/*
 * Returns the present ticks of the clock if `which` is 0, the ticks that matrix products took if it is 1, and the
 * number of their multiply-adds if it is 2.
 */
KERNEL double product_count(int which) {
    if (which == 0) return (double)ticks_now();
    return (double)(which == 1 ? product_clock.ticks : product_clock.multiply_adds);
}

/* Runs multiply-adds that use registers only, which shows the peak speed; returns their number. */
KERNEL double multiply_adds(int rounds) { return peak_multiply_adds(rounds); }
