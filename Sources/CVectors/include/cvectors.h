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

/// The smallest and the largest of `count` values and 0. What is no number is left out.
void cvectors_range(const float *values, int64_t count, float *smallest, float *largest);

/// target[i] = values[i] * inverse + zero, rounded and brought into 0 ... 255.
void cvectors_quantize(const float *values, int64_t count, float inverse, float zero, uint8_t *target);

/// target[p][c] = f((sums[p][c] - zero * weight_sums[c]) * scale * weight_scales[c] + bias[c] + beside[p][c]) for p in
/// 0 ..< positions and c in 0 ..< channels.
///
/// `bias` and `beside` may be null and then count as zeros; `beside` may be `target`. f is max(x, 0) where `rectifies`,
/// else x.
void cvectors_restore(const int32_t *sums, int64_t positions, int64_t channels, float scale, float zero,
                      const float *weight_scales, const float *weight_sums, const float *bias, const float *beside,
                      int rectifies, float *target);

/// Values that lie as [items][blocks][positions][width], of blocks * width channels: each times its channel's factor plus
/// its channel's summand, and max(that, 0) where `rectifies`. `target` may be `values`.
void cvectors_scale_channels(const float *values, int64_t items, int64_t blocks, int64_t positions, int64_t width,
                             const float *factors, const float *summands, int rectifies, float *target);

/// sums[item][channel] = the sum over positions of a * b, both of which lie as [items][blocks][positions][width], of
/// `channels` channels and the last block filled up.
void cvectors_channel_products(const float *a, const float *b, int64_t items, int64_t blocks, int64_t positions,
                               int64_t width, int64_t channels, float *restrict sums);

/// Rows of `length` values, each brought to mean 0 and variance 1 (epsilon is added to the variance) and then scaled and
/// shifted. Of `parameters` scales and shifts, `inner` values one after the other share one, and they begin anew when
/// they are through. `target` may be `values`.
void cvectors_normalize_rows(const float *values, int64_t rows, int64_t length, int64_t inner, float epsilon,
                             int64_t parameters, const float *scale, const float *shift, float *target);

/// Tensors that lie as [blocks][positions][width], each of channels[i] channels and the last block filled up with zeros,
/// as one of all their channels, one after the other, that lies so.
void cvectors_join_blocks(const float *const *sources, const int64_t *channels, int64_t count, int64_t positions,
                          int64_t width, float *target);

// Layer-wise relevance propagation, value by value. A result lies nowhere where something is read.

/// positive[i] = max(values[i], 0), negative[i] = min(values[i], 0).
void cvectors_signs(const float *values, int64_t count, float *restrict positive,
                    float *restrict negative);

/// target[i] = values[i] / (z ± epsilon) with z = divisor[i] + further[i]; the sign is z's, and + where z is 0. `further`
/// may be null and then counts as zeros.
void cvectors_quotient(const float *values, const float *divisor, const float *further, int64_t count, float epsilon,
                       float *restrict target);

/// target[i] = values[i] * where_positive[i] where values[i] is above 0, else values[i] * where_negative[i].
void cvectors_product_by_sign(const float *values, const float *where_positive, const float *where_negative,
                              int64_t count, float *restrict target);

#endif
