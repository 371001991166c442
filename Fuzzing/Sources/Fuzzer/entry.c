#include <stddef.h>
#include <stdint.h>

// In Readers. What libFuzzer calls is C, and so is this, because an executable of Swift would bring a main.
int interpretd_fuzz(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return interpretd_fuzz(bytes, count); }
