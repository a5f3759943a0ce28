#include "gemm.h"
#include "product_clock.h"
#if defined(__aarch64__) && !defined(HALF)
#include "tile_neon.h"
#endif

/* A word of each of n <= VL columns, from element `at` of b on, a row of which `rows` are left */
INLINE vec column_words(const void *b, const int half, ptrdiff_t at, int ld, int n, int rows) {
    vec first = load_either(b, half, at, n);
    return make_words(first, WORD == 2 && rows > 1 ? load_either(b, half, at + ld, n) : (vec){0});
}

/* Row by row along B, so that B's rows are read once, in sequence. */
INLINE void pack_rows_of(float *packed, const void *b, const int half, int N, int K, int ld) {
    int whole = N / NR * NR;
    for (int n = 0; n < whole; n += NR) {
        ptrdiff_t row = n;
        for (int k = 0; k < K; k += WORD, row += WORD * ld, packed += NR) {
            store(packed, column_words(b, half, row, ld, VL, K - k));
            store(packed + VL, column_words(b, half, row + VL, ld, VL, K - k));
        }
    }
    if (whole == N) return;
    int width = panel_vectors(N, whole) * VL, first = N - whole < VL ? N - whole : VL;
    ptrdiff_t row = whole;
    for (int k = 0; k < K; k += WORD, row += WORD * ld, packed += width) {
        store(packed, column_words(b, half, row, ld, first, K - k));
        if (width == NR) store(packed + VL, column_words(b, half, row + VL, ld, N - whole - VL, K - k));
    }
}

static void pack_rows(float *packed, const float *b, int N, int K, int ld) {
    pack_either_rows(packed, b, 0, N, K, ld);
}

static void pack_either_rows(float *packed, const void *b, int half, int N, int K, int ld) {
    TIME_PRODUCT(0);
    if (is_half(half)) pack_rows_of(packed, b, 1, N, K, ld);
    else pack_rows_of(packed, b, 0, N, K, ld);
}

/* packed[words of K][stride] <- VL columns, of which `inside` are rows of w[.,K] and the rest zeros */
INLINE void pack_columns(float *packed, int stride, const float *w, int inside, int K) {
    for (int k = 0; k < K; k += WORD * VL, packed += (size_t)VL * stride) {
        int count = K - k < WORD * VL ? K - k : WORD * VL;
        vec square[VL];
#pragma GCC unroll 16
        for (int j = 0; j < VL; j++)
            square[j] = j < inside ? words_along(w + (size_t)j * K + k, count) : (vec){0};
        transpose_square(square);
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++)
            if (i < words_of(count)) store(packed + (size_t)i * stride, square[i]);
    }
}

static void pack_transposed(float *packed, const float *w, int N, int K) {
    TIME_PRODUCT(0);
    for (int n = 0; n < N; n += NR) {
        int vectors = panel_vectors(N, n);
        for (int v = 0; v < vectors; v++) {
            int first = n + v * VL, inside = N - first < VL ? N - first : VL;
            pack_columns(packed + v * VL, vectors * VL, w + (size_t)first * K, inside, K);
        }
        packed += (size_t)vectors * VL * words_of(K);
    }
}

INLINE const float *start_row(struct start_rows begin, int m, int ldc) {
    return begin.ids ? begin.rows + (ptrdiff_t)begin.ids[m] * ldc : begin.rows;
}

/* Prefetches the lines of the part of C that begins at row m and column n. */
INLINE struct start_rows rows_from(struct start_rows begin, int m, int n) {
    return (struct start_rows){begin.rows ? begin.rows + n : NULL, begin.ids ? begin.ids + m : NULL};
}

/* Number of panel rows that are prefetched before the multiply-adds need them */
#define PANEL_AHEAD 64

