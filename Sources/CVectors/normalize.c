#include "cvectors_internal.h"

// Sums that are made side by side: one addition need not wait for another.
enum { TOGETHER = 4 };

// A vector anywhere in memory. Its loads and stores are one instruction each.
typedef vector loose __attribute__((aligned(sizeof(float)), may_alias));
#define LOADED(address) (*(const loose *)(address))
#define STORE(address, value) (*(loose *)(address) = (value))

#define INLINE static inline __attribute__((always_inline))

INLINE float total(const vector *sums) {
    const vector all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    float sum = 0;
    for (int i = 0; i < WIDTH; i++) sum += all[i];
    return sum;
}

/// target[i] = (values[i] - center) * factor + summand.
INLINE void scale_alike(
    const float *values, int64_t count, float center, float factor, float summand, int rectifies, float *target) {
    const vector centers = (vector){0} + center, factors = (vector){0} + factor, summands = (vector){0} + summand;
    int64_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        vector x = (LOADED(values + i) - centers) * factors + summands;
        if (rectifies) x = __builtin_elementwise_max(x, (vector){0});
        STORE(target + i, x);
    }
    for (; i < count; i++) {
        const float x = (values[i] - center) * factor + summand;
        target[i] = rectifies && !(x > 0) ? 0 : x;
    }
}

/// target[i] = values[i] * factors[i] + summands[i].
INLINE void scale_each(
    const float *values, int64_t count, const float *factors, const float *summands, int rectifies, float *target) {
    int64_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        vector x = LOADED(values + i) * LOADED(factors + i) + LOADED(summands + i);
        if (rectifies) x = __builtin_elementwise_max(x, (vector){0});
        STORE(target + i, x);
    }
    for (; i < count; i++) {
        const float x = values[i] * factors[i] + summands[i];
        target[i] = rectifies && !(x > 0) ? 0 : x;
    }
}

FOR_ALL_PROCESSORS
void cvectors_scale_channels(const float *values, int64_t items, int64_t blocks, int64_t positions, int64_t width,
                             const float *factors, const float *summands, int rectifies, float *target) {
    for (int64_t plane = 0; plane < items * blocks; plane++) {
        const int64_t first = plane % blocks * width;
        const float *x = values + plane * positions * width;
        float *y = target + plane * positions * width;
        if (width == 1) {
            scale_alike(x, positions, 0, factors[first], summands[first], rectifies, y);
            continue;
        }
        for (int64_t position = 0; position < positions; position++)
            scale_each(x + position * width, width, factors + first, summands + first, rectifies, y + position * width);
    }
}

/// The sum of a[i] * b[i].
INLINE float sum_of_products(const float *a, const float *b, int64_t count) {
    vector sums[TOGETHER] = {{0}};
    int64_t i = 0;
    for (; i + TOGETHER * WIDTH <= count; i += TOGETHER * WIDTH)
        for (int j = 0; j < TOGETHER; j++) sums[j] += LOADED(a + i + j * WIDTH) * LOADED(b + i + j * WIDTH);
    for (; i + WIDTH <= count; i += WIDTH) sums[0] += LOADED(a + i) * LOADED(b + i);
    float sum = total(sums);
    for (; i < count; i++) sum += a[i] * b[i];
    return sum;
}

/// sums[c] = the sum over positions of a[p][c] * b[p][c], c in 0 ..< WIDTH, from one position to the next `step` values.
INLINE void products_of_vectors(const float *a, const float *b, int64_t positions, int64_t step, float *sums) {
    vector parts[TOGETHER] = {{0}};
    int64_t position = 0;
    for (; position + TOGETHER <= positions; position += TOGETHER)
        for (int j = 0; j < TOGETHER; j++)
            parts[j] += LOADED(a + (position + j) * step) * LOADED(b + (position + j) * step);
    for (; position < positions; position++) parts[0] += LOADED(a + position * step) * LOADED(b + position * step);
    STORE(sums, (parts[0] + parts[1]) + (parts[2] + parts[3]));
}

FOR_ALL_PROCESSORS
void cvectors_channel_products(const float *a, const float *b, int64_t items, int64_t blocks, int64_t positions,
                               int64_t width, int64_t channels, float *restrict sums) {
    for (int64_t plane = 0; plane < items * blocks; plane++) {
        const int64_t start = plane * positions * width, first = plane % blocks * width;
        const int64_t count = first + width < channels ? width : channels - first;
        float *target = sums + plane / blocks * channels + first;
        if (width == 1) {
            target[0] = sum_of_products(a + start, b + start, positions);
            continue;
        }
        int64_t c = 0;
        for (; c + WIDTH <= count; c += WIDTH)
            products_of_vectors(a + start + c, b + start + c, positions, width, target + c);
        for (; c < count; c++) {
            float sum = 0;
            for (int64_t p = 0; p < positions; p++) sum += a[start + p * width + c] * b[start + p * width + c];
            target[c] = sum;
        }
    }
}

/// The mean of the values and 1 / sqrt(variance + epsilon).
INLINE void statistics(
    const float *values, int64_t count, float epsilon, float *mean, float *inverse) {
    vector sums[TOGETHER] = {{0}};
    int64_t i = 0;
    for (; i + TOGETHER * WIDTH <= count; i += TOGETHER * WIDTH)
        for (int j = 0; j < TOGETHER; j++) sums[j] += LOADED(values + i + j * WIDTH);
    for (; i + WIDTH <= count; i += WIDTH) sums[0] += LOADED(values + i);
    float sum = total(sums);
    for (; i < count; i++) sum += values[i];
    *mean = sum / count;

    const vector means = (vector){0} + *mean;
    for (int j = 0; j < TOGETHER; j++) sums[j] = (vector){0};
    for (i = 0; i + TOGETHER * WIDTH <= count; i += TOGETHER * WIDTH)
        for (int j = 0; j < TOGETHER; j++) {
            const vector distance = LOADED(values + i + j * WIDTH) - means;
            sums[j] += distance * distance;
        }
    for (; i + WIDTH <= count; i += WIDTH) {
        const vector distance = LOADED(values + i) - means;
        sums[0] += distance * distance;
    }
    sum = total(sums);
    for (; i < count; i++) sum += (values[i] - *mean) * (values[i] - *mean);
    *inverse = 1 / __builtin_sqrtf(sum / count + epsilon);
}

FOR_ALL_PROCESSORS
void cvectors_normalize_rows(const float *values, int64_t rows, int64_t length, int64_t inner, float epsilon,
                             int64_t parameters, const float *scale, const float *shift, float *target) {
    for (int64_t row = 0; row < rows && length > 0; row++) {
        const float *x = values + row * length;
        float *y = target + row * length;
        float mean, inverse;
        statistics(x, length, epsilon, &mean, &inverse);
        if (inner == 1 && parameters == length) {
            const vector means = (vector){0} + mean, inverses = (vector){0} + inverse;
            int64_t i = 0;
            for (; i + WIDTH <= length; i += WIDTH) {
                const vector z = (LOADED(x + i) - means) * (LOADED(scale + i) * inverses) + LOADED(shift + i);
                STORE(y + i, z);
            }
            for (; i < length; i++) y[i] = (x[i] - mean) * (scale[i] * inverse) + shift[i];
            continue;
        }
        for (int64_t block = 0; block < length / inner; block++) {
            const int64_t parameter = (row * (length / inner) + block) % parameters;
            scale_alike(x + block * inner, inner, mean, scale[parameter] * inverse, shift[parameter], 0,
                        y + block * inner);
        }
    }
}
