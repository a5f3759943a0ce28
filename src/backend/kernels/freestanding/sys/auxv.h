/* Where Linux says which instructions the processor has, declared here so that no SDK has to be installed. */
#ifndef CHARNN_AUXV_H
#define CHARNN_AUXV_H
unsigned long getauxval(unsigned long type);
#endif
