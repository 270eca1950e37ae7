// Vectors of numbers, and the operations of the language on them, each lane by itself.
//
// A lane's result depends on that lane alone, whatever the others hold: all of an answer's
// reproducibility rests on that. Sleef, which torch brings along, keeps to it but for sin, cos and tan.
//
// Real is float or double; the generated code defines it before this file.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

#if defined(__AVX__)
#include <immintrin.h>
#include <sleef.h>
#endif

typedef std::conditional_t<std::is_same_v<Real, double>, int64_t, int32_t> Whole;
typedef Real Vector __attribute__((vector_size(BYTES)));
typedef Whole Mask __attribute__((vector_size(BYTES)));  // -1 where it holds, else 0

constexpr bool DOUBLE = std::is_same_v<Real, double>;
constexpr int LANES = BYTES / sizeof(Real);
constexpr Real NOT_A_NUMBER = std::numeric_limits<Real>::quiet_NaN();
constexpr Real UNBOUNDED = std::numeric_limits<Real>::infinity();
constexpr Real LARGEST = std::numeric_limits<Real>::max();
constexpr Whole SIGN_BIT = std::numeric_limits<Whole>::min();

#define INLINE static inline __attribute__((always_inline))
#define INLINE_MEMBER inline __attribute__((always_inline))

// ---------------------------------------------------------------- loads and stores

INLINE Vector broadcast(Real x) { return x - Vector{}; }

INLINE Vector load(const Real* from) { return *(const Vector*)from; }

INLINE void store(Real* to, Vector x) { *(Vector*)to = x; }

INLINE void store_unaligned(Real* to, Vector x) { std::memcpy(to, &x, sizeof x); }

// Past the caches, to an aligned place.
INLINE void store_past(Real* to, Vector x) {
#if defined(__AVX512F__)
    if constexpr (DOUBLE) _mm512_stream_pd((double*)to, (__m512d)x);
    else _mm512_stream_ps((float*)to, (__m512)x);
#elif defined(__AVX__)
    if constexpr (DOUBLE) _mm256_stream_pd((double*)to, (__m256d)x);
    else _mm256_stream_ps((float*)to, (__m256)x);
#else
    store(to, x);
#endif
}

// The first lanes only.
INLINE void store_some(Real* to, Vector x, int count) {
#if defined(__AVX512F__)
    if constexpr (DOUBLE) _mm512_mask_storeu_pd(to, (__mmask8)((1u << count) - 1), (__m512d)x);
    else _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)x);
#else
    for (int lane = 0; lane < count; lane++) to[lane] = x[lane];
#endif
}

INLINE void finish_stores() {
#if defined(__AVX__)
    _mm_sfence();
#endif
}

// ---------------------------------------------------------------- what lanes are made of

template <class F> INLINE Vector each(F f, Vector x) {
    Vector result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = f(x[lane]);
    return result;
}

template <class F> INLINE Vector each(F f, Vector x, Vector y) {
    Vector result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = f(x[lane], y[lane]);
    return result;
}

INLINE Vector select(Mask condition, Vector a, Vector b) { return condition ? a : b; }

INLINE Mask truth(Vector x) { return x != Vector{}; }

INLINE bool any(Mask mask) {
#if defined(__AVX512F__)
    if constexpr (DOUBLE) return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask);
    else return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask);
#else
    Whole found = 0;
    for (int lane = 0; lane < LANES; lane++) found |= mask[lane];
    return found;
#endif
}

