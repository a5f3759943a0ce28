/*
 * The native back end's glue: kernels as JavaScript functions of plain numbers. A tensor is passed as its address (0 if
 * absent), which is the distance in bytes from `origin` to a location in an array buffer that JavaScript keeps alive.
 * Each open() binds its kernels to one instruction level.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <string.h>
#include "kernels.h"
#include "processor.h"

/* Adds a property `mpi` to the exports on platforms where MPI can be called; defined in cluster/mpi.c */
void register_mpi(napi_env env, napi_value exports);

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
extern const struct kernels kernels_avx512, kernels_avx2, kernels_avx2bf16, kernels_avx512int8, kernels_avx2int8;
#if !defined(__APPLE__)
/* Apple has never sold a computer whose processor has the bfloat16 instructions of AVX-512 or AMX. */
extern const struct kernels kernels_avx512bf16, kernels_amxbf16;
#endif
#else
extern const struct kernels kernels_baselinebf16, kernels_baselineint8;
#endif
#if defined(__aarch64__)
extern const struct kernels kernels_armbf16, kernels_armint8;
#endif
extern const struct kernels kernels_baseline;

#if defined(_WIN32) && __STDC_HOSTED__ == 0
/*
 * The linker on Windows requires this symbol wherever floating-point numbers are used; the C library would define it.
 */
int _fltused = 0;
#endif

/*
 * The location from which addresses are counted. A pointer does not fit V8's small integers, so each one passed to a
 * kernel would become a new number on the heap, which takes a tenth of the time in which a small model writes a
 * character. The distance of memory mapped near this library usually fits; a larger one works too.
 */
static _Alignas(64) uint8_t origin[64];

/*
 * Kernels for an instruction level, the precision of their matrix products, the level with which they share the other
 * kernels, if any, and whether their products have been measured to be faster on this processor than those of float32
 */
struct level {
    const char *name, *precision;
    const struct kernels *table, *base;
    int is_faster;
};

#define MAX_LEVELS 8

/* Instruction levels that this processor has, best first. */
static int supported_levels(struct level levels[MAX_LEVELS]) {
    int count = 0;
#define LEVEL_OF(name, precision, base) \
    levels[count++] = (struct level){#name, precision, &kernels_##name, base, 0}
#if defined(__x86_64__)
    const struct processor has = this_processor();
    if (has.avx512) LEVEL_OF(avx512, "f32", NULL);
    if (has.avx2) LEVEL_OF(avx2, "f32", NULL);
    LEVEL_OF(baseline, "f32", NULL);
#if !defined(__APPLE__)
    if (has.amx) {
        LEVEL_OF(amxbf16, "bf16", &kernels_avx512);
        levels[count - 1].is_faster = 1;
    }
    if (has.avx512 && has.bf16) {
        LEVEL_OF(avx512bf16, "bf16", &kernels_avx512);
        levels[count - 1].is_faster = has.fast_bf16;
    }
#endif
    if (has.avx2) LEVEL_OF(avx2bf16, "bf16", &kernels_avx2);
    if (has.avx512 && has.vnni) LEVEL_OF(avx512int8, "int8", &kernels_avx512);
    if (has.avx2) LEVEL_OF(avx2int8, "int8", &kernels_avx2);
#else
    LEVEL_OF(baseline, "f32", NULL);
#if defined(__aarch64__)
    const struct processor has = this_processor();
    if (has.bf16) LEVEL_OF(armbf16, "bf16", &kernels_baseline);
    if (has.dot_product) LEVEL_OF(armint8, "int8", &kernels_baseline);
#endif
    LEVEL_OF(baselinebf16, "bf16", &kernels_baseline);
    LEVEL_OF(baselineint8, "int8", &kernels_baseline);
#endif
#undef LEVEL_OF
    return count;
}

/*
 * Reads the arguments of a call as doubles, in which addresses up to 2^53 and 32-bit integers are exact. Returns the
 * kernels of the called function's instruction level.
 */
static const struct kernels *arguments(napi_env env, napi_callback_info info, double a[MAX_ARGUMENTS]) {
    napi_value values[MAX_ARGUMENTS];
    size_t count = MAX_ARGUMENTS;
    void *self = NULL;
    napi_get_cb_info(env, info, &count, values, NULL, &self);
    for (size_t i = 0; i < count && i < MAX_ARGUMENTS; i++) napi_get_value_double(env, values[i], &a[i]);
    return self;
}

/* Denormal numbers are flushed to 0: they take a hundred times as long to compute as others, and do not matter here. */
#if defined(__x86_64__)
#define FLUSH_DENORMALS unsigned int mode = _mm_getcsr(); _mm_setcsr(mode | 0x8040);
#define RESTORE_DENORMALS _mm_setcsr(mode);
#else
#define FLUSH_DENORMALS
#define RESTORE_DENORMALS
#endif

#define F(i) ((float *)(a[i] == 0 ? NULL : origin + (ptrdiff_t)a[i]))
#define IDS(i) ((const int32_t *)(a[i] == 0 ? NULL : origin + (ptrdiff_t)a[i]))
#define N(i) ((int)a[i])
#define U(i) ((uint32_t)a[i])
#define R(i) ((float)a[i])

#define FUNCTION(name, ...)                                                  \
    static napi_value call_##name(napi_env env, napi_callback_info info) {   \
        double a[MAX_ARGUMENTS] = {0};                                       \
        const struct kernels *self = arguments(env, info, a);                     \
        FLUSH_DENORMALS                                                      \
        self->name(__VA_ARGS__);                                    \
        RESTORE_DENORMALS                                                    \
        return NULL;                                                         \
    }

