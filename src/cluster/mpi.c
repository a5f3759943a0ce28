/*
 * MPI for JavaScript, as far as training on several machines needs it: it passes bytes between processes. It is
 * compiled without mpi.h and is not linked to any MPI library, but loads the library of the machine on which charnn
 * runs.
 *
 * Implementations of MPI differ in the constants that a program passes to them. There are three kinds: Open MPI,
 * recognised by a name that it exports; the binary interface of MPI 5.0, by the name of the library's file
 * (launcher.ts); and MPICH. A handle is a pointer in Open MPI and an integer in the other two; both fit in an intptr_t.
 *
 * No call waits inside the library. Instead, code here tests repeatedly whether a message is complete, first at once
 * and then with pauses, so that processes which share cores do not keep each other from working, and so that another
 * thread can end the wait when the other side is lost.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

void register_mpi(napi_env env, napi_value exports);

#if defined(__linux__) || defined(__APPLE__)

/* Declared here, because the addons of the package are compiled without the headers of a C library. */
extern void *dlopen(const char *path, int flags);
extern void *dlsym(void *library, const char *name);
extern int usleep(unsigned int microseconds);
#if defined(__APPLE__)
#define LOAD_FLAGS (0x2 | 0x8)
#else
/* RTLD_NOW | RTLD_GLOBAL: plugins of Open MPI look for symbols of the library that loads them */
#define LOAD_FLAGS (0x2 | 0x100)
#endif

typedef intptr_t handle;
/* Memory for a status of MPI, which is larger than the status of any implementation */
typedef struct { int64_t words[16]; } status_t;

static struct {
    int (*initialize)(int *, char ***, int, int *);
    int (*finalize)(void);
    int (*rank)(handle, int *);
    int (*size)(handle, int *);
    int (*send)(const void *, int, handle, int, int, handle, handle *);
    int (*receive)(void *, int, handle, int, int, handle, handle *);
    int (*test)(handle *, int *, status_t *);
    int (*probe)(int, int, handle, int *, status_t *);
    int (*count)(const status_t *, handle, int *);
    int (*version)(char *, int *);
} mpi;

static handle world, byte_type;
/* The level of thread support at which several threads may call the library */
static int thread_multiple = 3;
/* Set by one thread to end the waits of another */
static volatile int is_broken;

/* Two of the tags in mpi.ts: for the data that training exchanges, and for a sign of life */
enum { exchange_tag = 1, beat_tag = 4 };

/* Max bytes of a piece of a message, because MPI has lengths of 32 bits */
#define PIECE ((size_t)1 << 30)
/* Max number of pieces in transit at the same time, in both directions */
#define MAX_REQUESTS 4096

/* Number of tests before the first pause; a test takes about a tenth of a microsecond. */
#define EAGER_TESTS 500
#define PAUSE_MICROSECONDS 20

