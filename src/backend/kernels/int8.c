#include "weights.h"

#if defined(INT8)
#include "product_clock.h"

typedef uint8_t byte_vec __attribute__((vector_size(VL), aligned(1), may_alias));
typedef int32_t word_of_bytes __attribute__((may_alias));

#define INT8_LARGEST 127.0f
#define INT8_SMALLEST_PEAK 0x1p-100f

/* x rounded to integers, ties to even */
INLINE ivec rounded(vec x) {
#if VL == 16
    return (ivec)_mm512_cvtps_epi32((__m512)x);
#elif VL == 8
    return (ivec)_mm256_cvtps_epi32((__m256)x);
#else
    ivec result;
    for (int i = 0; i < VL; i++) result[i] = (int32_t)__builtin_rintf(x[i]);
    return result;
#endif
}

INLINE vec to_float(ivec x) { return (vec)__builtin_convertvector(x, vec); }

/*
 * a b + c, rounded once. The compiler would fuse a product and a sum only where they are adjacent in the code, which
 * may differ between tiles, and so would the last bit of a row.
 */
INLINE vec fused(vec a, vec b, vec c) {
#if VL == 16
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif VL == 8
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    vec result;
    for (int i = 0; i < VL; i++) result[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return result;
#endif
}

/*
 * Returns the scale of row[K]; sets *factor to the number by which its numbers are multiplied before they are rounded.
 * If a number is not finite, the scale becomes NaN, so that it shows in every product.
 */
static float int8_scale(const float *row, int K, float *factor) {
    vec peaks = {0}, zero = {0};
#define BODY(n)                                       \
    {                                                 \
        vec x = LOAD(row + at, n);                    \
        peaks = larger(larger(x, -x), peaks);         \
        zero += x * 0;                                \
    }
    FOR_VECTORS(at, K, BODY);
#undef BODY
    const float peak = largest_of_elements(peaks)[0], nothing = sum_of_elements(zero)[0];
    *factor = 0;
    if (nothing != 0) return nothing;
    if (peak < INT8_SMALLEST_PEAK) return 0;
    *factor = INT8_LARGEST / peak;
    return peak / INT8_LARGEST;
}

/* to[K] <- the integers of row[K], followed by some that are only multiplied by weights of zero; returns the scale. */
static float int8_row(uint8_t *to, const float *row, int K) {
    float factor, scale = int8_scale(row, K, &factor);
#define BODY(n)                                                                   \
    {                                                                             \
        ivec x = rounded(splat(factor) * LOAD(row + at, n)) + BYTE_OFFSET;                \
        *(byte_vec *)(to + at) = __builtin_convertvector(x, byte_vec);            \
    }
    FOR_VECTORS(at, K, BODY);
#undef BODY
    return scale;
}

static void pack_weights(float *packed, const float *w, int N, int K) {
    const int columns = padded_columns(N), words = byte_words(K);
    float *scales = packed;
    word_of_bytes *begin = (word_of_bytes *)(packed + columns);
    int8_t *panels = (int8_t *)(packed + COLUMN_WORDS * columns);
    for (size_t i = 0; i < (size_t)columns * (COLUMN_WORDS + words); i++) packed[i] = 0;
    for (int n = 0; n < N; n++) {
        const float *row = w + (size_t)n * K;
        const int panel = n / NR * NR, width = panel_vectors(N, panel) * VL;
        int8_t *to = panels + WEIGHT_WORD * ((size_t)panel * words + (n - panel));
        float factor;
        scales[n] = int8_scale(row, K, &factor);
        int32_t sum = 0;
        for (int k0 = 0; k0 < K; k0 += VL) {
            int count = K - k0 < VL ? K - k0 : VL;
            ivec x = rounded(splat(factor) * LOAD(row + k0, count));
            for (int i = 0; i < count; i++) {
                int k = k0 + i;
                to[(size_t)(k / WEIGHT_WORD) * WEIGHT_WORD * width + k % WEIGHT_WORD] = (int8_t)x[i];
                sum += x[i];
            }
        }
        begin[n] = -BYTE_OFFSET * sum;
    }
}

#if defined(__AVX512VNNI__)

/* sum + the products of the four unsigned bytes in each word of a with the four signed bytes of b */
INLINE ivec add_byte_products(ivec sum, ivec a, ivec b) {
    return (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}

#elif VL == 8

/*
 * Adds the products of bytes with AVX2: the bytes at even positions, and then those at odd positions, are extended to
 * 16 bits, and their products are added in pairs.
 */
INLINE ivec add_byte_products(ivec sum, ivec a, ivec b) {
    __m256i x = (__m256i)a, y = (__m256i)b;
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0xff)),
                                     _mm256_srai_epi16(_mm256_slli_epi16(y, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(y, 8));
    return sum + (ivec)even + (ivec)odd;
}

#elif defined(SDOT)
#include <arm_neon.h>

INLINE ivec add_byte_products(ivec sum, ivec a, ivec b) {
    return (ivec)vdotq_s32((int32x4_t)sum, (int8x16_t)a, (int8x16_t)b);
}

#else

INLINE ivec add_byte_products(ivec sum, ivec a, ivec b) {
#pragma GCC unroll 4
    for (int i = 0; i < WEIGHT_WORD; i++) sum += (a >> (8 * i) & 0xff) * (b << (24 - 8 * i) >> 24);
    return sum;
}

#endif

/* A packed weight W[N,K]: scales and beginnings of the columns' sums, panels, and the number of words along k */
struct int8_weight {
    const float *scales;
    const word_of_bytes *begin;
    const float *panels;
    int N, words;
};

/*
 * Number of partial sums into which each sum of a single row is divided, enough to hide the latency of a multiply-add
 * if a panel is two vectors wide
 */
#define INT8_CHAINS 4

/*
 * Multiplies `rows` rows of A, of which only the first `inside` exist, by the panel that begins at column n and is
 * `vectors` vectors wide. The rows of A, whose integers are bytes, begin `stride` words apart. Every sum is made of
 * `chains` partial sums, so that even a single row keeps the processor busy while it reads panel after panel.
 */
INLINE void int8_tile(const int rows, const int chains, const int vectors, float *c, int ldc, const float *bytes_of_a,
                      int stride, const float *scales, const struct int8_weight *w, struct start_rows begin,
                      enum gemm_start start, int n, int inside) {
    const float *panel = w->panels + (size_t)n * w->words;
    ivec sums[INT8_ROWS][INT8_CHAINS][2];
#pragma GCC unroll 4
    for (int m = 0; m < rows; m++)
#pragma GCC unroll 4
        for (int j = 0; j < chains; j++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++)
                sums[m][j][v] = j > 0 ? (ivec){0} : *(const ivec *)(w->begin + n + v * VL);
#define ADD(j, k)                                                                                            \
    _Pragma("GCC unroll 4") for (int m = 0; m < rows; m++) {                                                 \
        const ivec a = *(const word_of_bytes *)(bytes_of_a + (ptrdiff_t)m * stride + (k)) - (ivec){0};       \
        _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++) sums[m][j][v] =                            \
            add_byte_products(sums[m][j][v], a, *(const ivec *)(panel + ((size_t)(k)*vectors + v) * VL));    \
    }
    int k = 0;
    for (; k + chains <= w->words; k += chains) {
#pragma GCC unroll 4
        for (int j = 0; j < chains; j++) ADD(j, k + j)
    }
    for (; k < w->words; k++) ADD(0, k)
#undef ADD
#pragma GCC unroll 4
    for (int m = 0; m < rows; m++)
#pragma GCC unroll 4
        for (int j = 1; j < chains; j++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sums[m][0][v] += sums[m][j][v];
#pragma GCC unroll 4
    for (int m = 0; m < rows; m++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            if (m >= inside) continue;
            const int at = n + v * VL, columns = w->N - at < VL ? w->N - at : VL;
            float *to = c + (ptrdiff_t)m * ldc + at;
            const float *from = start == START_C ? to : start_row(begin, m, ldc) + at;
            vec before = start == START_ZERO ? (vec){0} : LOAD(from, columns);
            vec result = fused(to_float(sums[m][0][v]), splat(scales[m]) * load(w->scales + at), before);
            if (columns == VL) store(to, result);
            else store_part(to, result, columns);
        }
}

/* Computes all columns of C for up to INT8_ROWS rows of A, whose bytes are at `rows`. */
static void int8_block(float *c, int ldc, const float *rows, int stride, const float *scales,
                       const struct int8_weight *w, struct start_rows begin, enum gemm_start start, int M) {
    for (int n = 0; n < w->N; n += NR) {
        const int two = panel_vectors(w->N, n) == 2;
#define TILE(rows_, chains, vectors) \
    int8_tile(rows_, chains, vectors, c, ldc, rows, stride, scales, w, begin, start, n, M)
        if (M == 1 && two) TILE(1, INT8_CHAINS, 2);
        else if (M == 1) TILE(1, INT8_CHAINS, 1);
        else if (two) TILE(INT8_ROWS, 1, 2);
        else TILE(INT8_ROWS, 1, 1);
#undef TILE
    }
}

static void weight_product(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows begin,
                           enum gemm_start start, int M, int N, int K, float *room) {
    TIME_PRODUCT((int64_t)M * N * K);
    const int columns = padded_columns(N), stride = padded_columns(byte_words(K));
    const struct int8_weight w = {packed, (const word_of_bytes *)(packed + columns), packed + COLUMN_WORDS * columns, N,
                                  byte_words(K)};
    float *scales = room + INT8_ROWS * stride;
    for (int m0 = 0; m0 < M; m0 += INT8_ROWS) {
        int rows = M - m0 < INT8_ROWS ? M - m0 : INT8_ROWS;
        for (int m = 0; m < rows; m++)
            scales[m] = int8_row((uint8_t *)(room + m * stride), a + (ptrdiff_t)(m0 + m) * lda, K);
        int8_block(c + (ptrdiff_t)m0 * ldc, ldc, room, stride, scales, &w, rows_from(begin, m0, 0), start, rows);
    }
}

#endif
