// The functions of the library over arrays. A step is 1, or 0 where an argument is one number.

#include <algorithm>
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
#define EXPORTED(name)                                                                                          \
    extern "C" __attribute__((visibility("default"))) void name(const double* const* from, const int64_t* step, \
                                                                double* to, int64_t points, int threads)
#define OVER_ARRAYS(name, count)                                                                                   \
    EXPORTED(name) {                                                                                                \
        _Pragma("omp parallel for schedule(dynamic, AT_ONCE) num_threads(threads) if (points > AT_ONCE)")           \
        for (int64_t n = 0; n < points; n++) to[n] = gridgrad_##name(AT_##count);                                   \
    }

// A function of many points over an array
template <class F> void in_parts(F f, const double* from, int64_t step, double* to, int64_t points, int threads) {
    if (step == 0 && points) {
        f(from, to, 1);
        std::fill(to, to + points, *to);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (points > AT_ONCE)
    for (int64_t n = 0; n < points; n += AT_ONCE) f(from + n, to + n, std::min(AT_ONCE, points - n));
}

#define OVER_ARRAY(name) \
    EXPORTED(name) { in_parts(gridgrad_##name, from[0], step[0], to, points, threads); }
#define OVER_ARRAY_BY_ORDER(name)                                                                                  \
    EXPORTED(name) {                                                                                                \
        auto derivative = [&](const double* x, double* y, int64_t many) { gridgrad_##name(*from[0], x, y, many); }; \
        in_parts(derivative, from[1], step[1], to, points, threads);                                                \
    }

FUNCTIONS_OF_LIBRARY(OVER_ARRAYS)
FUNCTIONS_AT_ONCE(OVER_ARRAY)
DERIVATIVES_AT_ONCE(OVER_ARRAY_BY_ORDER)