/*
 * One tile: c[mr, nv·VL] = start + a · panel over K words.  Word k of row m at a[m·lda + k·step].
 * mr, nv and (for packed A) lda and step are constants where this is inlined; rows of the panel lie `down`
 * apart.
 * ahead: with every row of the panel, nv vectors from here are fetched into the second-level cache, `stride`
 * after those of the row before. The first-level cache takes care of itself.
 */
INLINE void tile(const int mr, const int nv, float *c, int ldc, const float *a, ptrdiff_t lda,
                 ptrdiff_t step, const float *panel, ptrdiff_t down, struct start_rows begin,
                 enum gemm_start start, int columns, int K, const float *ahead, ptrdiff_t stride) {
    vec acc[MR][2];
    const int whole = columns == nv * VL;
#pragma GCC unroll 16
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) {
            if (start == START_ZERO) {
                acc[m][v] = (vec){0};
                continue;
            }
            const float *from = (start == START_C ? c + (ptrdiff_t)m * ldc : start_row(begin, m, ldc)) + v * VL;
            int inside = columns - v * VL;
            acc[m][v] = whole ? load(from) : inside >= VL ? load(from) : load_part(from, inside);
        }
    int done = 0;
#if defined(__aarch64__) && !defined(HALF)
    done = neon_steps(mr, nv, acc, a, lda, step, panel, down, K);
    a += done * step;
    panel += done * down;
#endif
    /* every third row has a pointer; the two after it are reached by scaled addressing */
    const float *p[(MR + 2) / 3];
#pragma GCC unroll 16
    for (int m = 0; m < mr; m += 3) p[m / 3] = a + m * lda;
    for (int k = done; k < K; k++) {
        vec b[2];
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) b[v] = load(panel + v * VL);
#pragma GCC unroll 16
        for (int m = 0; m < mr; m++) {
            vec x = splat_word(p[m / 3] + (m % 3) * lda);
#pragma GCC unroll 2
            for (int v = 0; v < nv; v++) acc[m][v] = multiply_words(x, b[v], acc[m][v]);
        }
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) __builtin_prefetch(ahead + v * VL, 0, 2);
        ahead += stride;
        panel += down;
#pragma GCC unroll 16
        for (int m = 0; m < mr; m += 3) p[m / 3] += step;
    }
#pragma GCC unroll 16
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 2
        for (int v = 0; v < nv; v++) {
            float *to = c + (ptrdiff_t)m * ldc + v * VL;
            int inside = columns - v * VL;
            if (whole || inside >= VL) store(to, acc[m][v]);
            else store_part(to, acc[m][v], inside);
        }
}

#if MR == 14
#define TILE_ROWS(CASE) \
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) \
    CASE(13) CASE(14)
#elif MR == 8
#define TILE_ROWS(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
#elif MR == 6
#define TILE_ROWS(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#else
#define TILE_ROWS(CASE) CASE(1) CASE(2) CASE(3) CASE(4)
#endif

static __attribute__((noinline)) void tile_rows(int mr, int nv, float *c, int ldc, const float *a,
                                                ptrdiff_t lda, const float *panel,
                                                struct start_rows begin, enum gemm_start start,
                                                int columns, int K) {
    const float *ahead = panel + PANEL_AHEAD * nv * VL;
#define CASE(n)                                                                                       \
    case n:                                                                                           \
        if (nv == 2)                                                                                  \
            tile(n, 2, c, ldc, a, lda, 1, panel, 2 * VL, begin, start, columns, K, ahead, 2 * VL);    \
        else tile(n, 1, c, ldc, a, lda, 1, panel, VL, begin, start, columns, K, ahead, VL);           \
        break;
    switch (mr) { TILE_ROWS(CASE) }
#undef CASE
}