#define REDUCTION(name, ...)                                                 \
    static napi_value call_##name(napi_env env, napi_callback_info info) {   \
        double a[MAX_ARGUMENTS] = {0};                                       \
        const struct kernels *self = arguments(env, info, a);                     \
        napi_value result;                                                   \
        napi_create_double(env, self->name(__VA_ARGS__), &result);  \
        return result;                                                       \
    }

#include "generated/glue.h"

/* levels(precision) -> names of the instruction levels of this processor, best first */
static napi_value levels(napi_env env, napi_callback_info info) {
    napi_value value, list, name;
    size_t count = 1;
    napi_get_cb_info(env, info, &count, &value, NULL, NULL);
    char precision[8] = "";
    napi_get_value_string_utf8(env, value, precision, sizeof precision, NULL);
    struct level levels[MAX_LEVELS];
    int count_of_levels = supported_levels(levels);
    uint32_t listed = 0;
    napi_create_array(env, &list);
    for (int i = 0; i < count_of_levels; i++) {
        if (strcmp(levels[i].precision, precision) != 0) continue;
        napi_create_string_utf8(env, levels[i].name, NAPI_AUTO_LENGTH, &name);
        napi_set_element(env, list, listed++, name);
    }
    return list;
}

/* Finds the level that the only argument of a call names; returns whether the processor has it. */
static int named_level(napi_env env, napi_callback_info info, struct level *level) {
    napi_value value;
    size_t count = 1;
    char wanted[16] = "";
    napi_get_cb_info(env, info, &count, &value, NULL, NULL);
    napi_get_value_string_utf8(env, value, wanted, sizeof wanted, NULL);
    struct level levels[MAX_LEVELS];
    int count_of_levels = supported_levels(levels);
    for (int i = 0; i < count_of_levels; i++)
        if (strcmp(levels[i].name, wanted) == 0) {
            *level = levels[i];
            return 1;
        }
    return 0;
}

/* isFaster(level) -> whether products at this level have been measured to be faster here than those of float32 */
static napi_value is_faster(napi_env env, napi_callback_info info) {
    napi_value result;
    struct level level;
    napi_get_boolean(env, named_level(env, info, &level) && level.is_faster, &result);
    return result;
}

/*
 * Asks for huge pages, because the panels of a large weight span more 4 KB pages than a processor's second-level TLB
 * can hold. This is only a hint, so errors are ignored.
 */
static void ask_for_huge_pages(uint8_t *memory, size_t length) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 2u << 20;
    uintptr_t start = ((uintptr_t)memory + page - 1) & ~(page - 1), end = ((uintptr_t)memory + length) & ~(page - 1);
    if (start < end) madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)memory, (void)length;
#endif
}

/*
 * addressOf(memory) -> the address of its first byte. memory: a Uint8Array over a whole shared array buffer, which does
 * not move.
 */
