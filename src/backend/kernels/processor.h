/*
 * Asks the processor, or on ARM the operating system, which vector instructions exist, because the compilers' own
 * __builtin_cpu_supports needs a run-time library that not every platform has.
 */
#ifndef CHARNN_PROCESSOR_H
#define CHARNN_PROCESSOR_H

#if defined(__x86_64__)
#include <cpuid.h>

/* Registers that the operating system saves when it switches threads (XCR0). */
static uint64_t saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

struct processor {
    int avx2, avx512, bf16, fast_bf16, vnni, amx;
};

/* Whether the processor is one of Intel's: its name is in EBX, EDX and ECX of leaf 0. */
static int is_intel(void) {
    uint32_t a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_INTEL_ebx && c == signature_INTEL_ecx &&
           d == signature_INTEL_edx;
}

/* Bits as in Intel's manual, volume 2, CPUID: leaf 1 ECX, leaf 7 EBX, ECX and EDX, leaf 7 subleaf 1 EAX. */
static struct processor this_processor(void) {
    struct processor has = {0, 0, 0, 0, 0, 0};
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return has;
    const int fma = c >> 12 & 1, osxsave = c >> 27 & 1;
    if (!fma || !osxsave || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return has;
    const uint64_t saved = saved_registers();
    const int f = b >> 16 & 1, dq = b >> 17 & 1, bw = b >> 30 & 1, vl = b >> 31 & 1;
    has.avx2 = (b >> 5 & 1) && (saved & 0x6) == 0x6;
    has.avx512 = has.avx2 && f && dq && bw && vl && (saved & 0xe6) == 0xe6;
    has.vnni = has.avx512 && (c >> 11 & 1);
    /* AMX-TILE and AMX-BF16, whose registers Linux saves for processes that have asked for them */
    const int tiles = (d >> 24 & 1) && (d >> 22 & 1) && (saved & 0x60000) == 0x60000;
    has.bf16 = has.avx512 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
    /*
     * On a Zen 4, products with AVX512-BF16 are 1.5 to 1.8 times as fast as those of float32; on an Intel Xeon, which
     * multiplies twice as many numbers in an instruction but begins half as many instructions, 0.6 times.
     */
    has.fast_bf16 = has.bf16 && !is_intel();
    has.amx = has.bf16 && tiles;
    return has;
}

/*
 * Asks Linux to let this process use AMX's tile registers (arch_prctl ARCH_REQ_XCOMP_PERM, component 18), and returns
 * whether it may. It is only called if they are going to be used, because from then on signal handlers need larger
 * stacks. On other systems it is not known how to ask, so the answer is no.
 */
static int may_use_tiles(void) {
#if defined(__linux__)
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(158L), "D"(0x1023L), "S"(18L) : "rcx", "r11", "memory");
    return result == 0;
#else
    return 0;
#endif
}

#elif defined(__aarch64__)

struct processor {
    int bf16, dot_product;
};

#if defined(__linux__)
#include <sys/auxv.h>

/* Bits as in Linux's arch/arm64/include/uapi/asm/hwcap.h: ASIMDDP, and in the second word BF16. */
static struct processor this_processor(void) {
    const unsigned long first = getauxval(16), second = getauxval(26);
    return (struct processor){.bf16 = second >> 14 & 1, .dot_product = first >> 20 & 1};
}

#elif defined(__APPLE__)
#include <stddef.h>
int sysctlbyname(const char *name, void *value, size_t *length, void *set, size_t set_length);

static int has_feature(const char *name) {
    int value = 0;
    size_t length = sizeof value;
    return sysctlbyname(name, &value, &length, NULL, 0) == 0 && value;
}

static struct processor this_processor(void) {
    return (struct processor){.bf16 = has_feature("hw.optional.arm.FEAT_BF16"),
                              .dot_product = has_feature("hw.optional.arm.FEAT_DotProd")};
}

#elif defined(_WIN32)
__declspec(dllimport) int IsProcessorFeaturePresent(unsigned long feature);

/* Numbers as in winnt.h: PF_ARM_V86_BF16_INSTRUCTIONS_AVAILABLE and PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE */
static struct processor this_processor(void) {
    return (struct processor){.bf16 = IsProcessorFeaturePresent(68) != 0,
                              .dot_product = IsProcessorFeaturePresent(43) != 0};
}

#else

static struct processor this_processor(void) { return (struct processor){0, 0}; }

#endif
#endif

#endif
