/*
 * Tiles of C in AMX's tile registers, each of which holds 16 rows of 16 floats. An instruction multiplies 16 words of
 * each of 16 rows of A by 16 rows of a panel, and adds the result to 16 rows and columns of C. A tile of C is up to two
 * registers high and, like a panel, two wide, so each register of A and of the panel is used twice.
 *
 * The instruction sums the first numbers of its 16 words and, separately, the second numbers, each in ascending order
 * starting from zero, then adds the two sums, and adds the result to C (Intel, Instruction Set Extensions, TDPBF16PS).
 * So C is a chain of blocks of 32 numbers, which begin at the same positions in every tile. Everything is rounded to
 * nearest and denormal numbers are treated as zeros, whatever the processor's control register says.
 */
#ifndef CHARNN_TILE_AMX_H
#define CHARNN_TILE_AMX_H

#include "left_factor.h"

/*
 * A tile is up to two units of rows. A unit is the rows in one register, up to 16 rows, whose number is chosen so that
 * the rows of C are divided evenly.
 */
#define TILE_UNITS 2
#define REGISTER_ROWS 16
#define ROW_BYTES 64

INLINE int row_unit(int M) {
    int registers = units_of(M, REGISTER_ROWS);
    return registers > 0 ? units_of(M, registers) : 1;
}

/* Keeps the compiler from moving accesses to memory across an assembler instruction that accesses memory. */
#define MEMORY_IN_ORDER __asm__ volatile("" ::: "memory")

/* Registers 0 to 3 hold C, 4 and 5 rows of A, 6 and 7 those of a panel. */
static void begin_tiles(int unit) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shapes = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        shapes.row_bytes[i] = ROW_BYTES;
        shapes.rows[i] = (uint8_t)(i < 6 ? unit : REGISTER_ROWS);
    }
    __asm__ volatile("" ::"r"(&shapes) : "memory");
    _tile_loadconfig(&shapes);
}

/* Releases AMX's tile registers, so that they need not be saved when another thread runs. */
INLINE void end_tiles(void) { _tile_release(); }

/*
 * The part of C that a register holds: it has `rows` rows and `columns` columns, while the register has `unit` rows and
 * 16 columns. spare: memory for a copy, if the part does not fill the register
 */
struct part {
    float *c;
    int ldc, rows, columns, unit;
    enum gemm_start start;
    struct start_rows begin;
    float *spare;
};

INLINE int is_whole(const struct part *p) { return p->rows == p->unit && p->columns == VL; }

/*
 * Returns where the values begin from which the sums in this part of C start; *bytes receives the distance between two
 * of their rows.
 */
static const float *first_rows(const struct part *p, ptrdiff_t *bytes) {
    const int from_c = p->start == START_C;
    if (from_c && is_whole(p)) {
        *bytes = (ptrdiff_t)sizeof(float) * p->ldc;
        return p->c;
    }
    if (!from_c && !p->begin.ids && p->columns == VL) {
        *bytes = 0;
        return p->begin.rows;
    }
    *bytes = ROW_BYTES;
    for (int m = 0; m < p->unit; m++) {
        vec row = {0};
        if (m < p->rows) {
            const float *from = from_c ? p->c + (ptrdiff_t)m * p->ldc : start_row(p->begin, m, p->ldc);
            row = LOAD(from, p->columns);
        }
        store(p->spare + m * VL, row);
    }
    return p->spare;
}

/* Copies what was stored in `spare` to C. */
static void copy_part(const struct part *p) {
    for (int m = 0; m < p->rows; m++) {
        vec row = load(p->spare + m * VL);
        STORE(p->c + (ptrdiff_t)m * p->ldc, row, p->columns);
    }
}

/* A register's number is part of the instruction, so these macros cannot be functions. */
#define START_PART(number, p)                                    \
    do {                                                         \
        if ((p)->start == START_ZERO) {                          \
            _tile_zero(number);                                  \
        } else {                                                 \
            ptrdiff_t bytes;                                     \
            const float *from = first_rows(p, &bytes);           \
            MEMORY_IN_ORDER;                                     \
            _tile_loadd(number, from, bytes);                    \
        }                                                        \
    } while (0)

