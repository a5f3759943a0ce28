#include "weights.h"

#if defined(INT8)
#include "product_clock.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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
#elif defined(__x86_64__)
    return (ivec)_mm_cvtps_epi32((__m128)x);
#elif defined(__wasm_simd128__)
    return __builtin_convertvector((wide)__builtin_wasm_nearest_f32x4((wide)x), ivec);
#else
    ivec result;
    for (int i = 0; i < VL; i++) result[i] = (int32_t)__builtin_rintf(x[i]);
    return result;
#endif
}

INLINE vec to_float(ivec x) { return (vec)__builtin_convertvector(x, vec); }

/* Returns the scale of row[K]; *factor <- what its numbers are multiplied with before they are rounded. */
static float int8_scale(const float *row, int K, float *factor) {
    vec peaks = {0};
#define BODY(n)                                       \
    {                                                 \
        vec x = LOAD(row + at, n);                    \
        peaks = larger(larger(x, -x), peaks);         \
    }
    FOR_VECTORS(at, K, BODY);
#undef BODY
    float peak = largest_of_elements(peaks)[0];
    if (!(peak >= INT8_SMALLEST_PEAK)) return *factor = 0;
    *factor = INT8_LARGEST / peak;
    return peak / INT8_LARGEST;
}

/* to[K] <- the integers of row[K], and beyond them some that only meet weights of zero; returns the scale. */
static float int8_row(uint8_t *to, const float *row, int K) {
    float factor, scale = int8_scale(row, K, &factor);
#define BODY(n)                                                                   \
    {                                                                             \
        ivec x = rounded(splat(factor) * LOAD(row + at, n)) + 128;                \
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
        begin[n] = -128 * sum;
    }
}

#if defined(__AVX512VNNI__)

/* sum + the products of the four unsigned bytes of each word of a with the four signed ones of b */
INLINE ivec add_byte_products(ivec sum, ivec a, ivec b) {
    return (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}

#elif VL == 8

/* The bytes in even places, and those in odd places, as 16 bits: their products are added in pairs. */
INLINE ivec add_byte_products(ivec sum, ivec a, ivec b) {
    __m256i x = (__m256i)a, y = (__m256i)b;
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0xff)),
                                     _mm256_srai_epi16(_mm256_slli_epi16(y, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(y, 8));
    return sum + (ivec)even + (ivec)odd;
}

#else

INLINE ivec add_byte_products(ivec sum, ivec a, ivec b) {
#pragma GCC unroll 4
    for (int i = 0; i < WEIGHT_WORD; i++) sum += (a >> (8 * i) & 0xff) * (b << (24 - 8 * i) >> 24);
    return sum;
}

#endif

/* A packed weight taken apart */
struct int8_weight {
    const float *scales;
    const word_of_bytes *begin;
    const float *panels;
    int N, words;
};

/*
 * `rows` rows of A, of which `inside` are, times `vectors` vectors of C from column n on. Every row of bytes has
 * `stride` words.
 */
INLINE void int8_tile(const int rows, const int vectors, float *c, int ldc, const float *bytes_of_a,
                      int stride, const float *scales, const struct int8_weight *w, struct start_rows begin,
                      enum gemm_start start, int n, int inside) {
    ivec sums[rows][vectors];
    const float *panel[vectors];
    int down[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        const int at = n + v * VL, head = at / NR * NR;
        down[v] = panel_vectors(w->N, head) * VL;
        panel[v] = w->panels + (size_t)head * w->words + (at - head);
        ivec first = *(const ivec *)(w->begin + at);
#pragma GCC unroll 4
        for (int m = 0; m < rows; m++) sums[m][v] = first;
    }
    for (int k = 0; k < w->words; k++) {
        ivec b[vectors];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            const float *from = panel[v] + (size_t)k * down[v];
            __builtin_prefetch(from + PREFETCH * down[v]);
            b[v] = *(const ivec *)from;
        }
#pragma GCC unroll 4
        for (int m = 0; m < rows; m++) {
            ivec a = *(const word_of_bytes *)(bytes_of_a + (size_t)m * stride + k) - (ivec){0};
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++) sums[m][v] = add_byte_products(sums[m][v], a, b[v]);
        }
    }
#pragma GCC unroll 4
    for (int m = 0; m < rows && m < inside; m++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            const int at = n + v * VL, columns = w->N - at < VL ? w->N - at : VL;
            float *to = c + (ptrdiff_t)m * ldc + at;
            const float *from = start == START_C ? to : start_row(begin, m, ldc) + at;
            vec before = start == START_ZERO ? (vec){0} : LOAD(from, columns);
            vec scale = splat(scales[m]) * load(w->scales + at);
            vec result = multiply_add(to_float(sums[m][v]), scale, before);
            if (columns == VL) store(to, result);
            else store_part(to, result, columns);
        }
}

/* Vectors of C that a single row computes at once, so that there are enough chains of sums */
#define INT8_VECTORS 8

/* All of C for up to INT8_ROWS rows, whose bytes are at `rows` */
static void int8_block(float *c, int ldc, const float *rows, int stride, const float *scales,
                       const struct int8_weight *w, struct start_rows begin, enum gemm_start start, int M) {
#define TILE(rows_, vectors) \
    int8_tile(rows_, vectors, c, ldc, rows, stride, scales, w, begin, start, n, M), n += (vectors)*VL
    const int columns = padded_columns(w->N);
    int n = 0;
    if (M == 1) {
        while (n + INT8_VECTORS * VL <= columns) TILE(1, INT8_VECTORS);
        while (n + 2 * VL <= columns) TILE(1, 2);
        if (n < columns) TILE(1, 1);
    } else {
        while (n + 2 * VL <= columns) TILE(INT8_ROWS, 2);
        if (n < columns) TILE(INT8_ROWS, 1);
    }
#undef TILE
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
