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

/* Max bytes of a piece of a message; MPI has lengths of 32 bits. */
static size_t piece = (size_t)1 << 30;
/* Max number of pieces of a message that are in transit at the same time, and of all messages */
#define MAX_AHEAD 32
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

/* A message to or from a rank, which is sent in pieces */
struct transfer {
    struct bytes bytes;
    int peer, is_send;
    /* number of bytes in pieces that have been started, and number of pieces that are in transit */
    size_t started;
    int ahead;
};

struct request {
    handle handle;
    /* NULL if there is no request */
    struct transfer *transfer;
};

static const char *const too_many = "there are too many processes";
static const char *const refused = "MPI refused a message";

/* Starts sending or receiving the next piece of a message; returns NULL, or a description of the error. */
static const char *start_piece(struct transfer *transfer, int tag, struct request *request) {
    const size_t rest = transfer->bytes.length - transfer->started;
    const int length = (int)(rest < piece ? rest : piece);
    uint8_t *start = transfer->bytes.start + transfer->started;
    request->handle = 0;
    const int error = transfer->is_send
        ? mpi.send(start, length, byte_type, transfer->peer, tag, world, &request->handle)
        : mpi.receive(start, length, byte_type, transfer->peer, tag, world, &request->handle);
    if (error != 0) return refused;
    request->transfer = transfer;
    transfer->started += (size_t)length;
    transfer->ahead++;
    return NULL;
}

/* Sends and receives all messages; returns NULL, or a description of the error. */
static const char *pass(struct transfer *transfers, int count, int tag, struct request *requests) {
    const int share = count > 0 ? MAX_REQUESTS / count : 0;
    const int ahead = share < MAX_AHEAD ? share : MAX_AHEAD;
    int used = 0;
    for (long turn = 0;; turn++) {
        if (is_broken) return "another process of this training is lost";
        int open = 0;
        /* receiving is started first, so that arriving data can be stored at once */
        for (int i = 0; i < count; i++) {
            struct transfer *transfer = &transfers[i];
            while (transfer->started < transfer->bytes.length && transfer->ahead < ahead) {
                const char *error = start_piece(transfer, tag, &requests[used]);
                if (error) return error;
                used++;
                turn = 0;
            }
        }
        /* those that are complete are removed; the others stay in their order */
        for (int i = 0; i < used; i++) {
            status_t status;
            int flag = 0;
            if (mpi.test(&requests[i].handle, &flag, &status) != 0) return refused;
            if (flag) requests[i].transfer->ahead--;
            else requests[open++] = requests[i];
        }
        const int is_done = open == 0 && open == used;
        used = open;
        if (is_done) return NULL;
        if (open > 0 && turn > EAGER_TESTS) usleep(PAUSE_MICROSECONDS);
    }
}

/*
 * One list for each thread that waits: one thread exchanges the data of a training step, with the tag `exchange_tag`,
 * and another one passes messages.
 */
static struct request exchanges[MAX_REQUESTS], messages[MAX_REQUESTS];
static struct transfer exchanged[MAX_REQUESTS], passed[MAX_REQUESTS];

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
    struct transfer *transfers = tag == exchange_tag ? exchanged : passed;
    int used = 0;
    for (int is_send = 0; is_send < 2; is_send++) {
        uint32_t peers = 0;
        napi_value list = arguments[is_send ? 1 : 2];
        napi_get_array_length(env, list, &peers);
        for (uint32_t peer = 0; peer < peers; peer++) {
            napi_get_element(env, list, peer, &value);
            const struct bytes bytes = bytes_of(env, value);
            if (bytes.length == 0) continue;
            if (used == MAX_REQUESTS) return failed(env, too_many);
            transfers[used++] = (struct transfer){bytes, (int)peer, is_send, 0, 0};
        }
    }
    const char *error = pass(transfers, used, tag, requests);
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
