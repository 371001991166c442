// What the loops share.
#ifndef CVECTORS_INTERNAL_H
#define CVECTORS_INTERNAL_H

#include <string.h>

#include "cvectors.h"

#if defined(__x86_64__)
#define FOR_ALL_PROCESSORS __attribute__((target_clones("avx512f", "arch=x86-64-v3", "default")))
#else
#define FOR_ALL_PROCESSORS
#endif

enum { WIDTH = 16 };
typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

#endif
