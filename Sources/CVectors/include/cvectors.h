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

/// sums[k] += the sum over c of slopes[k * stride + c] * (changed[c] - clean[c]), for c in 0 ..< length. The differences are
/// taken in single precision and so summed; what is added to is in double.
void cvectors_add_products(double *sums, int count, const float *slopes, int64_t stride, const float *clean,
                           const float *changed, int64_t length);

#endif
