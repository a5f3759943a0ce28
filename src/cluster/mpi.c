/*
 * MPI for JavaScript, as far as training on several machines needs it: it passes bytes between processes.
 */
#define NAPI_VERSION 8
#include <node_api.h>

void register_mpi(napi_env env, napi_value exports);

#if defined(__linux__) || defined(__APPLE__)

#include "mpi_pass.h"

/* Two of the tags in mpi.ts: for the data that training exchanges, and for a sign of life */
enum { exchange_tag = 1, beat_tag = 4 };

/*
 * load(path, isStandard) -> the version that the library reports; undefined if it is not an MPI library, or cannot be
 * loaded
 */
static napi_value load(napi_env env, napi_callback_info info) {
    napi_value arguments[2], result;
    size_t count = 2;
    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    char path[4096] = "";
    bool is_standard = false;
    napi_get_value_string_utf8(env, arguments[0], path, sizeof path, NULL);
    napi_get_value_bool(env, arguments[1], &is_standard);
    napi_get_undefined(env, &result);
    if (!load_library(path, is_standard)) return result;
    char version[8192] = "";
    int length = 0;
    if (mpi.version(version, &length) != 0 || length < 0 || length >= (int)sizeof version) length = 0;
    napi_create_string_utf8(env, version, (size_t)length, &result);
    return result;
}

static napi_value failed(napi_env env, const char *message) {
    napi_throw_error(env, NULL, message);
    return NULL;
}

/* initialize(max bytes of a piece of a message) -> [rank, number of processes] */
static napi_value initialize(napi_env env, napi_callback_info info) {
    napi_value argument;
    size_t count = 1;
    int32_t longest = 0;
    napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
    napi_get_value_int32(env, argument, &longest);
    if (longest > 0) piece = (size_t)longest;
    int provided = 0, rank = 0, size = 0;
    if (mpi.initialize(NULL, NULL, thread_multiple, &provided) != 0) return failed(env, "MPI cannot be initialised");
    if (provided < thread_multiple) return failed(env, "this MPI library cannot be called by several threads");
    if (mpi.rank(world, &rank) != 0 || mpi.size(world, &size) != 0) return failed(env, "MPI does not tell the rank");
    napi_value list, value;
    napi_create_array_with_length(env, 2, &list);
    napi_create_int32(env, rank, &value);
    napi_set_element(env, list, 0, value);
    napi_create_int32(env, size, &value);
    napi_set_element(env, list, 1, value);
    return list;
}

/* Adds the memory of a typed array, unless it is empty, to the segments of a message; returns whether it had room. */
static int add_segment(napi_env env, napi_value value, struct transfer *transfer, int room) {
    napi_typedarray_type type;
    size_t length = 0;
    void *start = NULL;
    if (napi_get_typedarray_info(env, value, &type, &length, &start, NULL, NULL) != napi_ok || length == 0) return 1;
    if (transfer->segment_count == room) return 0;
    const size_t width = type == napi_float64_array || type == napi_bigint64_array || type == napi_biguint64_array ? 8
        : type == napi_float32_array || type == napi_int32_array || type == napi_uint32_array                      ? 4
        : type == napi_int16_array || type == napi_uint16_array                                                   ? 2
                                                                                                                  : 1;
    transfer->segments[transfer->segment_count++] = (struct bytes){start, length * width};
    return 1;
}

/* Max number of segments of all messages of an exchange */
#define MAX_SEGMENTS 65536

/*
 * Memory for each thread that waits: one thread exchanges the data of a training step, with the tag `exchange_tag`, and
 * another one passes messages.
 */
static struct work {
    struct request requests[MAX_REQUESTS];
    struct transfer transfers[MAX_REQUESTS];
    struct bytes segments[MAX_SEGMENTS];
} exchanged, passed;

/*
 * exchange(tag, sent, received): sends sent[r] to each rank r, and receives received[r] from it. An element is a typed
 * array, or a list of them, which are of the same sizes on both sides; undefined if nothing is sent or received.
 */