static int find_functions(void *library) {
    struct { void **place; const char *name; } list[] = {
        {(void **)&mpi.initialize, "MPI_Init_thread"}, {(void **)&mpi.finalize, "MPI_Finalize"},
        {(void **)&mpi.rank, "MPI_Comm_rank"},         {(void **)&mpi.size, "MPI_Comm_size"},
        {(void **)&mpi.send, "MPI_Isend"},             {(void **)&mpi.receive, "MPI_Irecv"},
        {(void **)&mpi.test, "MPI_Test"},              {(void **)&mpi.probe, "MPI_Iprobe"},
        {(void **)&mpi.count, "MPI_Get_count"},        {(void **)&mpi.version, "MPI_Get_library_version"},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (!(*list[i].place = dlsym(library, list[i].name))) return 0;
    return 1;
}

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
    void *library = dlopen(path, LOAD_FLAGS);
    if (!library || !find_functions(library)) return result;
    void *open_mpi = dlsym(library, "ompi_mpi_comm_world");
    if (open_mpi) {
        world = (handle)open_mpi;
        byte_type = (handle)dlsym(library, "ompi_mpi_byte");
    } else if (is_standard) {
        /* the binary interface that MPI 5.0 fixes for all implementations */
        world = 0x101;
        byte_type = 0x247;
        thread_multiple = 4096;
    } else {
        world = 0x44000000;
        byte_type = 0x4c00010d;
    }
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

/* initialize() -> [rank, number of processes] */
static napi_value initialize(napi_env env, napi_callback_info info) {
    (void)info;
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

struct bytes {
    uint8_t *start;
    size_t length;
};

/* The memory of a typed array; empty for any other value */
static struct bytes bytes_of(napi_env env, napi_value value) {
    struct bytes bytes = {NULL, 0};
    napi_typedarray_type type;
    size_t length = 0;
    void *start = NULL;
    if (napi_get_typedarray_info(env, value, &type, &length, &start, NULL, NULL) != napi_ok) return bytes;
    const size_t width = type == napi_float64_array || type == napi_bigint64_array || type == napi_biguint64_array ? 8
        : type == napi_float32_array || type == napi_int32_array || type == napi_uint32_array                      ? 4
        : type == napi_int16_array || type == napi_uint16_array                                                   ? 2
                                                                                                                  : 1;
    bytes.start = start;
    bytes.length = length * width;
    return bytes;
}

struct request {
    handle handle;
    int is_complete;
};

static const char *const too_many = "a message is too long";
static const char *const refused = "MPI refused a message";

/* Starts sending or receiving an array's bytes; returns NULL, or a description of the error. */
static const char *start(struct bytes bytes, int peer, int tag, int is_send, struct request *requests, int *count) {
    for (size_t at = 0; at < bytes.length; at += PIECE) {
        const size_t rest = bytes.length - at;
        const int length = (int)(rest < PIECE ? rest : PIECE);
        if (*count == MAX_REQUESTS) return too_many;
        struct request *request = &requests[(*count)++];
        request->handle = 0;
        request->is_complete = 0;
        const int error = is_send ? mpi.send(bytes.start + at, length, byte_type, peer, tag, world, &request->handle)
                                  : mpi.receive(bytes.start + at, length, byte_type, peer, tag, world, &request->handle);
        if (error != 0) return refused;
    }
    return NULL;
}

/* Waits until all requests are complete; returns NULL, or a description of the error. */
static const char *wait_for(struct request *requests, int count) {
    int open = count;
    for (long turn = 0; open > 0; turn++) {
        if (is_broken) return "another process of this training is lost";
        for (int i = 0; i < count; i++) {
            if (requests[i].is_complete) continue;
            status_t status;
            int flag = 0;
            if (mpi.test(&requests[i].handle, &flag, &status) != 0) return refused;
            if (flag) requests[i].is_complete = 1, open--;
        }
        if (open > 0 && turn > EAGER_TESTS) usleep(PAUSE_MICROSECONDS);
    }
    return NULL;
}

/*
 * One list of requests for each thread that waits: one thread exchanges the data of a training step, with the tag
 * `exchange_tag`, and another one passes messages.
 */
static struct request exchanges[MAX_REQUESTS], messages[MAX_REQUESTS];

/*
 * exchange(tag, sent, received): sends sent[r] to each rank r, and receives received[r] from it; lists of typed arrays,
 * with undefined where nothing is sent or received.
 */
static napi_value exchange(napi_env env, napi_callback_info info) {
    napi_value arguments[3], value;
    size_t count = 3;
    int32_t tag = 0;
    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    napi_get_value_int32(env, arguments[0], &tag);
    struct request *requests = tag == exchange_tag ? exchanges : messages;
    int started = 0;
    const char *error = NULL;
    /* receiving is started first, so that arriving data can be stored at once */
    for (int is_send = 0; is_send < 2 && !error; is_send++) {
        uint32_t peers = 0;
        napi_value list = arguments[is_send ? 1 : 2];
        napi_get_array_length(env, list, &peers);
        for (uint32_t peer = 0; peer < peers && !error; peer++) {
            napi_get_element(env, list, peer, &value);
            error = start(bytes_of(env, value), (int)peer, tag, is_send, requests, &started);
        }
    }
    if (!error) error = wait_for(requests, started);
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
