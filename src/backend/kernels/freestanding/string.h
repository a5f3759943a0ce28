/* As stdlib.h beside it: the only function of strings that the glue calls. */
#ifndef CHARNN_STRING_H
#define CHARNN_STRING_H
#include <stddef.h>
int strcmp(const char *a, const char *b);
#endif