/* A is packed as [K][LEFT_WIDTH]. */
static __attribute__((noinline)) void tile_packed(int mr, int nv, float *c, int ldc, const float *a,
                                                  const float *panel, ptrdiff_t down, int columns,
                                                  int K, const float *ahead, ptrdiff_t stride) {
#define CASE(n)                                                                                       \
    case n:                                                                                           \
        if (nv == 2)                                                                                  \
            tile(n, 2, c, ldc, a, 1, LEFT_WIDTH, panel, down, no_rows, START_C, columns, K, ahead, stride);   \
        else tile(n, 1, c, ldc, a, 1, LEFT_WIDTH, panel, down, no_rows, START_C, columns, K, ahead, stride);  \
        break;
    switch (mr) { TILE_ROWS(CASE) }
#undef CASE
}

/*
 * Fetches the tile of C that follows this one of `rows` rows: the one below it or, after the last, that at the
 * head of the next panel, whose first is `head` in this panel.
 */
INLINE void fetch_next_tile(const float *tile, const float *head, int ldc, int rows, int last) {
    const float *next = last ? head + NR : tile + (ptrdiff_t)rows * ldc;
    for (int m = 0; m < rows; m++, next += ldc) {
        __builtin_prefetch(next);
        __builtin_prefetch(next + VL);
    }
}

/* Rows of tile i of `tiles` that share `rows` evenly: 25 = 13 + 12, not 14 + 11. */
INLINE int tile_edge(int rows, int tiles, int i) { return (int)((int64_t)rows * i / tiles); }

/* Number of panel rows that are prefetched where a panel is used only once */
#define PREFETCH 16

/* Number of vectors of C that a single row computes at once */
#define ROW_VECTORS 8

/*
 * One row times several panels at once, `vectors` vectors of C, `columns` elements: with a single row a
 * panel has too few chains to fill the pipeline. The chains are those of the tiles. `depth` words of K, from
 * k0 on, which begin at a.
 */
INLINE void row_of_panels(const int vectors, float *c, const float *a, const float *packed,
                          const float *begin, enum gemm_start start, int columns, int K, int k0, int depth) {
    vec acc[ROW_VECTORS];
    const float *panel[ROW_VECTORS];
    int stride[ROW_VECTORS];
    const float *from = start == START_C ? c : begin;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        int inside = columns - v * VL;
        stride[v] = vectors % 2 && v == vectors - 1 ? VL : NR;
        panel[v] = packed + (size_t)(v / 2) * NR * K + v % 2 * VL + (size_t)k0 * stride[v];
        acc[v] = start == START_ZERO ? (vec){0} : inside >= VL ? load(from + v * VL) : load_part(from + v * VL, inside);
    }
    for (int k = 0; k < depth; k++) {
        vec x = splat_word(a + k);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) {
            /* the panels come from the second-level cache or beyond, used once; two short vectors share a line */
            if (VL > 4 || v % 2 == 0) __builtin_prefetch(panel[v] + (size_t)(k + PREFETCH) * stride[v]);
            acc[v] = multiply_words(x, load(panel[v] + (size_t)k * stride[v]), acc[v]);
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        int inside = columns - v * VL;
        if (inside >= VL) store(c + v * VL, acc[v]);
        else store_part(c + v * VL, acc[v], inside);
    }
}

static __attribute__((noinline)) void row_times_panels(float *c, const float *a, const float *packed,
                                                       const float *begin, enum gemm_start start, int N,
                                                       int K, int k0, int depth) {
    for (int n = 0; n < N; n += ROW_VECTORS * VL) {
        int columns = N - n, vectors = (columns + VL - 1) / VL;
#define CASE(count)                                                                                  \
    case count: row_of_panels(count, c + n, a, packed + (size_t)n * K, begin ? begin + n : NULL,      \
                              start, columns, K, k0, depth); break;
        switch (vectors < ROW_VECTORS ? vectors : ROW_VECTORS) {
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
        }
#undef CASE
    }
}

/* Associativity of the first-level cache, and the number of floats after which addresses map to the same set */
#define WAYS 8
#define PERIOD 1024

/*
 * Makes words of `depth` columns of a: copies[rows][stride]. Returns a stride, in words, at which rows do not
 * evict each other. The last words of a row are written whole. Numbers that are rounded already are their words.
 */
