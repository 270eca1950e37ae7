// The functions of the language on vectors that Sleef lacks, or is slow or wrong in.

#pragma once

#include "powers.h"

// Sleef's asinh and acosh overflow where the square of their argument does.
constexpr Real SQUARABLE = DOUBLE ? Real(1e100) : Real(1e12);

INLINE Vector asinh(Vector x) {
    Vector far = copysign(log(abs(x)) + Real(0.6931471805599453), x);
    return select(abs(x) > SQUARABLE, far, near_asinh(x));
}

INLINE Vector acosh(Vector x) {
    return select(x > SQUARABLE, log(x) + Real(0.6931471805599453), near_acosh(x));
}

// erfc(z) = exp(-z²)·q(z)/(1 + 2z) for z ≥ 0, where q is smooth: a polynomial in u, which goes from -1 to 1 as z
// goes from 0 to 28, beyond which erfc is 0 (M. M. Shepherd and J. G. Laframboise, Math. Comp. 36 (1981) 249). z² is
// taken apart, so that no digits are lost in the exponential of a large number: of z rounded to 12 binary places it
// is exact, and the exponential of the rest is 1 plus little. Right to 4 units in the last place, in a quarter of
// the time of Sleef's. The normal distribution is the same at z = |x|/√2, with x² taken apart.
constexpr double ERFC_SERIES[] = {
    // Of q, from the power 0 of u: its Chebyshev series, computed with 50 digits, cut off below 2e-17 and expanded
    1.2539674711853876, -0.12066783607454412, -0.028294804466573526, 0.10198698200412773, -0.10728411861801816,
    0.07635790530016805, -0.04053954209294104, 0.01592052776625737, -0.004150791169926995, 0.0003778201011238177,
    0.00020076187925757694, -8.3453068846785e-05, 9.064856335358849e-07, 7.472764985820993e-06,
    -1.1835986068534048e-06, -6.134424897057184e-07, 1.7541533564862759e-07, 5.6098206857671387e-08,
    -2.107765157561842e-08, -6.111121466992206e-09, 2.1862265190571295e-09, 6.963810972864853e-10,
    -1.4801577414451093e-10, -5.4141784888159407e-11,
};

// q(z)/(1 + 2z)
INLINE Vector scaled_erfc(Vector z) {
    Vector a = z + Real(3.75), b = 1 + 2 * z, inverse = 1 / (a * b);
    Vector u = (z - Real(2.9577464788732395)) * Real(71.0 / 56) * (b * inverse);
    Vector square = u * u, fourth = square * square, part[4];
#pragma GCC unroll 4
    for (int first = 0; first < 4; first++) {  // side by side
        part[first] = broadcast(Real(ERFC_SERIES[20 + first]));
#pragma GCC unroll 5
        for (int n = 16 + first; n >= 0; n -= 4) part[first] = fused(part[first], fourth, broadcast(Real(ERFC_SERIES[n])));
    }
    return fused(fused(u, part[3], part[2]), square, fused(u, part[1], part[0])) * (a * inverse);
}

// exp(-scale·x²), for x ≥ 0 up to 40
INLINE Vector exp_of_square(Vector x, Real scale) {
    Vector rounded = rint(x * 4096) * Real(1.0 / 4096);
    Vector rest = (rounded - x) * (rounded + x) * scale, little = broadcast(Real(1.0 / 720));
    constexpr Real FACTORIALS[] = {120, 24, 6, 2, 1, 1};
#pragma GCC unroll 6
    for (Real divisor : FACTORIALS) little = fused(little, rest, broadcast(1 / divisor));
    return exp(rounded * rounded * -scale) * little;
}

INLINE Vector erfc(Vector x) {
    if constexpr (!DOUBLE) return slow_erfc(x);
    Vector z = clamp(abs(x), Vector{}, broadcast(28));
    Vector positive = exp_of_square(z, 1) * scaled_erfc(z);
    return select(x < 0, 2 - positive, positive);
}

INLINE Vector norm_pdf(Vector x) {
    if constexpr (!DOUBLE) return exp(x * x * Real(-0.5)) * Real(0.3989422804014327);
    return exp_of_square(clamp(abs(x), Vector{}, broadcast(40)), Real(0.5)) * Real(0.3989422804014327);
}

INLINE Vector norm_cdf(Vector x) {
    if constexpr (!DOUBLE) return slow_erfc(x * Real(-0.7071067811865476)) * Real(0.5);
    Vector size = clamp(abs(x), Vector{}, broadcast(40));
    Vector tail = exp_of_square(size, Real(0.5)) * (scaled_erfc(size * Real(0.7071067811865476)) * Real(0.5));
    return select(x > 0, 1 - tail, tail);
}

INLINE Vector fmod(Vector x, Vector y) { return each([](Real a, Real b) { return std::fmod(a, b); }, x, y); }

// With the sign of y, as Python has it
INLINE Vector remainder(Vector x, Vector y) {
    Vector rest = fmod(x, y);
    return select((rest != 0) & ((y < 0) != (rest < 0)), rest + y, rest);
}

INLINE Vector floor_divide(Vector x, Vector y) {
    Vector rest = fmod(x, y), quotient = (x - rest) / y;
    quotient = select((rest != 0) & ((y < 0) != (rest < 0)), quotient - 1, quotient);
    Vector floored = floor(quotient);
    floored = select(quotient - floored > Real(0.5), floored + 1, floored);
    floored = select(quotient == 0, copysign(Vector{}, x / y), floored);
    return select(y == 0, x / y, floored);
}

INLINE Vector sigmoid(Vector x) { return 1 / (1 + exp(-x)); }

INLINE Vector logaddexp(Vector x, Vector y) {
    Vector larger = maximum(x, y);
    return select(isinf(x) & (x == y), x, larger + log1p(exp(-abs(x - y))));
}

INLINE Vector logaddexp2(Vector x, Vector y) {
    Vector larger = maximum(x, y);
    return select(isinf(x) & (x == y), x, larger + log1p(exp2(-abs(x - y))) * Real(1.4426950408889634));
}

INLINE Vector xlogy(Vector x, Vector y) { return select(isnan(y), y, select(x == 0, Vector{}, x * log(y))); }
INLINE Vector xlog1py(Vector x, Vector y) { return select(isnan(y), y, select(x == 0, Vector{}, x * log1p(y))); }
INLINE Vector entr(Vector x) {
    Vector positive = select(x == 0, Vector{}, -x * log(x));
    return select(x < 0, Vector{} - UNBOUNDED, positive);
}
