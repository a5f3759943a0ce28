/*
 * The functions of the C library that the native addon's glue code needs, declared here so that no SDK has to be
 * installed.
 */
#ifndef CHARNN_STRING_H
#define CHARNN_STRING_H
#include <stddef.h>
int strcmp(const char *a, const char *b);
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
#endif
