// Curves that networks are made of, where Sleef's take several times as long.

#pragma once

#include "functions.h"

// exp(x) - 1 for |x| up to 60: x is n·ln 2 and a rest, whose exponential is a series (to 2e-17 for |rest| <= ln 2/2).
INLINE Vector near_expm1(Vector x) {
    // rounded to a whole number by adding one so large that its last binary place is 1
    constexpr Real ROUNDING = DOUBLE ? Real(6755399441055744.0) : Real(12582912.0);
    constexpr Real HIGH = DOUBLE ? Real(0.693147180559662956) : Real(0.693359375);
    constexpr Real LOW = DOUBLE ? Real(0.28235290563031577e-12) : Real(-2.12194440e-4);
    Vector shifted = fused(x, broadcast(Real(1.4426950408889634)), broadcast(ROUNDING)), n = shifted - ROUNDING;
    Vector rest = fused(n, broadcast(-LOW), fused(n, broadcast(-HIGH), x));
    constexpr double SERIES[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                 1.0 / 40320,      1.0 / 5040,      1.0 / 720,      1.0 / 120,     1.0 / 24,
                                 1.0 / 6,          0.5};
    Vector series = broadcast(Real(SERIES[0]));
#pragma GCC unroll 12
    for (int k = 1; k < 12; k++) series = fused(series, rest, broadcast(Real(SERIES[k])));
    Vector curve = fused(series, rest * rest, rest);
    constexpr int DIGITS = DOUBLE ? 52 : 23;
    Vector scale = (Vector)(((Mask)shifted << DIGITS) + (Mask)broadcast(1));  // n is in the last digits, and 1 has exponent 0
    return fused(scale, curve, scale - 1);
}

// nan of nan, since comparisons with it fail
INLINE Vector curve_tanh(Vector x) {
    Vector size = abs(x);
    Vector bounded = select(size > 22, broadcast(22), size);
    Vector less = near_expm1(bounded + bounded);
    return copysign(less / (less + 2), x);
}

INLINE Vector curve_sigmoid(Vector x) { return 1 / (1 + exp(-x)); }
