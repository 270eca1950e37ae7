// exp, logarithms and powers on vectors.

#pragma once

#include "sleef_functions.h"

// exp and pow as in Sleef (N. Shibata and F. Petrogalli, IEEE Trans. Parallel Distrib. Syst. 31 (2020) 1316), but
// written where they are used: a call has all registers saved. And powers of one number share its logarithm, which
// is most of the work. Right to 1 unit in the last place.
#if defined(__AVX512F__)
INLINE Vector rounded_up_or_down(Vector x) { return (Vector)_mm512_roundscale_pd((__m512d)x, _MM_FROUND_TO_NEAREST_INT); }

constexpr double LN2_HIGH = .69314718055966295651160180568695068359375, LN2_LOW = .28235290563031577122588448175013436e-12;

// (exp(r) - 1 - r)/r² for |r| up to ln 2 / 2: the polynomial that equals it at the Chebyshev nodes
constexpr double EXP_SERIES[] = {0.5,
                                 0.1666666666666667,
                                 0.04166666666666667,
                                 0.008333333333325985,
                                 0.0013888888888883642,
                                 0.00019841269875342141,
                                 2.4801587325920163e-05,
                                 2.7557254740405416e-06,
                                 2.7557273171941026e-07,
                                 2.5105490906986696e-08,
                                 2.091488256348507e-09};

// exp(x + rest) for |x| up to 1000
INLINE Vector exp_of_sum(Vector x, Vector rest) {
    Vector n = rounded_up_or_down(x * Real(1.442695040888963407359924681001892137));
    Vector r = fused(n, broadcast(Real(-LN2_LOW)), fused(n, broadcast(Real(-LN2_HIGH)), x)) + rest;
    Vector r2 = r * r, r4 = r2 * r2, pair[5];
#pragma GCC unroll 5
    for (int k = 0; k < 5; k++)  // side by side
        pair[k] = fused(r, broadcast(Real(EXP_SERIES[2 * k + 1])), broadcast(Real(EXP_SERIES[2 * k])));
    Vector high = fused(fused(r2, broadcast(Real(EXP_SERIES[10])), pair[4]), r4, fused(pair[3], r2, pair[2]));
    Vector result = fused(fused(high, r4, fused(pair[1], r2, pair[0])), r2, r) + 1;
    return (Vector)_mm512_scalef_pd((__m512d)result, (__m512d)n);
}

INLINE Vector exp(Vector x) {
    if constexpr (!DOUBLE) return called_exp(x);
    else return exp_of_sum(clamp(x, broadcast(-1000), broadcast(1000)), Vector{});
}

// ln x = high + low, for finite x > 0
struct Logarithm {
    Vector high, low;
};

INLINE Logarithm sum_of(Vector a, Vector b) {
    Vector sum = a + b, part = sum - a;
    return {sum, (a - (sum - part)) + (b - part)};
}

INLINE Logarithm product_of(Logarithm a, Logarithm b) {
    Vector product = a.high * b.high;
    return {product, fused(a.high, b.low, fused(a.low, b.high, fused(a.high, b.high, -product)))};
}

INLINE Logarithm plus(Logarithm a, Logarithm b) {
    Logarithm sum = sum_of(a.high, b.high);
    return {sum.high, sum.low + (a.low + b.low)};
}

INLINE Logarithm logarithm(Vector x) {
    if constexpr (!DOUBLE) return Logarithm{x, x};
    Vector e = (Vector)_mm512_getexp_pd((__m512d)(x * Real(1.0 / 0.75)));
    Vector m = (Vector)_mm512_getmant_pd((__m512d)x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    Logarithm below = sum_of(broadcast(1), m);
    Vector above = m - 1, quotient = above / below.high;
    Vector rest = fused(-quotient, below.high, above) - quotient * below.low;
    Logarithm q = {quotient, rest / below.high};
    Logarithm square = product_of(q, q), cube = product_of(square, q), fifth = product_of(square, cube);
    constexpr double SERIES[] = {0.116255524079935043668677, 0.103239680901072952701192, 0.117754809412463995466069,
                                 0.13332981086846273921509,  0.153846227114512262845736, 0.181818180850050775676507,
                                 0.222222222230083560345903, 0.285714285714249172087875, 0.400000000000000077715612};
    Vector t = broadcast(Real(SERIES[0]));
    for (int n = 1; n < 9; n++) t = fused(t, square.high, broadcast(Real(SERIES[n])));
    Logarithm ln2 = {broadcast(Real(0.693147180559945286226764)), broadcast(Real(2.319046813846299558417771e-17))};
    Logarithm two_thirds = {broadcast(Real(0.666666666666666629659233)), broadcast(Real(3.80554962542412056336616e-17))};
    Logarithm sum = plus(product_of({e, Vector{}}, ln2), {q.high * 2, q.low * 2});
    sum = plus(sum, product_of(cube, two_thirds));
    return plus(sum, product_of(fifth, {t, Vector{}}));
}

// x to the y, with the logarithm of x
INLINE Vector powered(Vector x, Logarithm logarithm, Vector y) {
    if constexpr (!DOUBLE) return pow(x, y);
    Logarithm exponent = product_of(logarithm, {y, Vector{}});
    Mask ordinary = (x > 0) & (x < UNBOUNDED) & (abs(exponent.high) < 700);
    Vector result = exp_of_sum(exponent.high, exponent.low);
    if (__builtin_expect(any(~ordinary), 0)) result = select(ordinary, result, pow(x, y));
    return result;
}
#else
INLINE Vector exp(Vector x) { return called_exp(x); }
struct Logarithm {};
INLINE Logarithm logarithm(Vector) { return {}; }
INLINE Vector powered(Vector x, Logarithm, Vector y) { return pow(x, y); }
#endif
