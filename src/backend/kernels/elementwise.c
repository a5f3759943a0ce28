/* Loss, dropout, reductions and optimisers. */
#include "factors.h"
#include "functions.h"

/*
 * Natural logarithm of a positive normal number, in double precision. x = 2^e · m with m in [√½, √2), and
 * log m = 2 artanh s with s = (m - 1) / (m + 1), |s| < 0.172, by its series to s^15. Relative error below
 * 1e-13.
 */
static double log_of(double x) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    /* the upper bits of the distance from √½, in units of the last place, contain the exponent */
    const uint64_t sqrt_half = 0x3fe6a09e667f3bcdU;
    int64_t exponent = (int64_t)(bits - sqrt_half) >> 52;
    bits -= (uint64_t)exponent << 52;
    double m;
    __builtin_memcpy(&m, &bits, sizeof m);
    double s = (m - 1) / (m + 1), s2 = s * s;
    double series = 1. / 15;
    series = series * s2 + 1. / 13;
    series = series * s2 + 1. / 11;
    series = series * s2 + 1. / 9;
    series = series * s2 + 1. / 7;
    series = series * s2 + 1. / 5;
    series = series * s2 + 1. / 3;
    series = series * s2 + 1;
    return 2 * s * series + (double)exponent * 0.6931471805599453;
}

/* Returns the maximum of x[n], in every element of a vector. */
INLINE vec largest_of(const float *x, int n) {
    vec largest = splat(x[0]);
    int i = 0;
    for (; i + VL <= n; i += VL) largest = larger(largest, load(x + i));
    for (; i < n; i++) largest = larger(largest, splat(x[i]));
    return largest_of_elements(largest);
}

/*
 * Number of rows whose softmax is computed together, because the sums of a single row are a chain of dependent
 * additions, for which the processor would have to wait.
 */
#define SOFTMAX_ROWS 8

/*
 * losses[m] = -log softmax(logits[m,:])[targets[m]]. If scale ≠ 0, logits are replaced by scale · (softmax - one-hot).
 */
KERNEL void softmax_cross_entropy(float *losses, float *logits, const int32_t *targets, int M, int V,
                                  float scale) {
    const int whole = V / VL * VL, rest = V - whole;
    for (int first = 0; first < M; first += SOFTMAX_ROWS, logits += (ptrdiff_t)SOFTMAX_ROWS * V) {
        const int rows = M - first < SOFTMAX_ROWS ? M - first : SOFTMAX_ROWS;
        vec largest[SOFTMAX_ROWS], row_end[SOFTMAX_ROWS];
        double sum[SOFTMAX_ROWS], target[SOFTMAX_ROWS];
        for (int m = 0; m < rows; m++) {
            largest[m] = largest_of(logits + (ptrdiff_t)m * V, V);
            target[m] = logits[(ptrdiff_t)m * V + targets[first + m]];
        }
        for (int m = 0; m < rows; m++) {
            float *row = logits + (ptrdiff_t)m * V;
            vec sums = {0};
            for (int at = 0; at < whole; at += VL) {
                vec e = vec_exp(load(row + at) - largest[m]);
                sums += e;
                if (scale != 0) store(row + at, e);
            }
            row_end[m] = rest ? first_elements(vec_exp(load_part(row + whole, rest) - largest[m]), rest) : (vec){0};
            sum[m] = sum_of_elements(sums + row_end[m])[0];
        }
        for (int m = 0; m < rows; m++)
            /* NaN among the logits must give a loss of NaN */
            losses[first + m] = sum[m] >= 1 ? (float)(log_of(sum[m]) + (double)largest[m][0] - target[m])
                                            : __builtin_nanf("");
        if (scale == 0) continue;
        for (int m = 0; m < rows; m++) {
            float *row = logits + (ptrdiff_t)m * V;
            const vec factor = splat((float)(scale / sum[m]));
            for (int at = 0; at < whole; at += VL) store(row + at, load(row + at) * factor);
            if (rest) store_row_end(row + whole, row_end[m] * factor, rest);
            row[targets[first + m]] -= scale;
        }
    }
}

INLINE uint32_t lowbias32(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ (x >> 16);
}

/* Max number of elements of a row that are converted from or to bfloat16 at a time */
#define CONVERTED 256

