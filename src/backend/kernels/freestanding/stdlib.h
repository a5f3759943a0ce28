/* What the addon's glue needs of the C library, declared here so that no SDK has to be installed. */
#ifndef CHARNN_STDLIB_H
#define CHARNN_STDLIB_H
#include <stddef.h>
void *malloc(size_t size);
void free(void *memory);
#endif
