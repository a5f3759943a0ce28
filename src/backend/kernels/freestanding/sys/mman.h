/*
 * Declares how Linux is told how memory is used, so that no SDK has to be installed, as string.h does in the folder
 * above.
 */
#ifndef CHARNN_MMAN_H
#define CHARNN_MMAN_H
#include <stddef.h>
#define MADV_DONTNEED 4
#define MADV_HUGEPAGE 14
int madvise(void *start, size_t length, int advice);
#endif