static int copy_rows(float *copies, const void *rows_of_a, int half, int lda, int rows, int depth) {
    int stride = (words_of(depth) + VL - 1) / VL * VL + VL;
#if defined(HALF)
    if (half) {
        const uint16_t *a = rows_of_a;
        for (int m = 0; m < rows; m++, copies += stride, a += lda) {
            uint16_t *to = (uint16_t *)copies;
            int k = 0;
            for (; k + VL <= depth; k += VL) *(halves *)(to + k) = *(const halves *)(a + k);
            for (; k < depth; k++) to[k] = a[k];
            if (depth % WORD) to[depth] = 0;
        }
        return stride;
    }
#endif
    (void)half;
    const float *a = rows_of_a;
    for (int m = 0; m < rows; m++, copies += stride, a += lda) {
        int k = 0;
        float *to = copies;
        for (; k + WORD * VL <= depth; k += WORD * VL, to += VL) store(to, words_along(a + k, WORD * VL));
        if (k < depth) store(to, words_along(a + k, depth - k));
    }
    return stride;
}

/* Words of a row that are multiplied at a time where there is only one row, or two */
#define ROW_WORDS (WORD == 1 ? INT32_MAX : ROW_COPIES)

static void gemm_rows(float *c, int ldc, const void *a, int half, int lda, const float *packed,
                      struct start_rows begin, enum gemm_start start, int M, int N, int K, float *room) {
    const int words = words_of(K);
    for (int m = 0; m < M; m++, c += ldc) {
        enum gemm_start from = start;
        for (int k0 = 0; k0 < words || k0 == 0; k0 += ROW_WORDS, from = START_C) {
            int depth = words - k0 < ROW_WORDS ? words - k0 : ROW_WORDS;
            const float *row = from_element(a, half, (ptrdiff_t)m * lda + (ptrdiff_t)WORD * k0);
            if (WORD == 2) {
                copy_rows(room, row, half, lda, 1, K - WORD * k0 < WORD * depth ? K - WORD * k0 : WORD * depth);
                row = room;
            }
            row_times_panels(c, row, packed, start_row(begin, m, ldc), from, N, words, k0, depth);
        }
    }
}

/* upper: tiles that lie wholly below the diagonal are left out */
INLINE void gemm_tiles(float *c, int ldc, const void *a, int half, int lda, const float *packed,
                       struct start_rows begin, enum gemm_start start, int M, int N, int K, float *room,
                       const int upper) {
    if (M <= 2) {
        gemm_rows(c, ldc, a, half, lda, packed, begin, start, M, N, K, room);
        return;
    }
    /* a copy of A pays where it is read for several panels */
    const int contend = room && MR > WAYS && M > WAYS && lda % PERIOD == 0 && N >= 4 * NR;
    const int words = words_of(K);
    int k_blocks = (words + KC - 1) / KC;
    for (int kb = 0; kb < k_blocks; kb++) {
        int k0 = tile_edge(words, k_blocks, kb), k1 = tile_edge(words, k_blocks, kb + 1);
        enum gemm_start from = kb == 0 ? start : START_C;
        int m_blocks = (M + MC - 1) / MC;
        for (int mb = 0; mb < m_blocks; mb++) {
            int m0 = tile_edge(M, m_blocks, mb), m1 = tile_edge(M, m_blocks, mb + 1);
            int tiles = (m1 - m0 + MR - 1) / MR;
            const float *rows_of_a = from_element(a, half, (ptrdiff_t)m0 * lda + WORD * k0);
            int stride = lda;
            if (WORD == 2 || contend) {
                int end = WORD * k1 < K ? WORD * k1 : K;
                stride = copy_rows(room, rows_of_a, half, lda, m1 - m0, end - WORD * k0);
                rows_of_a = room;
            }
            for (int n = 0; n < N; n += NR) {
                int nv = panel_vectors(N, n);
                int columns = N - n < NR ? N - n : NR;
                const float *panel = packed + (size_t)n * words + (size_t)k0 * nv * VL;
                for (int i = 0; i < tiles; i++) {
                    int m = m0 + tile_edge(m1 - m0, tiles, i);
                    if (upper && m >= n + NR) break;
                    int rows = m0 + tile_edge(m1 - m0, tiles, i + 1) - m;
                    float *to = c + (ptrdiff_t)m * ldc + n;
                    fetch_next_tile(to, c + (ptrdiff_t)m0 * ldc + n, ldc, rows, i + 1 == tiles);
                    tile_rows(rows, nv, to, ldc, rows_of_a + (ptrdiff_t)(m - m0) * stride, stride, panel,
                              rows_from(begin, m, n), from, columns, k1 - k0);
                }
            }
        }
    }
}

