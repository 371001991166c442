#include "cvectors_internal.h"

typedef uint8_t bytes __attribute__((vector_size(WIDTH)));
typedef int32_t integers __attribute__((vector_size(WIDTH * sizeof(int32_t))));

FOR_ALL_PROCESSORS
void cvectors_range(const float *values, int64_t count, float *smallest, float *largest) {
    vector low = {0}, high = {0};
    int64_t start = 0;
    for (; start + WIDTH <= count; start += WIDTH) {
        vector x;
        memcpy(&x, values + start, sizeof x);
        low = __builtin_elementwise_min(low, x);
        high = __builtin_elementwise_max(high, x);
    }
    *smallest = *largest = 0;
    for (int i = 0; i < WIDTH; i++) {
        if (low[i] < *smallest) *smallest = low[i];
        if (high[i] > *largest) *largest = high[i];
    }
    for (; start < count; start++) {
        if (values[start] < *smallest) *smallest = values[start];
        if (values[start] > *largest) *largest = values[start];
    }
}

FOR_ALL_PROCESSORS
void cvectors_quantize(const float *values, int64_t count, float inverse, float zero, uint8_t *target) {
    const vector factor = (vector){0} + inverse, offset = (vector){0} + (zero + 0.5f);
    const vector top = (vector){0} + 255.0f;
    // Of a number and what is none, the smaller and the larger are the number.
    for (int64_t start = 0; start < count; start += WIDTH) {
        const int isWhole = count - start >= WIDTH;
        const size_t length = isWhole ? WIDTH : count - start;
        vector x = {0};
        if (isWhole) memcpy(&x, values + start, sizeof x);
        else memcpy(&x, values + start, length * sizeof(float));
        x = __builtin_elementwise_min(__builtin_elementwise_max(x * factor + offset, (vector){0}), top);
        const bytes converted = __builtin_convertvector(__builtin_convertvector(x, integers), bytes);
        if (isWhole) memcpy(target + start, &converted, sizeof converted);
        else memcpy(target + start, &converted, length);
    }
}

FOR_ALL_PROCESSORS
void cvectors_restore(const int32_t *sums, int64_t positions, int64_t channels, float scale, float zero,
                      const float *weight_scales, const float *weight_sums, const float *bias, const float *beside,
                      int rectifies, float *target) {
    for (int64_t position = 0; position < positions; position++) {
        const int64_t row = position * channels;
        for (int64_t start = 0; start < channels; start += WIDTH) {
            const int isWhole = channels - start >= WIDTH;
            const size_t length = (isWhole ? WIDTH : channels - start) * sizeof(float);
            integers sum = {0};
            vector scales = {0}, totals = {0}, rest = {0}, other = {0};
            if (isWhole) {
                // A whole vector's copy is one instruction.
                memcpy(&sum, sums + row + start, sizeof sum);
                memcpy(&scales, weight_scales + start, sizeof scales);
                memcpy(&totals, weight_sums + start, sizeof totals);
                if (bias) memcpy(&rest, bias + start, sizeof rest);
                if (beside) memcpy(&other, beside + row + start, sizeof other);
            } else {
                memcpy(&sum, sums + row + start, length);
                memcpy(&scales, weight_scales + start, length);
                memcpy(&totals, weight_sums + start, length);
                if (bias) memcpy(&rest, bias + start, length);
                if (beside) memcpy(&other, beside + row + start, length);
            }
            vector y = (__builtin_convertvector(sum, vector) - zero * totals) * (scale * scales) + (rest + other);
            if (rectifies) y = __builtin_elementwise_max(y, (vector){0});
            if (isWhole) memcpy(target + row + start, &y, sizeof y);
            else memcpy(target + row + start, &y, length);
        }
    }
}
