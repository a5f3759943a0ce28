/*
 * AMX's tile registers and the instructions for them that the kernels use, as plain C, for processors without them.
 * Numbers are rounded, and sums are taken in the order, as Intel's Instruction Set Extensions Programming Reference
 * has it for each instruction, so that the results are a processor's, bit by bit.
 *
 * A call that a processor would refuse ends the process: with registers that have no shape, or shapes that do not go
 * together.
 */
#ifndef CHARNN_EMULATED_AMX_H
#define CHARNN_EMULATED_AMX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TILE_REGISTERS 8

struct tile_register {
    uint32_t words[16][16];
    int rows, row_bytes;
};

static _Thread_local struct tile_register tile_registers[TILE_REGISTERS];

#define REFUSE_UNLESS(condition) \
    if (!(condition)) __builtin_trap()

/* The configuration: palette 1, nothing reserved, rows up to 64 bytes and up to 16 of them */
EMULATED void _tile_loadconfig(const void *memory) {
    const uint8_t *bytes = memory;
    REFUSE_UNLESS(bytes[0] == 1 && bytes[1] == 0);
    for (int i = 2; i < 16; i++) REFUSE_UNLESS(bytes[i] == 0);
    for (int i = 0; i < 16; i++) {
        uint16_t row_bytes;
        memcpy(&row_bytes, bytes + 16 + 2 * i, sizeof row_bytes);
        const int rows = bytes[48 + i];
        REFUSE_UNLESS(row_bytes <= 64 && row_bytes % 4 == 0 && rows <= 16 && (i < TILE_REGISTERS || !(rows || row_bytes)));
        if (i < TILE_REGISTERS) tile_registers[i] = (struct tile_register){.rows = rows, .row_bytes = row_bytes};
    }
}

EMULATED void _tile_release(void) { memset(tile_registers, 0, sizeof tile_registers); }

EMULATED struct tile_register *shaped(int number) {
    struct tile_register *found = &tile_registers[number];
    REFUSE_UNLESS(found->rows > 0 && found->row_bytes > 0);
    return found;
}

EMULATED void _tile_zero(int number) { memset(shaped(number)->words, 0, sizeof tile_registers[number].words); }

EMULATED void _tile_loadd(int number, const void *from, ptrdiff_t stride) {
    struct tile_register *to = shaped(number);
    memset(to->words, 0, sizeof to->words);
    for (int m = 0; m < to->rows; m++) {
        /* word by word, so that a sanitizer sees each one that is read */
        const uint8_t *row = (const uint8_t *)from + m * stride;
        for (int n = 0; n < to->row_bytes / 4; n++) memcpy(&to->words[m][n], row + 4 * n, 4);
    }
}

EMULATED void _tile_stored(int number, void *to, ptrdiff_t stride) {
    const struct tile_register *from = shaped(number);
    for (int m = 0; m < from->rows; m++) {
        uint8_t *row = (uint8_t *)to + m * stride;
        for (int n = 0; n < from->row_bytes / 4; n++) memcpy(row + 4 * n, &from->words[m][n], 4);
    }
}

EMULATED float tile_number(uint32_t bits) {
    /* a denormal number is zero */
    if (!(bits & 0x7f800000)) bits &= 0x80000000;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

EMULATED uint32_t tile_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7f800000 ? bits : bits & 0x80000000;
}

/* a b + c, rounded once */
EMULATED float tile_multiply_add(float a, float b, float c) { return tile_number(tile_bits(__builtin_fmaf(a, b, c))); }

EMULATED void _tile_dpbf16ps(int number, int left, int right) {
    struct tile_register *c = shaped(number);
    const struct tile_register *a = shaped(left), *b = shaped(right);
    REFUSE_UNLESS(a->rows == c->rows && b->row_bytes == c->row_bytes && b->rows == a->row_bytes / 4);
    REFUSE_UNLESS(number != left && number != right && left != right);
    for (int m = 0; m < c->rows; m++)
        for (int n = 0; n < c->row_bytes / 4; n++) {
            float first = 0, second = 0;
            for (int k = 0; k < b->rows; k++) {
                const uint32_t x = a->words[m][k], y = b->words[k][n];
                first = tile_multiply_add(tile_number(x << 16), tile_number(y << 16), first);
                second = tile_multiply_add(tile_number(x & 0xffff0000), tile_number(y & 0xffff0000), second);
            }
            const float both = tile_number(tile_bits(first + second));
            c->words[m][n] = tile_bits(tile_number(c->words[m][n]) + both);
        }
}

#endif
