/* Loss, dropout, reductions and optimisers. */
#include "functions.h"

/* Natural logarithm of a float of at least 1, in double precision: exponent, then an odd series. */
static double log_of(double x) {
    int exponent = 0;
    while (x >= 1.4142135623730951) x *= 0.5, exponent++;
    double s = (x - 1) / (x + 1), s2 = s * s, term = s, sum = 0;
    for (int k = 1; k < 24; k += 2, term *= s2) sum += term / k;
    return 2 * sum + exponent * 0.6931471805599453;
}

/* losses[m] = -log softmax(logits[m,:])[targets[m]]; logits -> scale · (softmax - one-hot) */
KERNEL void softmax_cross_entropy(float *losses, float *logits, const int32_t *targets, int M, int V,
                                  float scale) {
    for (int m = 0; m < M; m++, logits += V) {
        float max = logits[0];
        for (int v = 1; v < V; v++) max = logits[v] > max ? logits[v] : max;
        double sum = 0;
        float target = logits[targets[m]];
        int at = 0;
        vec sums = {0};
        for (; at + VL <= V; at += VL) {
            vec e = vec_exp(load(logits + at) - splat(max));
            sums += e;
            if (scale != 0) store(logits + at, e);
        }
        if (at < V) {
            vec e = vec_exp(load_part(logits + at, V - at) - splat(max));
            for (int i = 0; i < V - at; i++) sum += e[i];
            if (scale != 0) store_part(logits + at, e, V - at);
        }
        for (int i = 0; i < VL; i++) sum += sums[i];
        /* not-a-number in the logits must come out as such */
        losses[m] = sum >= 1 ? (float)(log_of(sum) + (double)max - (double)target) : __builtin_nanf("");
        if (scale == 0) continue;
        float factor = (float)(scale / sum);
#define BODY(n) STORE(logits + at, LOAD(logits + at, n) * splat(factor), n);
        FOR_VECTORS(at, V, BODY);
#undef BODY
        logits[targets[m]] -= scale;
    }
}

INLINE uint32_t lowbias32(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ (x >> 16);
}

/* y = x ⊙ mask / (1 - rate), [T,B,W]; an element is kept when its random bits reach the threshold */
KERNEL void dropout(float *y, const float *x, int T, int B, int W, uint32_t threshold, float scale,
                    uint32_t key0, uint32_t key1, uint32_t first_row, uint32_t total_rows, int locked) {
    for (int t = 0; t < T; t++)
        for (int b = 0; b < B; b++, x += W, y += W) {
            uint32_t row = (locked ? 0 : (uint32_t)t * total_rows) + first_row + (uint32_t)b;
            uint32_t start = row * (uint32_t)W;
            for (int j = 0; j < W; j++) {
                uint32_t bits = lowbias32(lowbias32((start + (uint32_t)j) ^ key0) + key1);
                y[j] = bits >= threshold ? x[j] * scale : 0;
            }
        }
}

KERNEL void add(float *to, const float *from, int n) {
    for (int i = 0; i < n; i++) to[i] += from[i];
}

/* not-a-number stays: both comparisons are false */
KERNEL void clamp(float *x, int n, float limit) {
    for (int i = 0; i < n; i++) x[i] = x[i] > limit ? limit : x[i] < -limit ? -limit : x[i];
}

/* Eight partial sums in double precision, always the same elements in each */
#define REDUCE(term)                                                                        \
    double sums[8] = {0};                                                                   \
    int i = 0;                                                                              \
    for (; i + 8 <= n; i += 8)                                                              \
        for (int j = 0; j < 8; j++) {                                                       \
            double value = x[i + j];                                                        \
            sums[j] += term;                                                                \
        }                                                                                   \
    double total = 0;                                                                       \
    for (; i < n; i++) {                                                                    \
        double value = x[i];                                                                \
        total += term;                                                                      \
    }                                                                                       \
    for (int j = 0; j < 8; j++) total += sums[j];                                           \
    return total;

KERNEL double sum(const float *x, int n) { REDUCE(value) }

KERNEL double sum_squares(const float *x, int n) { REDUCE(value *value) }

/* correction1, correction2: 1 / (1 - beta^step) */
KERNEL void adam(float *w, const float *g, float *m, float *v, int n, float rate, float beta1, float beta2,
                 float epsilon, float l2, float decay, float correction1, float correction2, float scale) {
    for (int i = 0; i < n; i++) {
        float gradient = g[i] * scale + l2 * w[i];
        m[i] = beta1 * m[i] + (1 - beta1) * gradient;
        v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
        float direction = m[i] * correction1 / (__builtin_sqrtf(v[i] * correction2) + epsilon);
        w[i] -= rate * (direction + decay * w[i]);
    }
}

KERNEL void rmsprop(float *w, const float *g, float *v, int n, float rate, float alpha, float epsilon,
                    float l2, float scale) {
    for (int i = 0; i < n; i++) {
        float gradient = g[i] * scale + l2 * w[i];
        v[i] = alpha * v[i] + (1 - alpha) * gradient * gradient;
        w[i] -= rate * gradient / (__builtin_sqrtf(v[i]) + epsilon);
    }
}

KERNEL void sgd(float *w, const float *g, float *m, int n, float rate, float momentum, float l2,
                float scale) {
    for (int i = 0; i < n; i++) {
        m[i] = momentum * m[i] + g[i] * scale + l2 * w[i];
        w[i] -= rate * m[i];
    }
}