static void gemm(float *c, int ldc, const float *a, int lda, const float *packed, struct start_rows rows,
                 enum gemm_start start, int M, int N, int K, float *room) {
    gemm_either(c, ldc, a, 0, lda, packed, rows, start, M, N, K, room);
}

static void gemm_either(float *c, int ldc, const void *a, int half, int lda, const float *packed,
                        struct start_rows rows, enum gemm_start start, int M, int N, int K, float *room) {
    TIME_PRODUCT((int64_t)M * N * K);
    gemm_tiles(c, ldc, a, half, lda, packed, rows, start, M, N, K, room, 0);
}

/* Square of the matrix that is mirrored at once: its rows and columns fit the first-level cache. */
#define MIRROR 32

static void gemm_symmetric(float *c, const float *a, const float *packed, int N, int K, float *room) {
    TIME_PRODUCT((int64_t)N * N / 2 * K);
    gemm_tiles(c, N, a, 0, K, packed, no_rows, START_ZERO, N, N, K, needed_room(room), 1);
    for (int i0 = 0; i0 < N; i0 += MIRROR)
        for (int j0 = 0; j0 <= i0; j0 += MIRROR)
            for (int i = i0; i < N && i < i0 + MIRROR; i++)
                for (int j = j0; j < i && j < j0 + MIRROR; j++) c[(size_t)i * N + j] = c[(size_t)j * N + i];
}

/* Number of elements that vector v of a row of `width` has; 0 or less beyond its end */
INLINE int vector_part(int width, int v) { return width - v * VL < VL ? width - v * VL : VL; }

/* Rows of A packed at a time: they stay in the first-level cache from tile to tile. */
#define PACKED_ROWS 8

/*
 * Packs a[K, columns] for `tiles` tiles: of each [words of K][LEFT_WIDTH], its rows of C first, then whatever.
 * sums[columns] += the columns' sums, row after row, while they are at hand, if given.
 */
INLINE void pack_left_of(float *packed, const void *a, const int half, int lda, int columns, int tiles, int K,
                         float *sums) {
    int edges[MC / MR + 1];
    vec totals[MC / MR][LEFT_VECTORS];
    for (int i = 0; i <= tiles; i++) edges[i] = tile_edge(columns, tiles, i);
#define FOR_TILE_VECTORS(i, v, count)                                                               \
    for (int v = 0, count; v < LEFT_VECTORS; v++)                                                     \
        if ((count = vector_part(edges[i + 1] - edges[i], v)) > 0)
    for (int i = 0; i < tiles; i++)
        FOR_TILE_VECTORS(i, v, count)
            totals[i][v] = sums ? LOAD(sums + edges[i] + v * VL, count) : (vec){0};
    for (int k0 = 0; k0 < K; k0 += PACKED_ROWS) {
        int depth = K - k0 < PACKED_ROWS ? K - k0 : PACKED_ROWS;
        for (int i = 0; i < tiles; i++)
            FOR_TILE_VECTORS(i, v, count) {
                ptrdiff_t from = (ptrdiff_t)k0 * lda + edges[i] + v * VL;
                float *to = packed + ((size_t)i * words_of(K) + k0 / WORD) * LEFT_WIDTH + v * VL;
                vec total = totals[i][v];
                for (int k = 0; k < depth; k += WORD, from += WORD * lda, to += LEFT_WIDTH) {
                    vec first = load_either(a, half, from, count), second = {0};
                    total += first;
                    if (WORD == 2 && k + 1 < depth) {
                        second = load_either(a, half, from + lda, count);
                        total += second;
                    }
                    store(to, make_words(first, second));
                }
                totals[i][v] = total;
            }
    }
    for (int i = 0; sums && i < tiles; i++)
        FOR_TILE_VECTORS(i, v, count) STORE(sums + edges[i] + v * VL, totals[i][v], count);
#undef FOR_TILE_VECTORS
}

