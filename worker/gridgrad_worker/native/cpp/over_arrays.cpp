// The functions of the library over arrays. A step is 1, or 0 where an argument is one number.

#include <cstdint>

#include "special_functions.h"

constexpr int64_t AT_ONCE = 1024;  // points that a thread takes

#define OF_TWO(name)                                                                                              \
    extern "C" __attribute__((visibility("default"))) void name(const double* x, int64_t x_step, const double* y, \
                                                                int64_t y_step, double* to, int64_t count,        \
                                                                int threads) {                                    \
        _Pragma("omp parallel for schedule(dynamic, AT_ONCE) num_threads(threads) if (count > AT_ONCE)")          \
        for (int64_t n = 0; n < count; n++) to[n] = gridgrad_##name(x[n * x_step], y[n * y_step]);               \
    }

OF_TWO(jn)
