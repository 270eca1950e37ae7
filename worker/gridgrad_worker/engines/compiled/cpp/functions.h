// The functions of the language on vectors: Sleef's, and what is written here.

#pragma once

#include "vectors.h"

// ---------------------------------------------------------------- functions of Sleef

#if defined(__AVX512F__)
#define SLEEF(name, accuracy, ...)                                                                 \
    if constexpr (DOUBLE) return (Vector)Sleef_##name##d8_##accuracy(SLEEF_PACK(__m512d, __VA_ARGS__)); \
    else return (Vector)Sleef_##name##f16_##accuracy(SLEEF_PACK(__m512, __VA_ARGS__));
#elif defined(__AVX__)
#define SLEEF(name, accuracy, ...)                                                                 \
    if constexpr (DOUBLE) return (Vector)Sleef_##name##d4_##accuracy(SLEEF_PACK(__m256d, __VA_ARGS__)); \
    else return (Vector)Sleef_##name##f8_##accuracy(SLEEF_PACK(__m256, __VA_ARGS__));
#else  // no vectors of it: the C library, number by number
#define SLEEF(name, accuracy, ...) return each([](auto... v) -> Real { return std::name(v...); }, __VA_ARGS__);
#endif
#define SLEEF_PACK(type, ...) SLEEF_CHOOSE(__VA_ARGS__, SLEEF_TWO, SLEEF_ONE)(type, __VA_ARGS__)
#define SLEEF_CHOOSE(a, b, chosen, ...) chosen
#define SLEEF_ONE(type, a) (type)(a)
#define SLEEF_TWO(type, a, b) (type)(a), (type)(b)

INLINE Vector called_exp(Vector x) { SLEEF(exp, u10, x) }
INLINE Vector exp2(Vector x) { SLEEF(exp2, u10, x) }
INLINE Vector expm1(Vector x) { SLEEF(expm1, u10, x) }
INLINE Vector log(Vector x) { SLEEF(log, u10, x) }
INLINE Vector log2(Vector x) { SLEEF(log2, u10, x) }
INLINE Vector log10(Vector x) { SLEEF(log10, u10, x) }
INLINE Vector log1p(Vector x) { SLEEF(log1p, u10, x) }
INLINE Vector asin(Vector x) { SLEEF(asin, u10, x) }
INLINE Vector acos(Vector x) { SLEEF(acos, u10, x) }
INLINE Vector atan(Vector x) { SLEEF(atan, u10, x) }
INLINE Vector sinh(Vector x) { SLEEF(sinh, u10, x) }
INLINE Vector cosh(Vector x) { SLEEF(cosh, u10, x) }
INLINE Vector tanh(Vector x) { SLEEF(tanh, u10, x) }
INLINE Vector near_asinh(Vector x) { SLEEF(asinh, u10, x) }
INLINE Vector near_acosh(Vector x) { SLEEF(acosh, u10, x) }
INLINE Vector atanh(Vector x) { SLEEF(atanh, u10, x) }
INLINE Vector erf(Vector x) { SLEEF(erf, u10, x) }
INLINE Vector lgamma(Vector x) { SLEEF(lgamma, u10, x) }
INLINE Vector pow(Vector x, Vector y) { SLEEF(pow, u10, x, y) }  // see also powered
INLINE Vector atan2(Vector y, Vector x) { SLEEF(atan2, u10, y, x) }
INLINE Vector hypot(Vector x, Vector y) { SLEEF(hypot, u05, x, y) }
INLINE Vector slow_erfc(Vector x) { SLEEF(erfc, u15, x) }
INLINE Vector any_sin(Vector x) { SLEEF(sin, u10, x) }
INLINE Vector any_cos(Vector x) { SLEEF(cos, u10, x) }
INLINE Vector any_tan(Vector x) { SLEEF(tan, u10, x) }

// Sleef reduces the arguments of all lanes as the largest of them needs. So lanes are brought together
// with their like: up to NEAR, up to FAR, and all else.
constexpr Real NEAR = DOUBLE ? 15 : 125;
constexpr Real FAR = DOUBLE ? Real(1e14) : 39000;

template <class F> INLINE Vector by_size(F f, Vector x) {
    Mask near = abs(x) < NEAR;
    Vector result = f(select(near, x, Vector{}));
    if (__builtin_expect(any(~near), 0)) {
        Mask middle = ~near & (abs(x) < FAR), far = ~near & ~middle;
        if (any(middle)) result = select(middle, f(select(middle, x, Vector{} + NEAR)), result);
        if (any(far)) result = select(far, f(select(far, x, Vector{} + 2 * FAR)), result);
    }
    return result;
}

INLINE Vector sin(Vector x) { return by_size([](Vector v) { return any_sin(v); }, x); }
INLINE Vector cos(Vector x) { return by_size([](Vector v) { return any_cos(v); }, x); }
INLINE Vector tan(Vector x) { return by_size([](Vector v) { return any_tan(v); }, x); }

// ---------------------------------------------------------------- further functions

// Sleef's overflow where the square does.
constexpr Real SQUARABLE = DOUBLE ? Real(1e100) : Real(1e12);

INLINE Vector asinh(Vector x) {
    Vector far = copysign(log(abs(x)) + Real(0.6931471805599453), x);
    return select(abs(x) > SQUARABLE, far, near_asinh(x));
}

INLINE Vector acosh(Vector x) {
    return select(x > SQUARABLE, log(x) + Real(0.6931471805599453), near_acosh(x));
}

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