#define END_PART(number, p)                                                            \
    do {                                                                               \
        if (is_whole(p)) {                                                             \
            _tile_stored(number, (p)->c, (ptrdiff_t)sizeof(float) * (p)->ldc);         \
        } else {                                                                       \
            _tile_stored(number, (p)->spare, ROW_BYTES);                               \
            MEMORY_IN_ORDER;                                                           \
            copy_part(p);                                                              \
        }                                                                              \
    } while (0)

/*
 * c[mr, columns] = start + a · panel over K words, where K is a multiple of 16. In a, the rows of one register are
 * `row` words apart, the rows of the second register begin `next` words after those of the first, and each step along k
 * advances by `step` words.
 */
static void tile(int mr, int nv, float *c, int ldc, const float *a, ptrdiff_t row, ptrdiff_t next, ptrdiff_t step,
                 const float *panel, struct start_rows begin, enum gemm_start start, int columns, int K, int unit) {
    float spare[REGISTER_ROWS * VL];
    struct part parts[2][2];
    const int high = mr > unit, wide = nv > 1;
    for (int i = 0; i <= high; i++)
        for (int v = 0; v <= wide; v++) {
            const int rows = mr - i * unit, inside = columns - v * VL;
            parts[i][v] = (struct part){.c = c + (ptrdiff_t)i * unit * ldc + v * VL,
                                        .ldc = ldc,
                                        .rows = rows < unit ? rows : unit,
                                        .columns = inside < VL ? inside : VL,
                                        .unit = unit,
                                        .start = start,
                                        .begin = rows_from(begin, i * unit, v * VL),
                                        .spare = spare};
        }
    START_PART(0, &parts[0][0]);
    if (wide) START_PART(1, &parts[0][1]);
    if (high) START_PART(2, &parts[1][0]);
    if (high && wide) START_PART(3, &parts[1][1]);
    const ptrdiff_t row_bytes = (ptrdiff_t)sizeof(float) * row, panel_bytes = nv * ROW_BYTES;
    MEMORY_IN_ORDER;
    for (int k = 0; k < K; k += STEP, a += step, panel += (ptrdiff_t)STEP * nv * VL) {
        _tile_loadd(6, panel, panel_bytes);
        _tile_loadd(4, a, row_bytes);
        _tile_dpbf16ps(0, 4, 6);
        if (wide) {
            _tile_loadd(7, panel + VL, panel_bytes);
            _tile_dpbf16ps(1, 4, 7);
        }
        if (high) {
            _tile_loadd(5, a + next, row_bytes);
            _tile_dpbf16ps(2, 5, 6);
            if (wide) _tile_dpbf16ps(3, 5, 7);
        }
    }
    END_PART(0, &parts[0][0]);
    if (wide) END_PART(1, &parts[0][1]);
    if (high) END_PART(2, &parts[1][0]);
    if (high && wide) END_PART(3, &parts[1][1]);
}

static void tile_rows(int mr, int nv, float *c, int ldc, const float *a, ptrdiff_t lda, const float *panel,
                      struct start_rows begin, enum gemm_start start, int columns, int K, int unit) {
    tile(mr, nv, c, ldc, a, lda, unit * lda, STEP, panel, begin, start, columns, K, unit);
}

/* Multiplies a tile whose rows of A were packed by pack_left. */
static void tile_packed(int mr, int nv, float *c, int ldc, const float *a, const float *panel, ptrdiff_t down,
                        int columns, int K, const float *ahead, ptrdiff_t stride, int unit) {
    (void)down, (void)ahead, (void)stride;
    tile(mr, nv, c, ldc, a, STEP, LEFT_PART, STEP * LEFT_WIDTH, panel, no_rows, START_C, columns, K, unit);
}

/* Runs multiply-adds that use registers only, with as many independent chains as in a tile; returns their number. */
static double peak_multiply_adds(int rounds) {
    begin_tiles(REGISTER_ROWS);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    for (int round = 0; round < rounds; round++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    end_tiles();
    return (double)rounds * 4 * REGISTER_ROWS * VL * STEP * WORD;
}

#endif
