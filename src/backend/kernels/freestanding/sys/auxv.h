/* Declares getauxval(), by which Linux tells which instructions the processor has, so that no SDK is needed. */
#ifndef CHARNN_AUXV_H
#define CHARNN_AUXV_H
unsigned long getauxval(unsigned long type);
#endif
