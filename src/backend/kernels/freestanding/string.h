/* What the glue needs of the C library, declared here so that no SDK has to be installed. */
#ifndef CHARNN_STRING_H
#define CHARNN_STRING_H
#include <stddef.h>
int strcmp(const char *a, const char *b);
void *memcpy(void *to, const void *from, size_t bytes);
#endif
