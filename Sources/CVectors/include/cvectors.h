// Loops that are fast only with the processor's widest vectors: compiled for several instruction sets, of which the
// best that the processor has is taken when the program starts.
#ifndef CVECTORS_H
#define CVECTORS_H

#include <stdint.h>

/// targets[j][c] = f(offset[c] + sum over i of matrix[j][i] * sources[i][c]) for c in 0 ..< length.
///
/// `matrix` is row-major, `rows` by `columns`, of at most CVECTORS_MOST_COLUMNS columns. A source or a target that is null
/// counts as zeros, or is left out. `offset` may be null; f is max(x, 0) where `rectifies`, else x.
void cvectors_combine(const float *matrix, int rows, int columns, const float *const *sources, float *const *targets,
                      int64_t length, const float *offset, int rectifies);

enum { CVECTORS_MOST_COLUMNS = 16 };

#endif