/*
 * to[n] <- the n <= CONVERTED numbers of x beginning at element i; returns where they are, either in `to` or in x
 * itself.
 */
INLINE const float *as_floats(float *to, const void *x, int half, ptrdiff_t i, int n) {
    if (!is_half(half)) return (const float *)x + i;
#define BODY(part) STORE(to + at, load_either(x, 1, i + at, part), part);
    FOR_VECTORS(at, n, BODY);
#undef BODY
    return to;
}

/* Stores from[n] in the n elements of y beginning at element i. */
INLINE void put_floats(void *y, int half, ptrdiff_t i, const float *from, int n) {
#define BODY(part) store_either(y, half, i + at, LOAD(from + at, part), part);
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

/* y = x ⊙ mask / (1 - rate), [T,B,W]; an element is kept if its random bits reach the threshold */
KERNEL void dropout(void *y, int y_half, const void *x, int x_half, int T, int B, int W, uint32_t threshold,
                    float scale, uint32_t key0, uint32_t key1, uint32_t first_row, uint32_t total_rows, int locked) {
    float given[CONVERTED], made[CONVERTED];
    ptrdiff_t at = 0;
    for (int t = 0; t < T; t++)
        for (int b = 0; b < B; b++) {
            uint32_t row = (locked ? 0 : (uint32_t)t * total_rows) + first_row + (uint32_t)b;
            uint32_t start = row * (uint32_t)W;
            for (int j0 = 0, n; j0 < W; j0 += n, at += n, start += (uint32_t)n) {
                n = is_half(x_half) || is_half(y_half) ? W - j0 < CONVERTED ? W - j0 : CONVERTED : W;
                const float *from = as_floats(given, x, x_half, at, n);
                float *to = is_half(y_half) ? made : (float *)y + at;
                for (int j = 0; j < n; j++) {
                    uint32_t bits = lowbias32(lowbias32((start + (uint32_t)j) ^ key0) + key1);
                    to[j] = bits >= threshold ? from[j] * scale : 0;
                }
                if (is_half(y_half)) put_floats(y, 1, at, made, n);
            }
        }
}

KERNEL void add(void *to, int to_half, const void *from, int from_half, int n) {
#define BODY(part) \
    store_either(to, to_half, at, load_either(to, to_half, at, part) + load_either(from, from_half, at, part), part);
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

/* to = from, in another number format */
KERNEL void convert(void *to, int to_half, const void *from, int from_half, int n) {
#define BODY(part) store_either(to, to_half, at, load_either(from, from_half, at, part), part);
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

/* x[n] = value */
KERNEL void set_all(float *x, int n, float value) {
#define BODY(n) STORE(x + at, splat(value), n)
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

/* Returns the largest of n ids, or infinity if one of them is negative; 0 if n is 0. */
KERNEL double largest_id(const int32_t *ids, int n) {
    ivec largest = {0}, all_bits = {0};
    int i = 0;
    for (; i + VL <= n; i += VL) {
        const ivec x = *(const ivec *)(ids + i);
        largest = (ivec)choose((ivec)(x > largest), (vec)x, (vec)largest);
        all_bits |= x;
    }
    int32_t result = 0, bits = 0;
    for (; i < n; i++) {
        result = ids[i] > result ? ids[i] : result;
        bits |= ids[i];
    }
    for (int element = 0; element < VL; element++) {
        result = largest[element] > result ? largest[element] : result;
        bits |= all_bits[element];
    }
    return bits < 0 ? __builtin_inf() : result;
}

/* to += amount · (from - to) */
KERNEL void lerp(float *to, const float *from, int n, float amount) {
    for (int i = 0; i < n; i++) to[i] += amount * (from[i] - to[i]);
}

/* Limits x to [-limit, limit]. NaN must stay NaN, even if the compiler uses relaxed instructions for comparisons. */
KERNEL void clamp(float *x, int n, float limit) {
#define BODY(n) STORE(x + at, limited(LOAD(x + at, n), -limit, limit), n);
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

/*
 * Sums a term over a list as eight partial sums in double precision, each over the same elements at every instruction
 * level
 */
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

KERNEL double squares(const float *x, int n) { REDUCE(value *value) }

/* correction1 and correction2 are 1 / (1 - beta1^step) and 1 / (1 - beta2^step). */
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
