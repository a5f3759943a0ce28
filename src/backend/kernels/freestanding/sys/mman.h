/* Declarations for telling Linux how memory is used without an SDK, like string.h in the folder above. */
#ifndef CHARNN_MMAN_H
#define CHARNN_MMAN_H
#include <stddef.h>
#define MADV_DONTNEED 4
#define MADV_HUGEPAGE 14
int madvise(void *start, size_t length, int advice);
#endif
