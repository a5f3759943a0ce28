/* Declares madvise(), by which a program tells Linux how it uses its memory, so that no SDK is needed. */
#ifndef CHARNN_MMAN_H
#define CHARNN_MMAN_H
#include <stddef.h>
#define MADV_DONTNEED 4
#define MADV_HUGEPAGE 14
int madvise(void *start, size_t length, int advice);
#endif