static napi_value address_of(napi_env env, napi_callback_info info) {
    napi_value value, result;
    size_t count = 1, length = 0;
    void *memory = NULL;
    napi_get_cb_info(env, info, &count, &value, NULL, NULL);
    if (napi_get_typedarray_info(env, value, NULL, &length, &memory, NULL, NULL) != napi_ok || !memory) {
        napi_throw_error(env, NULL, "no such memory");
        return NULL;
    }
    ask_for_huge_pages(memory, length);
    napi_create_double(env, (double)((intptr_t)memory - (intptr_t)origin), &result);
    return result;
}

/*
 * clear(memory): sets the bytes of a Uint8Array to 0. On Linux whole pages are given back to the system, which provides
 * zeros when they are next used. 64 KB are a multiple of every page size.
 */
static napi_value clear(napi_env env, napi_callback_info info) {
    napi_value value;
    size_t count = 1, length = 0;
    void *memory = NULL;
    napi_get_cb_info(env, info, &count, &value, NULL, NULL);
    if (napi_get_typedarray_info(env, value, NULL, &length, &memory, NULL, NULL) != napi_ok) return NULL;
    uint8_t *first = memory, *last = first + length;
#if defined(__linux__) && defined(MADV_DONTNEED)
    const uintptr_t page = 64u << 10;
    uint8_t *start = (uint8_t *)(((uintptr_t)first + page - 1) & ~(page - 1));
    uint8_t *end = (uint8_t *)((uintptr_t)last & ~(page - 1));
    if (start < end) {
        /* madvise would not clear memory that other processes share; a byte that is set to 1 shows whether it did */
        *(volatile uint8_t *)start = 1;
        if (madvise(start, (size_t)(end - start), MADV_DONTNEED) == 0 && *(volatile uint8_t *)start == 0) {
            memset(end, 0, (size_t)(last - end));
            last = start;
        }
    }
#endif
    memset(first, 0, (size_t)(last - first));
    return NULL;
}

/* A kernel's name, its function for JavaScript, its offset in a level's table, and whether only training needs it */
static const struct entry {
    const char *name;
    napi_callback call;
    size_t place;
    int trains;
} entries[] = {
#define X(name, trains) {#name, call_##name, offsetof(struct kernels, name), trains},
    KERNEL_NAMES(X)
#undef X
};

static int has_kernel(const struct kernels *table, const struct entry *entry) {
    void *function;
    memcpy(&function, (const char *)table + entry->place, sizeof function);
    return function != NULL;
}

/* The table that contains a kernel for a level; NULL if there is none, as in a level that cannot train */
static const struct kernels *table_with(const struct level *level, const struct entry *entry) {
    if (has_kernel(level->table, entry)) return level->table;
    const int trains = strcmp(level->precision, "int8") != 0;
    return level->base && (trains || !entry->trains) && has_kernel(level->base, entry) ? level->base : NULL;
}

/* open(level) -> an object with the kernels of an instruction level */
static napi_value open_level(napi_env env, napi_callback_info info) {
    napi_value functions, function;
    struct level level;
    if (!named_level(env, info, &level)) {
        napi_throw_error(env, NULL, "no such instruction level");
        return NULL;
    }
#if defined(__x86_64__)
    if (strcmp(level.name, "amxbf16") == 0 && !may_use_tiles()) {
        napi_throw_error(env, NULL, "the operating system does not let this process use AMX");
        return NULL;
    }
#endif

    napi_create_object(env, &functions);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        const struct kernels *table = table_with(&level, &entries[i]);
        if (!table) continue;
        napi_create_function(env, entries[i].name, NAPI_AUTO_LENGTH, entries[i].call, (void *)table, &function);
        napi_set_named_property(env, functions, entries[i].name, function);
    }
    return functions;
}

NAPI_MODULE_INIT() {
    napi_value function;
    napi_create_function(env, "levels", NAPI_AUTO_LENGTH, levels, NULL, &function);
    napi_set_named_property(env, exports, "levels", function);
    napi_create_function(env, "isFaster", NAPI_AUTO_LENGTH, is_faster, NULL, &function);
    napi_set_named_property(env, exports, "isFaster", function);
    napi_create_function(env, "addressOf", NAPI_AUTO_LENGTH, address_of, NULL, &function);
    napi_set_named_property(env, exports, "addressOf", function);
    napi_create_function(env, "clear", NAPI_AUTO_LENGTH, clear, NULL, &function);
    napi_set_named_property(env, exports, "clear", function);
    napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_level, NULL, &function);
    napi_set_named_property(env, exports, "open", function);
    register_mpi(env, exports);
    return exports;
}
