/*
 * Functions that instruction levels share. Some levels differ from another level, their BASE, only in their matrix
 * products: all other functions are compiled once, for the base, and the level only declares them.
 *
 *     #define name SHARED(name)      stands for the function of the level that has it
 *     OF_BASE void name(parameters)  declares it; its body is between #if !defined(BASE) and #endif
 */
#ifndef CHARNN_SHARING_H
#define CHARNN_SHARING_H

#define JOINED_(name, level) name##_##level
#define JOINED(name, level) JOINED_(name, level)

#if defined(__wasm__)
#define SHARED(name) name
#define OF_BASE static
#elif defined(BASE)
#define SHARED(name) JOINED(name, BASE)
#define OF_BASE
#else
#define SHARED(name) JOINED(name, LEVEL)
#define OF_BASE
#endif

/*
 * Like SHARED and OF_BASE, for functions that read or write compact tensors; levels share these functions only if
 * compact tensors consist of floats:
 *
 *     #define name SHARED_COMPACT(name)
 *     OF_COMPACT_BASE void name(parameters)      its body is between #if !defined(COMPACT_IN_BASE) and #endif
 */
#if defined(HALF)
#define SHARED_COMPACT(name) name
#define OF_COMPACT_BASE static
#else
#define SHARED_COMPACT(name) SHARED(name)
#define OF_COMPACT_BASE OF_BASE
#if defined(BASE)
#define COMPACT_IN_BASE
#endif
#endif

/* A kernel that another kernel calls; a level with a BASE takes it from the table of the base */
#if defined(BASE)
#define COMMON_KERNEL(name) JOINED(kernels, BASE).name
#else
#define COMMON_KERNEL(name) name
#endif

#endif
