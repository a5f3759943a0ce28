/*
 * The native back end's glue: kernels as JavaScript functions of plain numbers, addresses counted from
 * the start of the shared memory (0: no tensor). Each open() binds its kernels to one memory and one
 * instruction level; what it binds ends with the environment, that is the thread, that loaded the addon.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include "kernels.h"
#include "processor.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
extern const struct kernels kernels_avx512, kernels_avx2;
#endif
extern const struct kernels kernels_baseline;

#if defined(_WIN32) && __STDC_HOSTED__ == 0
/* The linker of Windows asks for this symbol wherever floating-point numbers are used; the C library has it. */
int _fltused = 0;
#endif

/* What the functions of one open() work with: their data pointer. */
struct binding {
    const struct kernels *kernels;
    uint8_t *memory;
};

/* Instruction levels that this processor has, best first. */
static int supported_levels(const char *names[3], const struct kernels *tables[3]) {
    int count = 0;
#if defined(__x86_64__)
    const struct processor has = this_processor();
    if (has.avx512) names[count] = "avx512", tables[count++] = &kernels_avx512;
    if (has.avx2) names[count] = "avx2", tables[count++] = &kernels_avx2;
#endif
    names[count] = "baseline", tables[count++] = &kernels_baseline;
    return count;
}

/* The arguments as doubles: addresses to 2^53 and 32-bit integers are exact in them. */
static struct binding *arguments(napi_env env, napi_callback_info info, double a[MAX_ARGUMENTS]) {
    napi_value values[MAX_ARGUMENTS];
    size_t count = MAX_ARGUMENTS;
    void *self = NULL;
    napi_get_cb_info(env, info, &count, values, NULL, &self);
    for (size_t i = 0; i < count && i < MAX_ARGUMENTS; i++) napi_get_value_double(env, values[i], &a[i]);
    return self;
}

/* Denormal numbers cost a hundred times the time of others and mean nothing here. */
#if defined(__x86_64__)
#define FLUSH_DENORMALS unsigned int mode = _mm_getcsr(); _mm_setcsr(mode | 0x8040);
#define RESTORE_DENORMALS _mm_setcsr(mode);
#else
#define FLUSH_DENORMALS
#define RESTORE_DENORMALS
#endif

#define F(i) ((float *)(a[i] == 0 ? NULL : self->memory + (size_t)a[i]))
#define IDS(i) ((const int32_t *)F(i))
#define N(i) ((int)a[i])
#define U(i) ((uint32_t)a[i])
#define R(i) ((float)a[i])

#define FUNCTION(name, ...)                                                  \
    static napi_value call_##name(napi_env env, napi_callback_info info) {   \
        double a[MAX_ARGUMENTS] = {0};                                       \
        struct binding *self = arguments(env, info, a);                     \
        FLUSH_DENORMALS                                                      \
        self->kernels->name(__VA_ARGS__);                                    \
        RESTORE_DENORMALS                                                    \
        return NULL;                                                         \
    }

#define REDUCTION(name, ...)                                                 \
    static napi_value call_##name(napi_env env, napi_callback_info info) {   \
        double a[MAX_ARGUMENTS] = {0};                                       \
        struct binding *self = arguments(env, info, a);                     \
        napi_value result;                                                   \
        napi_create_double(env, self->kernels->name(__VA_ARGS__), &result);  \
        return result;                                                       \
    }

#include "generated/glue.h"

/* levels() -> names of the instruction levels of this processor, best first */
static napi_value levels(napi_env env, napi_callback_info info) {
    (void)info;
    const char *names[3];
    const struct kernels *tables[3];
    int count = supported_levels(names, tables);
    napi_value list, name;
    napi_create_array(env, &list);
    for (int i = 0; i < count; i++) {
        napi_create_string_utf8(env, names[i], NAPI_AUTO_LENGTH, &name);
        napi_set_element(env, list, (uint32_t)i, name);
    }
    return list;
}

/*
 * Asks for huge pages wherever the memory is or will grow to: the panels of a large weight lie on more
 * pages of 4 KB than a processor's second-level TLB can hold. A wish, so an error means nothing.
 */
static void ask_for_huge_pages(uint8_t *memory) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 2u << 20, reach = (uintptr_t)1 << 32;
    uint8_t *start = (uint8_t *)(((uintptr_t)memory + page - 1) & ~(page - 1));
    madvise(start, reach - page, MADV_HUGEPAGE);
#else
    (void)memory;
#endif
}

/*
 * open(memory, level) -> the kernels. memory: a Uint8Array over the whole shared memory, which grows in
 * place, so that its address holds for good.
 */
static napi_value open_level(napi_env env, napi_callback_info info) {
    napi_value values[2], functions, function;
    size_t count = 2;
    napi_get_cb_info(env, info, &count, values, NULL, NULL);

    char wanted[16] = "";
    napi_get_value_string_utf8(env, values[1], wanted, sizeof wanted, NULL);
    const char *names[3];
    const struct kernels *tables[3], *table = NULL;
    int levels = supported_levels(names, tables);
    for (int i = 0; i < levels; i++)
        if (strcmp(names[i], wanted) == 0) table = tables[i];
    void *memory = NULL;
    if (napi_get_typedarray_info(env, values[0], NULL, NULL, &memory, NULL, NULL) != napi_ok || !memory ||
        !table) {
        napi_throw_error(env, NULL, "no such memory or instruction level");
        return NULL;
    }
    struct binding *self = malloc(sizeof *self);
    if (!self || napi_add_env_cleanup_hook(env, free, self) != napi_ok) {
        free(self);
        napi_throw_error(env, NULL, "out of memory");
        return NULL;
    }
    *self = (struct binding){table, memory};
    ask_for_huge_pages(memory);

    napi_create_object(env, &functions);
#define X(result, name, parameters)                                                               \
    napi_create_function(env, #name, NAPI_AUTO_LENGTH, call_##name, self, &function);             \
    napi_set_named_property(env, functions, #name, function);
    KERNELS(X)
#undef X
    return functions;
}

NAPI_MODULE_INIT() {
    napi_value function;
    napi_create_function(env, "levels", NAPI_AUTO_LENGTH, levels, NULL, &function);
    napi_set_named_property(env, exports, "levels", function);
    napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_level, NULL, &function);
    napi_set_named_property(env, exports, "open", function);
    return exports;
}
