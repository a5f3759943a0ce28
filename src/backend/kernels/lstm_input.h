/*
 * The input of an LSTM layer: rows of a table, one for each id, or W x + b for vectors x. The latter is computed for a
 * block of steps at a time, so that in half precision never more than a block exists in full precision.
 */
#ifndef CHARNN_LSTM_INPUT_H
#define CHARNN_LSTM_INPUT_H

#include "weights.h"

/*
 * Number of rows of W x + b that are computed together, as a block of steps; 0 if all steps form one block, which is
 * computed where the gates will be stored. More rows would save nothing, because a matrix product takes that many at a
 * time.
 */
#define INPUT_ROWS (WORD == 1 ? 0 : MC)

struct lstm_input {
    /* the table [V,4H] and the ids of its rows [T,B], or NULL if there is no table */
    const float *table;
    const int32_t *ids;
    /* if there is no table: the vectors [T,B,D], the weight [4H,D] and the bias [4H] */
    const void *x;
    int x_half;
    const float *weight, *bias;
    int D;
    /* the input weight W, packed into panels */
    const float *packed;
    int T, B, H;
    /* number of steps in a block, and the memory for the pre-activations of a block */
    int steps;
    float *block;
    float *room;
};

/* sums <- W x + b for the vectors of `steps` steps, beginning at step t */
INLINE void project_input(const struct lstm_input *input, int t, int steps, float *sums) {
    const int B = input->B, N = 4 * input->H, D = input->D;
    const void *x = from_element(input->x, input->x_half, (ptrdiff_t)t * B * D);
    weight_product_either(sums, N, x, input->x_half, D, input->packed, (struct start_rows){input->bias, NULL},
                          input->bias ? START_ROWS : START_ZERO, steps * B, N, D, input->room);
}

/*
 * Prepares the input of an LSTM layer for a chunk. gates: where the activations will be stored. Takes memory from
 * scratch: ROOM words for matrix products, the weight's panels unless they exist already and, if the input is computed
 * in blocks, the sums of a block.
 */
INLINE void begin_input(struct lstm_input *input, int T, int B, int H, compact *gates, float **scratch) {
    input->T = T, input->B = B, input->H = H;
    input->room = needed_room(*scratch);
    *scratch += ROOM;
    if (INPUT_ROWS == 0) {
        /* these panels are no longer needed when this function returns, so `scratch` is not moved past their memory */
        float *panels = *scratch;
        input->steps = T;
        if (!input->x) return;
        input->packed = weight_panels(input->packed, input->weight, 4 * H, input->D, &panels);
        project_input(input, 0, T, (float *)gates);
        return;
    }
    input->steps = input->x && B < INPUT_ROWS ? INPUT_ROWS / B : 1;
    input->block = *scratch;
    *scratch += (size_t)4 * H * B * (input->steps < T ? input->steps : T);
    if (input->x) input->packed = weight_panels(input->packed, input->weight, 4 * H, input->D, scratch);
}

/*
 * Returns the memory [B,4H] in which the sums of step t are computed. If the input is vectors x, it contains W x + b
 * already. Steps must be requested in order.
 */
INLINE float *input_of_step(const struct lstm_input *input, int t, compact *gates) {
    if (INPUT_ROWS == 0) return (float *)gates;
    const int begun = t % input->steps, left = input->T - t;
    if (input->x && begun == 0) project_input(input, t, left < input->steps ? left : input->steps, input->block);
    return input->block + (size_t)4 * input->H * input->B * begun;
}

/* sums[B,4H] <- the input of step t + W h; packed: the panels of W[4H,H] */
INLINE void add_state(const struct lstm_input *input, int t, float *sums, const compact *h,
                      const float *packed) {
    const int B = input->B, H = input->H;
    struct start_rows looked_up = {input->table, input->table ? input->ids + (ptrdiff_t)t * B : NULL};
    weight_product_either(sums, 4 * H, h, 1, H, packed, looked_up, input->table ? START_ROWS : START_C, B, 4 * H, H,
                   input->room);
}

#endif
