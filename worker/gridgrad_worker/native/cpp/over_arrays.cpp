// The functions of the library over arrays. A step is 1, or 0 where an argument is one number.

#include <cstdint>

#include "special_functions.h"

constexpr int64_t AT_ONCE = 1024;  // points that a thread takes

#define OVER_ARRAYS(name, call)                                                                                     \
    extern "C" __attribute__((visibility("default"))) void name(const double* const* from, const int64_t* step,     \
                                                                double* to, int64_t count, int threads) {           \
        _Pragma("omp parallel for schedule(dynamic, AT_ONCE) num_threads(threads) if (count > AT_ONCE)")            \
        for (int64_t n = 0; n < count; n++) to[n] = gridgrad_##name call;                                           \
    }
#define AT(argument) from[argument][n * step[argument]]

OVER_ARRAYS(jn, (AT(0), AT(1)))
OVER_ARRAYS(yn, (AT(0), AT(1)))
OVER_ARRAYS(iv, (AT(0), AT(1)))
OVER_ARRAYS(kn, (AT(0), AT(1)))
OVER_ARRAYS(gammainc, (AT(0), AT(1)))
OVER_ARRAYS(gammaincc, (AT(0), AT(1)))
OVER_ARRAYS(gammainc_partial, (AT(0), AT(1), AT(2), AT(3)))
OVER_ARRAYS(gammaincinv, (AT(0), AT(1)))
OVER_ARRAYS(lambertw, (AT(0)))
OVER_ARRAYS(lambertw_m1, (AT(0)))
