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

/* Returns how many multiply-adds it has done, on registers alone, as many side by side as in a tile. */
KERNEL double multiply_adds(int rounds) {
    vec acc[MR][2];
    for (int m = 0; m < MR; m++)
        for (int v = 0; v < 2; v++) acc[m][v] = splat((float)(m + v));
    const vec half = splat(0.5f), one = splat(1), a = make_words(half, half), b = make_words(one, one);
    for (int round = 0; round < rounds; round++) {
#pragma GCC unroll 16
        for (int m = 0; m < MR; m++)
#pragma GCC unroll 2
            /* the sum as a factor, so that the compiler cannot take the product out of the loop */
            for (int v = 0; v < 2; v++)
                acc[m][v] = WORD == 1 ? multiply_add(acc[m][v], half, one) : multiply_words(a, b, acc[m][v]);
    }
    vec sum = {0};
    for (int m = 0; m < MR; m++) sum += acc[m][0] + acc[m][1];
    /* the compiler must not leave out what nobody uses: the sum is a number, but it cannot know that */
    return sum[0] == sum[0] ? (double)rounds * MR * NR * WORD : 0;
}
