// The functions that Sleef has for vectors, each lane by itself.

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

// Sleef chooses how to reduce the arguments of all lanes by the largest of them, which would make a lane's result
// depend on the others. So lanes of one way of reduction are computed together: up to NEAR, up to FAR, and beyond.
constexpr Real NEAR = DOUBLE ? 15 : 125;
constexpr Real FAR = DOUBLE ? Real(1e14) : 39000;

// What is seldom is called: written out for each sine it would be most of the code.
template <class F> __attribute__((noinline, cold)) Vector beyond_near(F f, Vector x, Vector result) {
    Mask near = abs(x) < NEAR, middle = ~near & (abs(x) < FAR), far = ~near & ~middle;
    if (any(middle)) result = select(middle, f(select(middle, x, Vector{} + NEAR)), result);
    if (any(far)) result = select(far, f(select(far, x, Vector{} + 2 * FAR)), result);
    return result;
}

template <class F> INLINE Vector by_size(F f, Vector x) {
    Mask near = abs(x) < NEAR;
    Vector result = f(select(near, x, Vector{}));
    return __builtin_expect(any(~near), 0) ? beyond_near(f, x, result) : result;
}

INLINE Vector sin(Vector x) { return by_size([](Vector v) { return any_sin(v); }, x); }
INLINE Vector cos(Vector x) { return by_size([](Vector v) { return any_cos(v); }, x); }
INLINE Vector tan(Vector x) { return by_size([](Vector v) { return any_tan(v); }, x); }
