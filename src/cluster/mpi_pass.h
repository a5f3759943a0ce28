/*
 * Sends and receives messages in pieces.
 *
 * No call waits inside the library. Instead, code here tests repeatedly whether a message is complete, first at once
 * and then with pauses, so that processes which share cores do not keep each other from working, and so that another
 * thread can end the wait when the other side is lost.
 */
#include "mpi_library.h"

extern int usleep(unsigned int microseconds);

/* Set by one thread to end the waits of another */
static volatile int is_broken;

/* Max bytes of a piece of a message; MPI has lengths of 32 bits. */
static size_t piece = (size_t)1 << 30;
/* Max number of pieces of one message that are in transit at the same time */
#define MAX_AHEAD 32
/* Max number of pieces of all messages together that are in transit at the same time */
#define MAX_REQUESTS 4096

/* Number of tests before the first pause; a test takes about a tenth of a microsecond. */
#define EAGER_TESTS 500
#define PAUSE_MICROSECONDS 20

struct bytes {
    uint8_t *start;
    size_t length;
};

/* A message to or from a rank. It consists of segments of memory; sender and receiver have the same
   number of segments, of the same lengths. */
struct transfer {
    struct bytes *segments;
    int segment_count;
    int peer, is_send;
    /* the segment of the next piece, how many of its bytes are in earlier pieces, and number of pieces in transit */
    int segment;
    size_t started;
    int ahead;
};

struct request {
    handle handle;
    struct transfer *transfer;
};

static const char *const refused = "MPI refused a message";

/* Starts sending or receiving the next piece of a message; returns NULL, or a description of the error. */
static const char *start_piece(struct transfer *transfer, int tag, struct request *request) {
    const struct bytes *segment = &transfer->segments[transfer->segment];
    const size_t rest = segment->length - transfer->started;
    const int length = (int)(rest < piece ? rest : piece);
    uint8_t *start = segment->start + transfer->started;
    request->handle = 0;
    const int error = transfer->is_send
        ? mpi.send(start, length, byte_type, transfer->peer, tag, world, &request->handle)
        : mpi.receive(start, length, byte_type, transfer->peer, tag, world, &request->handle);
    if (error != 0) return refused;
    request->transfer = transfer;
    transfer->started += (size_t)length;
    if (transfer->started == segment->length) {
        transfer->segment++;
        transfer->started = 0;
    }
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
            while (transfer->segment < transfer->segment_count && transfer->ahead < ahead) {
                const char *error = start_piece(transfer, tag, &requests[used]);
                if (error) return error;
                used++;
                turn = 0;
            }
        }
        /* requests that are complete are removed from the list; the others stay in their order */
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
