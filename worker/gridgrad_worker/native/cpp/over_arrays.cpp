// The functions of the library over arrays. A step is 1, or 0 where an argument is one number.

#include <cstdint>

#include "special_functions.h"

constexpr int64_t AT_ONCE = 1024;  // points that a thread takes

#define AT(argument) from[argument][n * step[argument]]
#define AT_1 AT(0)
#define AT_2 AT_1, AT(1)
#define AT_3 AT_2, AT(2)
#define AT_4 AT_3, AT(3)
#define AT_5 AT_4, AT(4)
#define AT_6 AT_5, AT(5)
#define AT_8 AT_6, AT(6), AT(7)
#define OVER_ARRAYS(name, count)                                                                                   \
    extern "C" __attribute__((visibility("default"))) void name(const double* const* from, const int64_t* step,     \
                                                                double* to, int64_t points, int threads) {          \
        _Pragma("omp parallel for schedule(dynamic, AT_ONCE) num_threads(threads) if (points > AT_ONCE)")           \
        for (int64_t n = 0; n < points; n++) to[n] = gridgrad_##name(AT_##count);                                   \
    }

FUNCTIONS_OF_LIBRARY(OVER_ARRAYS)
