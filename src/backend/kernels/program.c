/*
 * A cell given by equations over a chunk: matrix products, and between them a program of element-wise operations.
 * cells/encode-program.ts describes the format of the program.
 *
 * The operations run on one tile after the other: some units of some rows, so few that all registers of the program fit
 * in the first-level cache. Each operation is a loop over the tile.
 */
#include "functions.h"
#include "sharing.h"
#include "weights.h"

/*
 * Max number of elements of the tile on which element-wise operations run at a time, unless an operation needs whole
 * rows, which may be longer
 */
#define PROGRAM_TILE 512
/* Max number of vectors in memory that the operations between two matrix products use; the same as cellLimits.places */
#define MAX_PLACES 512

/* Added to a variance before its square root is taken */
#define NORM_EPSILON 1e-5f

/* Fields of the header with which a cell's program begins */
enum {
    REGISTERS,
    ACCUMULATES,
    INPUT_COLUMNS,
    INPUT_REGION,
    GROUPS,
    WHOLE_ROWS,
    BEFORE,
    LOOP,
    LOOP_BACK,
    AFTER,
    GROUP_TABLE
};

enum operation {
    COPY, ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, LARGER, RELU, SIGMOID, TANH, EXP, LOG, SOFTPLUS, NORM,
    GREATER, D_SIGMOID, D_TANH, D_NORM, MULTIPLY_ADD, MULTIPLY_SUBTRACT, SUBTRACT_PRODUCT
};

struct program {
    int B, H;
    const int32_t *code, *offsets;
    /*
     * The arrays in which an operand of the cell's program can be, numbered as the program numbers them: the memory of
     * the layer, the learned vectors, the gradients w.r.t. these vectors, and the gradient w.r.t. the output
     */
    float *bases[4];
    float *registers;
    /* the packed matrices, in the order of the table in which the cell's program lists its groups of matrices */
    const float *packed;
    /* if the input projection is looked up: the table, and the id of each row */
    const float *table;
    const int32_t *ids;
    float *room;
};

struct operand {
    float *at;
    ptrdiff_t stride;
};

struct group {
    const float *argument;
    float *products;
    int size;
    const float *packed;
};

INLINE vec absolute(vec x) { return larger(x, -x); }

/* log(1 + exp x), without overflow */
INLINE vec vec_softplus(vec x) {
    return larger(splat(0), x) + vec_log(1 + vec_exp(-absolute(x)));
}

/*
 * The mean of VALUE over a row of n elements, in every element of a vector; in VALUE, AT(p) is the vector at index `at`
 * of the row p.
 */
#define ROW_MEAN(total, n, VALUE)                                               \
    do {                                                                        \
        vec sums = {0};                                                         \
        _Pragma("GCC unroll 1")                                                 \
        for (int at = 0; at < (n); at += VL) {                                  \
            int inside = (n) - at < VL ? (n) - at : VL;                         \
            sums += first_elements(VALUE, inside);                              \
        }                                                                       \
        total = sum_of_elements(sums) / splat((float)(n));                      \
    } while (0)

#define AT(p) (inside == VL ? load((p) + at) : load_part((p) + at, inside))

