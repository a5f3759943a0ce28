/*
 * Attention of T queries in each row of the batch over S positions. In memory [S,B,2H], each position has a key
 * followed by a value. Shapes and formulas: backend.ts.
 */
#include "functions.h"

static float inner_product(const float *a, const float *b, int n) {
    vec sum = {0};
#define BODY(count) sum = multiply_add(LOAD(a + at, count), LOAD(b + at, count), sum);
    FOR_VECTORS(at, n, BODY);
#undef BODY
    return sum_of_elements(sum)[0];
}

/* y += factor x */
static void add_multiple(float *y, float factor, const float *x, int n) {
    const vec by = splat(factor);
#define BODY(count) STORE(y + at, multiply_add(by, LOAD(x + at, count), LOAD(y + at, count)), count);
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

static void set_zero(float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = 0;
}

/* Replaces x[n] by its softmax, exp(x) / Σ exp(x). */
static void softmax_row(float *x, int n) {
    float largest = x[0];
    for (int i = 1; i < n; i++) largest = x[i] > largest ? x[i] : largest;
#define BODY(count) STORE(x + at, vec_exp(LOAD(x + at, count) - largest), count);
    FOR_VECTORS(at, n, BODY);
#undef BODY
    float sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    for (int i = 0; i < n; i++) x[i] /= sum;
}

KERNEL void attention_forward(int T, int S, int B, int H, const float *query, const float *memory,
                              float *weights, float *context) {
    const size_t step = (size_t)B * 2 * H;
    for (int t = 0; t < T; t++) {
        for (int b = 0; b < B; b++, query += H, weights += S, context += H) {
            const float *key = memory + (size_t)b * 2 * H, *value = key + H;
            for (int s = 0; s < S; s++) weights[s] = inner_product(query, key + s * step, H);
            softmax_row(weights, S);
            set_zero(context, H);
            for (int s = 0; s < S; s++) add_multiple(context, weights[s], value + s * step, H);
        }
    }
}

/* scratch [S]: receives the gradient w.r.t. the weights of one query */
KERNEL void attention_backward(int T, int S, int B, int H, const float *query, const float *memory,
                               float *weights, const float *d_context, float *d_query,
                               float *d_memory, float *scratch) {
    const size_t step = (size_t)B * 2 * H;
    set_zero(d_memory, S * step);
    for (int t = 0; t < T; t++) {
        for (int b = 0; b < B; b++, query += H, weights += S, d_context += H, d_query += H) {
            const float *key = memory + (size_t)b * 2 * H, *value = key + H;
            float *d_key = d_memory + (size_t)b * 2 * H, *d_value = d_key + H;
            float mean = 0;
            for (int s = 0; s < S; s++) {
                scratch[s] = inner_product(d_context, value + s * step, H);
                mean += weights[s] * scratch[s];
                add_multiple(d_value + s * step, weights[s], d_context, H);
            }
            set_zero(d_query, H);
            for (int s = 0; s < S; s++) {
                weights[s] *= scratch[s] - mean;
                add_multiple(d_query, weights[s], key + s * step, H);
                add_multiple(d_key + s * step, weights[s], query, H);
            }
        }
    }
}
