/* Muon: momentum, orthogonalised as a matrix (Jordan et al. 2024). */
#include "gemm.h"
#include "sharing.h"

/*
 * Newton-Schulz iteration X <- (a I + b G + c G²) X with G = X Xᵀ, or the same from the right if X is tall. The
 * coefficients are Jordan's: for a matrix of norm 1, five iterations bring all singular values except the smallest to
 * about 0.7 … 1.2.
 */
#define ITERATIONS 5
static const float ns_a = 3.4445f, ns_b = -4.775f, ns_c = 2.0315f;

/* polynomial[N,N] <- a I + b G + c G², where G is gram[N,N] */
static void ns_polynomial(float *polynomial, const float *gram, int N, float *packed, float *room) {
    pack_rows(packed, gram, N, N, N);
    gemm_symmetric(polynomial, gram, packed, N, N, room);
    for (int i = 0; i < N * N; i++) polynomial[i] = ns_b * gram[i] + ns_c * polynomial[i];
    for (int i = 0; i < N; i++) polynomial[(size_t)i * N + i] += ns_a;
}

/*
 * Returns a pointer to the result, either x or other[M,N]: approximately U Vᵀ, where x[M,N] = U Σ Vᵀ. scratch: memory
 * for ROOM words, for two matrices [S,S], where S = min(M, N), and for a packed matrix; manifest.ts computes its size.
 */
static float *orthogonalize(float *x, float *other, int M, int N, float *scratch) {
    int S = M < N ? M : N;
    float *room = scratch, *gram = room + ROOM, *polynomial = gram + (size_t)S * S;
    float *packed = polynomial + (size_t)S * S;
    float norm = (float)__builtin_sqrt(squares(x, M * N)) + 1e-7f;
    for (int i = 0; i < M * N; i++) x[i] /= norm;
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
        if (M <= N) {
            pack_transposed(packed, x, M, N);
            gemm_symmetric(gram, x, packed, M, N, room);
            ns_polynomial(polynomial, gram, M, packed, room);
            pack_rows(packed, x, N, M, N);
            gemm(other, N, polynomial, M, packed, no_rows, START_ZERO, M, N, M,
                 needed_room(room));
        } else {
            /* the transpose of x is in `other`, so that its rows are x's columns */
            COMMON_KERNEL(transpose)(other, x, NULL, M, N);
            pack_rows(packed, x, N, M, N);
            gemm_symmetric(gram, other, packed, N, M, room);
            ns_polynomial(polynomial, gram, N, packed, room);
            pack_rows(packed, polynomial, N, N, N);
            gemm(other, N, x, N, packed, no_rows, START_ZERO, M, N, N,
                 needed_room(room));
        }
        float *swap = x;
        x = other, other = swap;
    }
    return x;
}

/*
 * w[M,N] -= rate (decay w + 0.2 √max(M,N) · orthogonal), where orthogonal is made from the Nesterov momentum of the
 * gradient, and m is the momentum. The factor gives updates the size of Adam's (Liu et al. 2025, eq. 4), so that the
 * same learning rate suits both.
 */
KERNEL void muon(float *w, const float *g, float *m, int M, int N, float rate, float momentum, float decay,
                 float scale, float *scratch) {
    int n = M * N;
    float *x = scratch, *other = x + n;
    for (int i = 0; i < n; i++) {
        float fresh = (1 - momentum) * scale * g[i];
        m[i] = momentum * m[i] + fresh;
        x[i] = momentum * m[i] + fresh;
    }
    const float *direction = orthogonalize(x, other, M, N, other + n);
    float size = 0.2f * __builtin_sqrtf((float)(M > N ? M : N));
    for (int i = 0; i < n; i++) w[i] -= rate * (decay * w[i] + size * direction[i]);
}