static void pack_left(float *packed, const void *a, int half, int lda, int columns, int tiles, int K, float *sums) {
    if (is_half(half)) pack_left_of(packed, a, 1, lda, columns, tiles, K, sums);
    else pack_left_of(packed, a, 0, lda, columns, tiles, K, sums);
}

static void gemm_transposed_a(float *c, int ldc, const void *a, int half, int lda, const float *b, int ldb,
                              float *sums, int M, int N, int K, float *scratch) {
    TIME_PRODUCT((int64_t)M * N * K);
    const int words = words_of(K);
    int k_blocks = (words + KC_PACKED - 1) / KC_PACKED;
    for (int kb = 0; kb < k_blocks; kb++) {
        int k0 = tile_edge(words, k_blocks, kb), k1 = tile_edge(words, k_blocks, kb + 1), depth = k1 - k0;
        /* rows of the block, and of what is packed after it, in words of 4 bytes */
        const ptrdiff_t next_row = (is_half(half) ? 1 : WORD) * (ptrdiff_t)lda;
        const void *rows_of_a = from_element(a, half, (ptrdiff_t)WORD * k0 * lda);
        int last_row = WORD * k1 < K ? WORD * k1 : K;
        int m_blocks = (M + MC - 1) / MC;
        for (int mb = 0; mb < m_blocks; mb++) {
            int m0 = tile_edge(M, m_blocks, mb), m1 = tile_edge(M, m_blocks, mb + 1);
            int tiles = (m1 - m0 + MR - 1) / MR;
            pack_left(scratch, from_element(rows_of_a, half, m0), half, lda, m1 - m0, tiles, last_row - WORD * k0,
                      sums ? sums + m0 : NULL);
            /* the block of A that is packed after this one */
            const float *next_block = mb + 1 < m_blocks ? from_element(rows_of_a, half, m1)
                                                        : from_element(a, half, (ptrdiff_t)last_row * lda);
            for (int n = 0; n < N; n += NR) {
                int nv = panel_vectors(N, n);
                int columns = N - n < NR ? N - n : NR;
                const ptrdiff_t down = ldb ? ldb : nv * VL;
                const float *panel = b + (ldb ? n : (ptrdiff_t)n * words) + k0 * down;
                for (int i = 0; i < tiles; i++) {
                    int first = tile_edge(m1 - m0, tiles, i), rows = tile_edge(m1 - m0, tiles, i + 1) - first;
                    float *to = c + (ptrdiff_t)(m0 + first) * ldc + n;
                    fetch_next_tile(to, c + (ptrdiff_t)m0 * ldc + n, ldc, rows, i + 1 == tiles);
                    /* the multiply-adds of the last panel hide the time of prefetching the next block */
                    int last = n + NR >= N;
                    tile_packed(rows, nv, to, ldc, scratch + (size_t)i * depth * LEFT_WIDTH, panel, down, columns, depth,
                                last ? next_block + first : panel + PANEL_AHEAD * down, last ? next_row : down);
                }
            }
        }
    }
}
