#include "cvectors_internal.h"

// Rows that are summed side by side: one addition need not wait for another.
enum { TOGETHER = 5 };

FOR_ALL_PROCESSORS
void cvectors_combine(const float *matrix, int rows, int columns, const float *const *sources, float *const *targets,
                      int64_t length, const float *offset, int rectifies) {
    for (int64_t start = 0; start < length; start += WIDTH) {
        const int isWhole = length - start >= WIDTH;
        const size_t bytes = (isWhole ? WIDTH : length - start) * sizeof(float);
        vector values[CVECTORS_MOST_COLUMNS], first = {0};
        // A whole vector's copy is one instruction.
        for (int i = 0; i < columns; i++) {
            values[i] = (vector){0};
            if (!sources[i]) continue;
            if (isWhole) memcpy(&values[i], sources[i] + start, sizeof(vector));
            else memcpy(&values[i], sources[i] + start, bytes);
        }
        if (offset) memcpy(&first, offset + start, bytes);
        for (int row = 0; row < rows; row += TOGETHER) {
            vector sums[TOGETHER];
            const float *factors[TOGETHER];
            for (int j = 0; j < TOGETHER; j++) {
                sums[j] = first;
                factors[j] = matrix + (row + j < rows ? row + j : row) * columns;
            }
            for (int i = 0; i < columns; i++)
#pragma clang loop unroll(full)
                for (int j = 0; j < TOGETHER; j++) sums[j] += factors[j][i] * values[i];
            for (int j = 0; j < TOGETHER && row + j < rows; j++) {
                float *target = targets[row + j];
                if (!target) continue;
                if (rectifies) sums[j] = __builtin_elementwise_max(sums[j], (vector){0});
                if (isWhole) memcpy(target + start, &sums[j], sizeof(vector));
                else memcpy(target + start, &sums[j], bytes);
            }
        }
    }
}
