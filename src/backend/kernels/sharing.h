/*
 * What levels share. Some differ from another one, their BASE, in their products alone: the rest is compiled once, for
 * that level, and only declared here.
 *
 *     #define name SHARED(name)      names the function of the level that has it
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

/* A kernel that is another's part */
#if defined(BASE)
#define COMMON_KERNEL(name) JOINED(kernels, BASE).name
#else
#define COMMON_KERNEL(name) name
#endif

#endif
