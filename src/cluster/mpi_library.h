/*
 * Loads an MPI library at run time. charnn is compiled without mpi.h and is not linked to any MPI library, but loads the
 * library of the machine on which it runs.
 *
 * Implementations of MPI differ in the constants that a program passes to them. There are three kinds: Open MPI,
 * recognised by a name that it exports; the binary interface of MPI 5.0, by the name of the library's file
 * (launcher.ts); and MPICH. A handle is a pointer, and in MPICH an integer; both fit in an intptr_t.
 */
#include <stddef.h>
#include <stdint.h>

/* Declared here, because the addons of the package are compiled without the headers of a C library. */
extern void *dlopen(const char *path, int flags);
extern void *dlsym(void *library, const char *name);
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

/* Loads a library; returns 0 if it is not an MPI library, or cannot be loaded. */
static int load_library(const char *path, int is_standard) {
    void *library = dlopen(path, LOAD_FLAGS);
    if (!library || !find_functions(library)) return 0;
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
    return 1;
}
