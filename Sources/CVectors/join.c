#include "cvectors_internal.h"

/// `count` values side by side of every position of a block.
static inline __attribute__((always_inline)) void place(const float *source, float *target, int64_t positions,
                                                        int64_t width, int64_t count) {
    // Four values are one instruction; a call to copy a few takes longer than copying them.
    if (count % 4 == 0) {
        for (int64_t position = 0; position < positions; position++)
            for (int64_t i = 0; i < count; i += 4)
                memcpy(target + position * width + i, source + position * width + i, 4 * sizeof(float));
        return;
    }
    for (int64_t position = 0; position < positions; position++)
        for (int64_t i = 0; i < count; i++) target[position * width + i] = source[position * width + i];
}

void cvectors_join_blocks(const float *const *sources, const int64_t *channels, int64_t count, int64_t positions,
                          int64_t width, float *target) {
    int64_t next = 0;
    for (int64_t part = 0; part < count; part++)
        for (int64_t channel = 0; channel < channels[part];) {
            // As many as are left of the part, of its block, and of the target's.
            int64_t run = channels[part] - channel;
            if (run > width - channel % width) run = width - channel % width;
            if (run > width - next % width) run = width - next % width;
            place(sources[part] + channel / width * width * positions + channel % width,
                  target + next / width * width * positions + next % width, positions, width, run);
            channel += run;
            next += run;
        }
    if (next % width == 0) return;
    float *rest = target + next / width * width * positions;
    for (int64_t position = 0; position < positions; position++)
        for (int64_t i = next % width; i < width; i++) rest[position * width + i] = 0;
}