// a * b + c, rounded once where the processor can.
INLINE Vector fused(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
    if constexpr (DOUBLE) return (Vector)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
    else return (Vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    if constexpr (DOUBLE) return (Vector)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
    else return (Vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

// Sums of products, for rows and columns of vectors: of each, left[lefts[k]] * right[rights[k]] for all terms k.
// They begin at -0, so that a sum of negative zeros is one.
template <int HEIGHT, int WIDTH, int TERMS>
INLINE void sum_products(Vector (&total)[HEIGHT][WIDTH], const Real* left, int64_t left_down, const int (&lefts)[TERMS],
                         const Real* right, int64_t right_down, int64_t right_along, const int (&rights)[TERMS],
                         int height) {
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++) total[row][column] = -Vector{};
    if (right_down == 0) {
        for (int term = 0; term < TERMS; term++) {
            Vector factor[WIDTH];
            for (int column = 0; column < WIDTH; column++) factor[column] = load(right + rights[term] + column * right_along);
            for (int row = 0; row < HEIGHT; row++) {
                Vector other = broadcast(left[lefts[term] + row * left_down]);
                for (int column = 0; column < WIDTH; column++)
                    total[row][column] = fused(other, factor[column], total[row][column]);
            }
        }
        return;
    }
    for (int row = 0; row < height; row++)
        for (int term = 0; term < TERMS; term++) {
            Vector other = broadcast(left[lefts[term] + row * left_down]);
            for (int column = 0; column < WIDTH; column++) {
                Vector factor = load(right + rights[term] + row * right_down + column * right_along);
                total[row][column] = fused(other, factor, total[row][column]);
            }
        }
}

// ---------------------------------------------------------------- bits, rounding, comparisons

INLINE Vector abs(Vector x) { return (Vector)((Mask)x & ~SIGN_BIT); }
INLINE Vector copysign(Vector x, Vector y) { return (Vector)(((Mask)x & ~SIGN_BIT) | ((Mask)y & SIGN_BIT)); }
INLINE Mask signbit(Vector x) { return (Mask)x < 0; }
INLINE Mask isnan(Vector x) { return x != x; }
INLINE Mask isinf(Vector x) { return abs(x) == UNBOUNDED; }

INLINE Vector sqrt(Vector x) { return each([](Real v) { return std::sqrt(v); }, x); }
INLINE Vector floor(Vector x) { return each([](Real v) { return std::floor(v); }, x); }
INLINE Vector ceil(Vector x) { return each([](Real v) { return std::ceil(v); }, x); }
INLINE Vector trunc(Vector x) { return each([](Real v) { return std::trunc(v); }, x); }
INLINE Vector rint(Vector x) { return each([](Real v) { return std::rint(v); }, x); }

// nan if either is
INLINE Vector maximum(Vector x, Vector y) { return select(isnan(x) | isnan(y), x + y, select(x > y, x, y)); }
INLINE Vector minimum(Vector x, Vector y) { return select(isnan(x) | isnan(y), x + y, select(x < y, x, y)); }
// the other if one is nan
INLINE Vector fmax(Vector x, Vector y) { return select((x >= y) | isnan(y), x, y); }
INLINE Vector fmin(Vector x, Vector y) { return select((x <= y) | isnan(y), x, y); }
INLINE Vector clamp(Vector x, Vector low, Vector high) {
    Vector raised = select(x < low, low, x);
    return select(raised > high, high, raised);
}
INLINE Vector sign(Vector x) { return select(x > 0, Vector{} + 1, Vector{}) - select(x < 0, Vector{} + 1, Vector{}); }
INLINE Vector nan_to_num(Vector x) {
    Vector bounded = select(x == UNBOUNDED, Vector{} + LARGEST, select(x == -UNBOUNDED, Vector{} - LARGEST, x));
    return select(isnan(x), Vector{}, bounded);
}

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

INLINE Vector exp(Vector x) { SLEEF(exp, u10, x) }
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
INLINE Vector pow(Vector x, Vector y) { SLEEF(pow, u10, x, y) }
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

// erfc(z) = exp(-z²)·q(z)/(1 + 2z) for z ≥ 0, where q is smooth: a polynomial in u, which goes from -1 to 1 as z
// goes from 0 to 28, beyond which erfc is 0 (M. M. Shepherd and J. G. Laframboise, Math. Comp. 36 (1981) 249). z² is
// taken apart, so that no digits are lost in the exponential of a large number: of z rounded to 12 binary places it
// is exact, and the exponential of the rest is 1 plus little. Right to 4 units in the last place, in a third of
// the time of Sleef's.
constexpr double ERFC_SERIES[] = {
    // Of q, from the power 0 of u: its Chebyshev series, computed with 50 digits, cut off below 2e-17 and expanded
    1.2539674711853876, -0.12066783607454412, -0.028294804466573526, 0.10198698200412773, -0.10728411861801816,
    0.07635790530016805, -0.04053954209294104, 0.01592052776625737, -0.004150791169926995, 0.0003778201011238177,
    0.00020076187925757694, -8.3453068846785e-05, 9.064856335358849e-07, 7.472764985820993e-06,
    -1.1835986068534048e-06, -6.134424897057184e-07, 1.7541533564862759e-07, 5.6098206857671387e-08,
    -2.107765157561842e-08, -6.111121466992206e-09, 2.1862265190571295e-09, 6.963810972864853e-10,
    -1.4801577414451093e-10, -5.4141784888159407e-11,
};

INLINE Vector erfc(Vector x) {
    if constexpr (!DOUBLE) return slow_erfc(x);
    Vector z = clamp(abs(x), Vector{}, Vector{} + 28);
    Vector u = Real(71.0 / 56) - Real(3810.0 / 448) / (z + Real(3.75));
    Vector square = u * u, fourth = square * square, part[4];
    for (int first = 0; first < 4; first++) {  // side by side
        part[first] = Vector{} + Real(ERFC_SERIES[20 + first]);
        for (int n = 16 + first; n >= 0; n -= 4) part[first] = fused(part[first], fourth, Vector{} + Real(ERFC_SERIES[n]));
    }
    Vector smooth = fused(fused(u, part[3], part[2]), square, fused(u, part[1], part[0]));
    Vector rounded = rint(z * 4096) / 4096;
    Vector rest = (rounded - z) * (rounded + z), little = Vector{} + Real(1.0 / 720);
    constexpr Real FACTORIALS[] = {120, 24, 6, 2, 1, 1};
    for (Real divisor : FACTORIALS) little = fused(little, rest, Vector{} + 1 / divisor);
    Vector positive = exp(-rounded * rounded) * (little * smooth) / (1 + 2 * z);
    return select(x < 0, 2 - positive, positive);
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
