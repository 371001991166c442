#include "cvectors_internal.h"

FOR_ALL_PROCESSORS
void cvectors_add_products(double *sums, int count, const float *slopes, int64_t stride, const float *clean,
                           const float *changed, int64_t length) {
    const int64_t whole = length / WIDTH * WIDTH;
    for (int k = 0; k < count; k++) {
        const float *slope = slopes + k * stride;
        // Two, so that one addition need not wait for the other.
        vector even = {0}, odd = {0};
        for (int64_t start = 0; start < whole; start += WIDTH) {
            vector a, b, d;
            memcpy(&a, slope + start, sizeof a);
            memcpy(&b, clean + start, sizeof b);
            memcpy(&d, changed + start, sizeof d);
            if (start / WIDTH % 2) odd += a * (d - b);
            else even += a * (d - b);
        }
        even += odd;
        float total = 0;
        for (int c = 0; c < WIDTH; c++) total += even[c];
        for (int64_t c = whole; c < length; c++) total += slope[c] * (changed[c] - clean[c]);
        sums[k] += total;
    }
}
