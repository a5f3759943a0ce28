/* Matrix products, block by block. How a tile of a block is multiplied depends on the instruction level. */
#include "gemm.h"
#if defined(AMX)
#include "tile_amx.h"
#elif defined(BFMMLA)
#include "tile_bfmmla.h"
#else
#include "tile_vector.h"
#endif

/* Max number of units in a block of A; row_unit gives the number of rows in a unit. */
#define BLOCK_UNITS (MC / MR * TILE_UNITS)

/* Associativity of the first-level cache, and the number of floats after which addresses map to the same set */
#define WAYS 8
#define PERIOD 1024

/*
 * Prefetches the tile of C that follows this one of `rows` rows: the one below it or, after the last, the first tile of
 * the next panel, whose counterpart in this panel begins at `head`.
 */
INLINE void fetch_next_tile(const float *tile, const float *head, int ldc, int rows, int last) {
    const float *next = last ? head + NR : tile + (ptrdiff_t)rows * ldc;
    for (int m = 0; m < rows; m++, next += ldc) {
        __builtin_prefetch(next);
        __builtin_prefetch(next + VL);
    }
}

/*
 * Returns the index at which part i of `parts` of the words along k begins. It is a multiple of the number of words
 * that one instruction processes.
 */
INLINE int depth_edge(int words, int parts, int i) { return STEP * part_edge(words / STEP, parts, i); }

/* Computes C tile by tile. If `upper` is set, tiles that are completely below the diagonal are left out. */
INLINE void gemm_tiles(float *c, int ldc, const void *a, int half, int lda, const float *packed,
                       struct start_rows begin, enum gemm_start start, int M, int N, int K, float *room,
                       const int upper) {
#if !defined(AMX) && !defined(BFMMLA)
    if (M <= 2) {
        gemm_rows(c, ldc, a, half, lda, packed, begin, start, M, N, K, room);
        return;
    }
#endif
    /* a copy of A pays off if it is read for several panels */
    const int contend = room && MR > WAYS && M > WAYS && lda % PERIOD == 0 && N >= 4 * NR;
    const int words = words_of(K), unit = row_unit(M), units = units_of(M, unit);
    const int k_blocks = blocks_of(words, KC), m_blocks = blocks_of(units, BLOCK_UNITS);
    begin_tiles(unit);
    for (int kb = 0; kb < k_blocks; kb++) {
        int k0 = depth_edge(words, k_blocks, kb), k1 = depth_edge(words, k_blocks, kb + 1);
        enum gemm_start from = kb == 0 ? start : START_C;
        for (int mb = 0; mb < m_blocks; mb++) {
            int m0 = unit_edge(M, unit, units, m_blocks, mb), m1 = unit_edge(M, unit, units, m_blocks, mb + 1);
            int block_units = units_of(m1 - m0, unit), tiles = blocks_of(block_units, TILE_UNITS);
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
                    int m = m0 + unit_edge(m1 - m0, unit, block_units, tiles, i);
                    if (upper && m >= n + NR) break;
                    int rows = m0 + unit_edge(m1 - m0, unit, block_units, tiles, i + 1) - m;
                    float *to = c + (ptrdiff_t)m * ldc + n;
                    fetch_next_tile(to, c + (ptrdiff_t)m0 * ldc + n, ldc, rows, i + 1 == tiles);
                    tile_rows(rows, nv, to, ldc, rows_of_a + (ptrdiff_t)(m - m0) * stride, stride, panel,
                              rows_from(begin, m, n), from, columns, k1 - k0, unit);
                }
            }
        }
    }
    end_tiles();
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

/*
 * Number of rows and columns of each square of C that is copied across the diagonal at once. A square and its mirror
 * image fit in the first-level cache.
 */
#define MIRROR 32

static void gemm_symmetric(float *c, const float *a, const float *packed, int N, int K, float *room) {
    TIME_PRODUCT((int64_t)N * N / 2 * K);
    gemm_tiles(c, N, a, 0, K, packed, no_rows, START_ZERO, N, N, K, needed_room(room), 1);
    for (int i0 = 0; i0 < N; i0 += MIRROR)
        for (int j0 = 0; j0 <= i0; j0 += MIRROR)
            for (int i = i0; i < N && i < i0 + MIRROR; i++)
                for (int j = j0; j < i && j < j0 + MIRROR; j++) c[(size_t)i * N + j] = c[(size_t)j * N + i];
}

static void gemm_transposed_a(float *c, int ldc, const void *a, int half, int lda, const float *b, int ldb,
                              float *sums, int M, int N, int K, float *scratch) {
    TIME_PRODUCT((int64_t)M * N * K);
    const int words = words_of(K), unit = row_unit(M), units = units_of(M, unit);
    const int k_blocks = blocks_of(words, KC_PACKED), m_blocks = blocks_of(units, BLOCK_UNITS);
    begin_tiles(unit);
    for (int kb = 0; kb < k_blocks; kb++) {
        int k0 = depth_edge(words, k_blocks, kb), k1 = depth_edge(words, k_blocks, kb + 1), depth = k1 - k0;
        /*
         * the distance, in words of 4 bytes, between the parts of A's next block, one of which is prefetched with each
         * row of the last panel
         */
        const ptrdiff_t next_row = (is_half(half) ? 1 : WORD) * (ptrdiff_t)lda;
        const void *rows_of_a = from_element(a, half, (ptrdiff_t)WORD * k0 * lda);
        int last_row = WORD * k1 < K ? WORD * k1 : K;
        for (int mb = 0; mb < m_blocks; mb++) {
            int m0 = unit_edge(M, unit, units, m_blocks, mb), m1 = unit_edge(M, unit, units, m_blocks, mb + 1);
            int block_units = units_of(m1 - m0, unit), tiles = blocks_of(block_units, TILE_UNITS);
            pack_left(scratch, from_element(rows_of_a, half, m0), half, lda, m1 - m0, unit, tiles, last_row - WORD * k0,
                      sums ? sums + m0 : NULL);
            /* the block of A that will be packed next */
            const float *next_block = mb + 1 < m_blocks ? from_element(rows_of_a, half, m1)
                                                        : from_element(a, half, (ptrdiff_t)last_row * lda);
            for (int n = 0; n < N; n += NR) {
                int nv = panel_vectors(N, n);
                int columns = N - n < NR ? N - n : NR;
                const ptrdiff_t down = ldb ? ldb : nv * VL;
                const float *panel = b + (ldb ? n : (ptrdiff_t)n * words) + k0 * down;
                for (int i = 0; i < tiles; i++) {
                    int first = unit_edge(m1 - m0, unit, block_units, tiles, i);
                    int rows = unit_edge(m1 - m0, unit, block_units, tiles, i + 1) - first;
                    float *to = c + (ptrdiff_t)(m0 + first) * ldc + n;
                    fetch_next_tile(to, c + (ptrdiff_t)m0 * ldc + n, ldc, rows, i + 1 == tiles);
                    /* the multiply-adds of the last panel hide the latency of prefetching the next block */
                    int last = n + NR >= N;
                    tile_packed(rows, nv, to, ldc, scratch + (size_t)i * depth * LEFT_WIDTH, panel, down, columns, depth,
                                last ? next_block + first : panel + PANEL_AHEAD * down, last ? next_row : down, unit);
                }
            }
        }
    }
    end_tiles();
}
