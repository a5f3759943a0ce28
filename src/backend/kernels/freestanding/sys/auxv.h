/* Declares how Linux tells which instructions the processor has, so that no SDK has to be installed. */
#ifndef CHARNN_AUXV_H
#define CHARNN_AUXV_H
unsigned long getauxval(unsigned long type);
#endif
