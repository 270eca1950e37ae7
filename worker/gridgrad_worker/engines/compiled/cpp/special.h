// Special functions that no library has for vectors: torch's own, number by number.

#pragma once

#include <ATen/native/Math.h>

#include "functions.h"

INLINE Vector digamma(Vector x) { return each([](Real v) { return calc_digamma(v); }, x); }
INLINE Vector erfcx(Vector x) { return each([](Real v) { return calc_erfcx(v); }, x); }

// torch's loses digits beside ±1, where erf(x) - v cancels. 1 - |v| is exact there, and so is erfc(x) next to it: two
// steps of Halley's method on erfc(x) = 1 - |v|, from the rational approximation that torch begins with too.
inline Real erfinv_of(Real v) {
    double size = std::abs(double(v)), rest = 1 - size;
    if (!(size > 0.7 && size < 1)) return calc_erfinv(v);
    double z = std::sqrt(-std::log(rest / 2));
    double x = (((1.641345311 * z + 3.429567803) * z - 1.624906493) * z - 1.970840454) /
               ((1.637067800 * z + 3.543889200) * z + 1);
    for (int step = 0; step < 2; step++) {
        double distance = (rest - std::erfc(x)) / (1.1283791670955126 * std::exp(-x * x));
        x -= distance / (1 + distance * x);
    }
    return Real(std::copysign(x, double(v)));
}

INLINE Vector erfinv(Vector x) { return each([](Real v) { return erfinv_of(v); }, x); }
INLINE Vector ndtri(Vector x) { return each([](Real v) { return calc_ndtri(v); }, x); }
INLINE Vector log_ndtr(Vector x) { return each([](Real v) { return calc_log_ndtr(v); }, x); }