static napi_value exchange(napi_env env, napi_callback_info info) {
    napi_value arguments[3], value, part;
    size_t count = 3;
    int32_t tag = 0;
    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    napi_get_value_int32(env, arguments[0], &tag);
    struct work *work = tag == exchange_tag ? &exchanged : &passed;
    int used = 0, segments = 0;
    for (int is_send = 0; is_send < 2; is_send++) {
        uint32_t peers = 0;
        napi_value list = arguments[is_send ? 1 : 2];
        napi_get_array_length(env, list, &peers);
        for (uint32_t peer = 0; peer < peers; peer++) {
            bool is_list = false, fits = true;
            napi_get_element(env, list, peer, &value);
            napi_is_array(env, value, &is_list);
            /* nothing is passed to or from this rank */
            if (!is_list && napi_get_typedarray_info(env, value, NULL, NULL, NULL, NULL, NULL) != napi_ok) continue;
            if (used == MAX_REQUESTS) return failed(env, "there are too many processes");
            struct transfer *transfer = &work->transfers[used];
            *transfer = (struct transfer){.segments = work->segments + segments, .peer = (int)peer, .is_send = is_send};
            const int room = MAX_SEGMENTS - segments;
            uint32_t parts = 0;
            if (is_list) napi_get_array_length(env, value, &parts);
            else fits = add_segment(env, value, transfer, room);
            for (uint32_t i = 0; i < parts && fits; i++) {
                napi_get_element(env, value, i, &part);
                fits = add_segment(env, part, transfer, room);
            }
            if (!fits) return failed(env, "a message has too many parts");
            segments += transfer->segment_count;
            if (transfer->segment_count > 0) used++;
        }
    }
    const char *error = pass(work->transfers, used, tag, work->requests);
    if (error) return failed(env, error);
    napi_get_undefined(env, &value);
    return value;
}

/* probe(tag, rank) -> number of bytes of the message that has come from that rank; undefined if none has */
static napi_value probe(napi_env env, napi_callback_info info) {
    napi_value arguments[2], result;
    size_t count = 2;
    int32_t tag = 0, peer = 0;
    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    napi_get_value_int32(env, arguments[0], &tag);
    napi_get_value_int32(env, arguments[1], &peer);
    int flag = 0, length = 0;
    status_t status;
    napi_get_undefined(env, &result);
    if (mpi.probe(peer, tag, world, &flag, &status) != 0) return failed(env, refused);
    if (!flag) return result;
    if (mpi.count(&status, byte_type, &length) != 0) return failed(env, refused);
    napi_create_int32(env, length, &result);
    return result;
}

/* Max number of ranks with which signs of life are exchanged */
#define MAX_PEERS 4096

/*
 * beat(rank): sends a sign of life, unless the preceding one has not been received yet. It never waits, because signs
 * of life have to reveal that the other side no longer answers.
 */
static napi_value beat(napi_env env, napi_callback_info info) {
    static struct request sent[MAX_PEERS];
    static uint8_t is_sent[MAX_PEERS];
    static const uint8_t sign = 1;
    napi_value argument, result;
    size_t count = 1;
    int32_t peer = 0;
    napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
    napi_get_value_int32(env, argument, &peer);
    napi_get_undefined(env, &result);
    if (peer < 0 || peer >= MAX_PEERS) return result;
    if (is_sent[peer]) {
        status_t status;
        int flag = 0;
        if (mpi.test(&sent[peer].handle, &flag, &status) != 0 || !flag) return result;
        is_sent[peer] = 0;
    }
    sent[peer].handle = 0;
    if (mpi.send(&sign, 1, byte_type, peer, beat_tag, world, &sent[peer].handle) == 0) is_sent[peer] = 1;
    return result;
}

/* breakOff(): ends all waits of this process, permanently. */
static napi_value break_off(napi_env env, napi_callback_info info) {
    napi_value result;
    (void)info;
    is_broken = 1;
    napi_get_undefined(env, &result);
    return result;
}

static napi_value finalize(napi_env env, napi_callback_info info) {
    napi_value result;
    (void)info;
    mpi.finalize();
    napi_get_undefined(env, &result);
    return result;
}

void register_mpi(napi_env env, napi_value exports) {
    static const struct { const char *name; napi_callback function; } functions[] = {
        {"load", load},   {"initialize", initialize}, {"exchange", exchange}, {"probe", probe}, {"beat", beat},
        {"breakOff", break_off}, {"finalize", finalize},
    };
    napi_value object, function;
    napi_create_object(env, &object);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
        napi_set_named_property(env, object, functions[i].name, function);
    }
    napi_set_named_property(env, exports, "mpi", object);
}

#else

/* MPI for Windows uses another calling convention, and charnn knows no launcher for it. */
void register_mpi(napi_env env, napi_value exports) {
    (void)env, (void)exports;
}

#endif
