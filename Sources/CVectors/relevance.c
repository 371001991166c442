#include "cvectors_internal.h"

FOR_ALL_PROCESSORS
void cvectors_signs(const float *values, int64_t count, float *restrict positive,
                    float *restrict negative) {
    for (int64_t i = 0; i < count; i++) {
        const float value = values[i];
        positive[i] = value > 0 ? value : 0;
        negative[i] = value < 0 ? value : 0;
    }
}

static inline float quotient(float value, float divisor, float epsilon) {
    return value / (divisor + (divisor < 0 ? -epsilon : epsilon));
}

FOR_ALL_PROCESSORS
void cvectors_quotient(const float *values, const float *divisor, const float *further, int64_t count, float epsilon,
                       float *restrict target) {
    if (further) for (int64_t i = 0; i < count; i++) target[i] = quotient(values[i], divisor[i] + further[i], epsilon);
    else for (int64_t i = 0; i < count; i++) target[i] = quotient(values[i], divisor[i], epsilon);
}

FOR_ALL_PROCESSORS
void cvectors_product_by_sign(const float *values, const float *where_positive, const float *where_negative,
                              int64_t count, float *restrict target) {
    for (int64_t i = 0; i < count; i++) {
        const float value = values[i];
        target[i] = value * (value > 0 ? where_positive[i] : where_negative[i]);
    }
}
