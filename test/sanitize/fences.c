/*
 * Memory that must not be touched, for the test of the kernels' bounds: poisoned for AddressSanitizer
 * (FENCES_POISON) or, without it, pages without any right.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(FENCES_POISON)
#include <sanitizer/asan_interface.h>
#define CLOSE(start, bytes) (ASAN_POISON_MEMORY_REGION(start, bytes), 0)
#define OPEN(start, bytes) (ASAN_UNPOISON_MEMORY_REGION(start, bytes), 0)
#else
#define CLOSE(start, bytes) mprotect(start, bytes, PROT_NONE)
#define OPEN(start, bytes) mprotect(start, bytes, PROT_READ | PROT_WRITE)
#endif

/* The two arguments of `open` and `close`: an address, and a number of bytes. */
static void *range(napi_env env, napi_callback_info info, size_t *bytes) {
    napi_value values[2];
    size_t count = 2;
    double a[2] = {0, 0};
    napi_get_cb_info(env, info, &count, values, NULL, NULL);
    for (size_t i = 0; i < count && i < 2; i++) napi_get_value_double(env, values[i], &a[i]);
    *bytes = (size_t)a[1];
    return (void *)(uintptr_t)a[0];
}

static napi_value close_range_of(napi_env env, napi_callback_info info) {
    size_t bytes;
    void *start = range(env, info, &bytes);
    if (CLOSE(start, bytes) != 0) napi_throw_error(env, NULL, "this memory cannot be closed");
    return NULL;
}

static napi_value open_range_of(napi_env env, napi_callback_info info) {
    size_t bytes;
    void *start = range(env, info, &bytes);
    if (OPEN(start, bytes) != 0) napi_throw_error(env, NULL, "this memory cannot be opened");
    return NULL;
}

/* pointerOf(memory): where a Uint8Array begins */
static napi_value pointer_of(napi_env env, napi_callback_info info) {
    napi_value value, result;
    size_t count = 1;
    void *memory = NULL;
    napi_get_cb_info(env, info, &count, &value, NULL, NULL);
    napi_get_typedarray_info(env, value, NULL, NULL, &memory, NULL, NULL);
    napi_create_double(env, (double)(uintptr_t)memory, &result);
    return result;
}

NAPI_MODULE_INIT() {
    napi_value value;
    napi_create_function(env, "pointerOf", NAPI_AUTO_LENGTH, pointer_of, NULL, &value);
    napi_set_named_property(env, exports, "pointerOf", value);
    napi_create_function(env, "close", NAPI_AUTO_LENGTH, close_range_of, NULL, &value);
    napi_set_named_property(env, exports, "close", value);
    napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_range_of, NULL, &value);
    napi_set_named_property(env, exports, "open", value);
    napi_create_double(env, (double)sysconf(_SC_PAGESIZE), &value);
    napi_set_named_property(env, exports, "pageBytes", value);
    return exports;
}
