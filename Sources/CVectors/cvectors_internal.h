// What the loops share.
#ifndef CVECTORS_INTERNAL_H
#define CVECTORS_INTERNAL_H

#include <string.h>

#include "cvectors.h"

// The processor's version of a loop is chosen while the program is put together, before the thread sanitizer's runtime is
// there, whose calls the choosing function would make: under it there is one version.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONE_VERSION
#endif
#endif

#if defined(__x86_64__) && !defined(ONE_VERSION)
#define FOR_ALL_PROCESSORS __attribute__((target_clones("avx512f", "arch=x86-64-v3", "default")))
#else
#define FOR_ALL_PROCESSORS
#endif

enum { WIDTH = 16 };
typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

#endif