/* to <- x shifted and scaled to mean 0 and variance 1 */
static void norm_row(float *to, const float *x, int n) {
    vec mean, variance;
    ROW_MEAN(mean, n, AT(x));
    ROW_MEAN(variance, n, (AT(x) - mean) * (AT(x) - mean));
    vec scale = splat(1 / __builtin_sqrtf(variance[0] + NORM_EPSILON));
#define BODY(n) STORE(to + at, (LOAD(x + at, n) - mean) * scale, n);
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

/* to <- gradient w.r.t. the x of norm_row; d: gradient w.r.t. its result */
static void norm_row_backward(float *to, const float *d, const float *x, int n) {
    vec mean, variance, sum, product;
    ROW_MEAN(mean, n, AT(x));
    ROW_MEAN(variance, n, (AT(x) - mean) * (AT(x) - mean));
    vec scale = splat(1 / __builtin_sqrtf(variance[0] + NORM_EPSILON));
    ROW_MEAN(sum, n, AT(d));
    ROW_MEAN(product, n, AT(d) * (AT(x) - mean) * scale);
#define BODY(n) \
    STORE(to + at, scale *(LOAD(d + at, n) - sum - (LOAD(x + at, n) - mean) * scale * product), n);
    FOR_VECTORS(at, n, BODY);
#undef BODY
}

/* Runs one element-wise operation of a cell's program on `rows` rows of n elements. */
static void run_operation(enum operation op, int rows, int n, struct operand to, struct operand a,
                          struct operand b, struct operand c) {
    if (rows > 1 && to.stride == n && a.stride == n && b.stride == n && c.stride == n && op != NORM && op != D_NORM)
        n *= rows, rows = 1;
#define X LOAD(a.at + at, count)
#define Y LOAD(b.at + at, count)
#define Z LOAD(c.at + at, count)
#define CASE(name, VALUE)                                                                        \
    case name:                                                                                   \
        for (; rows > 0; rows--, to.at += to.stride, a.at += a.stride, b.at += b.stride, c.at += c.stride) { \
            int at = 0, count = VL;                                                              \
            for (; at + VL <= n; at += VL) store(to.at + at, VALUE);                             \
            if (at < n) {                                                                        \
                count = n - at;                                                                  \
                STORE(to.at + at, VALUE, count);                                                 \
            }                                                                                    \
        }                                                                                        \
        break;
    switch (op) {
        CASE(COPY, X)
        CASE(ADD, X + Y)
        CASE(SUBTRACT, X - Y)
        CASE(MULTIPLY, X * Y)
        CASE(DIVIDE, X / Y)
        CASE(NEGATE, -X)
        CASE(LARGER, larger(X, Y))
        CASE(RELU, larger(splat(0), X))
        CASE(SIGMOID, vec_logistic(X))
        CASE(TANH, vec_tanh(X))
        CASE(EXP, vec_exp(X))
        CASE(LOG, vec_log(X))
        CASE(SOFTPLUS, vec_softplus(X))
        CASE(GREATER, choose((ivec)(X > Y), splat(1), splat(0)))
        CASE(D_SIGMOID, X * Y * (1 - Y))
        CASE(D_TANH, X * (1 - Y * Y))
        CASE(MULTIPLY_ADD, X * Y + Z)
        CASE(MULTIPLY_SUBTRACT, X * Y - Z)
        CASE(SUBTRACT_PRODUCT, Z - X * Y)
    case NORM:
        for (; rows > 0; rows--, to.at += to.stride, a.at += a.stride) norm_row(to.at, a.at, n);
        break;
    case D_NORM:
        for (; rows > 0; rows--, to.at += to.stride, a.at += a.stride, b.at += b.stride)
            norm_row_backward(to.at, a.at, b.at, n);
        break;
    }
#undef CASE
#undef X
#undef Y
#undef Z
}

#define run_vectors SHARED(run_vectors)
/*
 * Runs a series of element-wise operations of a cell's program for `rows` rows, beginning at time step t. Returns a
 * pointer to what follows them in the program.
 */
OF_BASE const int32_t *run_vectors(const struct program *p, const int32_t *code, int t, int rows)
#if defined(BASE)
    ;
#else
{
    const int H = p->H;
    struct operand places[MAX_PLACES];
    const int place_count = *code++;
    for (int i = 0; i < place_count; i++, code += 5) {
        ptrdiff_t row = code[2] ? (ptrdiff_t)t * p->B : 0;
        float *base = p->bases[code[0]] + (code[0] == 0 ? p->offsets[code[1]] : 0);
        places[i] = (struct operand){base + (row * code[3] + code[4]) * H, (ptrdiff_t)code[3] * H};
    }
    const int count = *code++;
    const int32_t *end = code + 5 * count;
    const int whole = p->code[WHOLE_ROWS];
    /* a row is divided into tiles of about equal length */
    const int across = whole ? 1 : (H + PROGRAM_TILE - 1) / PROGRAM_TILE;
    const int units = across == 1 ? H : ((H + across - 1) / across + VL - 1) / VL * VL;
    const int down = units < PROGRAM_TILE ? PROGRAM_TILE / units : 1;
    const size_t register_size = units > PROGRAM_TILE ? units : PROGRAM_TILE;
    for (int row = 0; row < rows; row += down)
        for (int unit = 0; unit < H; unit += units) {
            const int tile_rows = rows - row < down ? rows - row : down;
            const int n = H - unit < units ? H - unit : units;
            for (const int32_t *op = code; op < end; op += 5) {
                struct operand operands[4];
                for (int i = 0; i < 4; i++) {
                    int x = op[1 + i];
                    if (x >= 0) operands[i] = (struct operand){p->registers + x * register_size, n};
                    else {
                        struct operand place = places[-1 - x];
                        place.at += row * place.stride + unit;
                        operands[i] = place;
                    }
                }
                run_operation((enum operation)op[0], tile_rows, n, operands[0], operands[1], operands[2],
                              operands[3]);
            }
        }
    return end;
}
#endif

/*
 * Returns group g of the cell's matrices (a group multiplies one vector), with its panels: those of the transposed
 * matrices for the forward pass, those of the matrices themselves for the backward pass.
 */
static struct group find_group(const struct program *p, int g, int backward) {
    const int H = p->H;
    const int32_t *entry = p->code + p->code[GROUP_TABLE];
    struct group found = {NULL, NULL, 0, p->packed};
    for (int i = 0;; i++, entry += 3) {
        found.size = entry[2];
        if (i == g) break;
        found.packed += backward ? packed_size(H, found.size * H) : weight_size(found.size * H, H);
    }
    found.argument = p->bases[0] + p->offsets[entry[0]];
    found.products = p->bases[0] + p->offsets[entry[1]];
    return found;
}

static void multiply(const struct program *p, int g, int t, int rows) {
    const int H = p->H;
    struct group of = find_group(p, g, 0);
    const ptrdiff_t row = (ptrdiff_t)t * p->B;
    const int N = of.size * H;
    const int to_input = of.products == p->bases[0] + p->offsets[p->code[INPUT_REGION]];
    struct start_rows looked_up = {p->table, p->table ? p->ids + row : NULL};
    weight_product(of.products + row * N, N, of.argument + row * H, H, of.packed, looked_up,
                   !to_input ? START_ZERO : p->table ? START_ROWS : START_C, rows, N, H, p->room);
}

#if !defined(INT8)
static void multiply_backward(const struct program *p, int g, int region, int accumulate, int t, int rows) {
    const int H = p->H;
    struct group of = find_group(p, g, 1);
    const int N = of.size * H;
    gemm(p->bases[0] + p->offsets[region], H, of.products + (ptrdiff_t)t * p->B * N, N, of.packed, no_rows,
         accumulate ? START_C : START_ZERO, rows, H, N, p->room);
}
#endif

/*
 * Runs one of the lists of matrix products and element-wise operations of which a cell's program consists, for `rows`
 * rows, beginning at time step t.
 */
static void run_list(const struct program *p, int list, int t, int rows) {
    const int32_t *code = p->code + p->code[list];
    for (int count = *code++; count > 0; count--) switch (*code++) {
        case 0: code = run_vectors(p, code, t, rows); break;
        case 1:
            multiply(p, code[0], t, rows);
            code += 1;
            break;
#if !defined(INT8)
        default:
            multiply_backward(p, code[0], code[1], code[2], t, rows);
            code += 3;
#endif
    }
}

KERNEL void program_forward(int T, int B, int H, const int32_t *code, const int32_t *offsets, float *memory,
                            const float *weight, const float *vectors, const float *table,
                            const int32_t *ids, const float *packed, float *scratch) {
    const int32_t *entry = code + code[GROUP_TABLE];
    if (!packed) {
        packed = scratch;
        for (int g = 0; g < code[GROUPS]; g++, weight += (size_t)entry[2] * H * H, entry += 3) {
            pack_weights(scratch, weight, entry[2] * H, H);
            scratch += weight_size(entry[2] * H, H);
        }
    }
    struct program p = {
        B, H, code, offsets, {memory, (float *)vectors, NULL, NULL}, scratch + ROOM, packed, NULL, ids,
        needed_room(scratch)};
    if (table && code[ACCUMULATES]) p.table = table;
    else if (table) gather(memory + offsets[code[INPUT_REGION]], table, ids, T * B, code[INPUT_COLUMNS] * H);
    run_list(&p, BEFORE, 0, T * B);
    for (int t = 0; t < T; t++) run_list(&p, LOOP, t, B);
}

KERNEL void program_backward(int T, int B, int H, const int32_t *code, const int32_t *offsets, float *memory,
                             const float *weight, const float *vectors, float *vector_gradients,
                             const float *d_output, float *scratch) {
    struct program p = {
        B, H, code, offsets, {memory, (float *)vectors, vector_gradients, (float *)d_output}, NULL, scratch, NULL,
        NULL, NULL};
    const int32_t *entry = code + code[GROUP_TABLE];
    for (int g = 0; g < code[GROUPS]; g++, weight += (size_t)entry[2] * H * H, entry += 3) {
        pack_rows(scratch, weight, H, entry[2] * H, H);
        scratch += packed_size(H, entry[2] * H);
    }
    p.room = scratch;
    p.registers = scratch + ROW_COPIES;
    for (int t = T - 1; t >= 0; t--) run_list(&p, LOOP_BACK, t, B);
    run_list(&p, AFTER, 0, T * B);
}
