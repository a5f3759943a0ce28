/*
 * Asks the processor which vector instructions it has: the compilers' own
 * __builtin_cpu_supports needs a run-time library that not every platform has.
 */
#ifndef CHARNN_PROCESSOR_H
#define CHARNN_PROCESSOR_H

#if defined(__x86_64__)
#include <cpuid.h>

/* Registers that the operating system saves when it changes from one thread to another (XCR0). */
static uint64_t saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

struct processor {
    int avx2, avx512, bf16, vnni;
};

/* Bits as in Intel's manual, volume 2, CPUID: leaf 1 ECX, leaf 7 EBX and ECX, leaf 7 subleaf 1 EAX. */
static struct processor this_processor(void) {
    struct processor has = {0, 0, 0, 0};
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return has;
    const int fma = c >> 12 & 1, osxsave = c >> 27 & 1;
    if (!fma || !osxsave || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return has;
    const uint64_t saved = saved_registers();
    const int f = b >> 16 & 1, dq = b >> 17 & 1, bw = b >> 30 & 1, vl = b >> 31 & 1;
    has.avx2 = (b >> 5 & 1) && (saved & 0x6) == 0x6;
    has.avx512 = has.avx2 && f && dq && bw && vl && (saved & 0xe6) == 0xe6;
    has.vnni = has.avx512 && (c >> 11 & 1);
    has.bf16 = has.avx512 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
    return has;
}
#endif

#endif
