/* Linear layers, look-ups and transposition, forward and backward. */
#include "weights.h"

/* x[M,N] += row[N] in every row */
static void add_rows(float *x, const float *row, int M, int N) {
    for (int m = 0; m < M; m++, x += N) {
#define BODY(n) STORE(x + at, LOAD(x + at, n) + LOAD(row + at, n), n);
        FOR_VECTORS(at, N, BODY);
#undef BODY
    }
}

/* sums[N] += column sums of x[M,N], row after row */
static void add_column_sums(float *sums, const float *x, int M, int N) {
    for (int m = 0; m < M; m++, x += N) {
#define BODY(n) STORE(sums + at, LOAD(sums + at, n) + LOAD(x + at, n), n);
        FOR_VECTORS(at, N, BODY);
#undef BODY
    }
}

/* y[M,N] = x[M,K] · W[N,K]ᵀ + b[N] */
KERNEL void linear(float *y, const void *x, int x_half, const float *weight, const float *bias, int M, int N, int K,
                   const float *packed, float *scratch) {
    packed = weight_panels(packed, weight, N, K, &scratch);
    weight_product_either(y, N, x, x_half, K, packed, (struct start_rows){bias, NULL}, bias ? START_ROWS : START_ZERO, M, N, K,
                   needed_room(scratch));
}

/* dx[M,K] = dy[M,N] · W[N,K], or += if `accumulate` is set */
KERNEL void linear_backward_input(float *dx, const void *dy, int dy_half, const float *weight, int accumulate,
                                  int M, int N, int K, float *scratch) {
    pack_rows(scratch, weight, K, N, K);
    gemm_either(dx, K, dy, dy_half, N, scratch, no_rows, accumulate ? START_C : START_ZERO, M, K, N,
         scratch + packed_size(K, N));
}

/* dW[N,K] += dy[M,N]ᵀ · x[M,K]; db[N] += column sums of dy */
KERNEL void linear_backward_weight(float *d_weight, float *d_bias, const void *dy, int dy_half, const void *x,
                                   int x_half, int M, int N, int K, float *scratch) {
    const int in_place = panels_in_place(K);
    if (!in_place) pack_either_rows(scratch, x, x_half, K, M, K);
    gemm_transposed_a(d_weight, K, dy, dy_half, N, in_place ? x : scratch, in_place ? K : 0, d_bias, N, K, M,
                      scratch + packed_size(K, M));
}

/* y[i,:] = table[ids[i],:] */
KERNEL void gather(float *y, const float *table, const int32_t *ids, int count, int D) {
    for (int i = 0; i < count; i++, y += D) {
        const float *row = table + (size_t)ids[i] * D;
#define BODY(n) STORE(y + at, LOAD(row + at, n), n);
        FOR_VECTORS(at, D, BODY);
#undef BODY
    }
}

/* dTable[ids[i],:] += dy[i,:] */
KERNEL void scatter_add(float *d_table, const void *dy, int dy_half, const int32_t *ids, int count, int D) {
    for (int i = 0; i < count; i++) {
        float *row = d_table + (size_t)ids[i] * D;
        const ptrdiff_t start = (ptrdiff_t)i * D;
#define BODY(n) STORE(row + at, LOAD(row + at, n) + load_either(dy, dy_half, start + at, n), n);
        FOR_VECTORS(at, D, BODY);
#undef BODY
    }
}

/* y[N,M] = x[M,N]ᵀ + bias[M], one square of VL by VL elements after another */
KERNEL void transpose(float *y, const float *x, const float *bias, int M, int N) {
    for (int i = 0; i < M; i += VL)
        for (int j = 0; j < N; j += VL) {
            int rows = M - i < VL ? M - i : VL, columns = N - j < VL ? N - j : VL;
            const float *from = x + (size_t)i * N + j;
            float *to = y + (size_t)j * M + i;
            vec square[VL];
#pragma GCC unroll 16
            for (int row = 0; row < VL; row++) {
                square[row] = (vec){0};
                if (row >= rows) continue;
                square[row] = LOAD(from + (size_t)row * N, columns);
                if (bias) square[row] += splat(bias[i + row]);
            }
            transpose_square(square);
#pragma GCC unroll 16
            for (int column = 0; column < VL; column++)
                if (column < columns) STORE(to + (size_t)column * M, square[column], rows);
        }
}

/* dx[M,N] += dy[N,M]ᵀ; db[M] += column sums of dy */
KERNEL void transpose_backward(float *dx, float *d_bias, const float *dy, int M, int N) {
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) dx[(size_t)i * N + j] += dy[(size_t)j * M + i];
    if (d_bias) add_column_sums(d_bias, dy, N, M);
}
