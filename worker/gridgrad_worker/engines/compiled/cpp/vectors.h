// Vectors of numbers, and the elementary operations on them, each lane by itself.
//
// A lane's result depends on that lane alone, whatever the others hold: all of an answer's
// reproducibility rests on that. Sleef, which torch brings along, keeps to it but for sin, cos and tan.
//
// Real is float or double; the generated code defines it before this file.

#pragma once

#include <algorithm>
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
typedef std::make_unsigned_t<Whole> Sizes __attribute__((vector_size(BYTES)));

constexpr bool DOUBLE = std::is_same_v<Real, double>;
constexpr int LANES = BYTES / sizeof(Real);
constexpr Real NOT_A_NUMBER = std::numeric_limits<Real>::quiet_NaN();
constexpr Real UNBOUNDED = std::numeric_limits<Real>::infinity();
constexpr Real LARGEST = std::numeric_limits<Real>::max();
constexpr Whole SIGN_BIT = std::numeric_limits<Whole>::min();

#define INLINE static inline __attribute__((always_inline))
#define INLINE_MEMBER inline __attribute__((always_inline))
#define EXPORTED extern "C" __attribute__((visibility("default")))

// ---------------------------------------------------------------- loads and stores

INLINE Vector broadcast(Real x) { return x - Vector{}; }

INLINE Vector load(const Real* from) { return *(const Vector*)from; }

INLINE Vector load_unaligned(const Real* from) {
    Vector result;
    std::memcpy(&result, from, sizeof result);
    return result;
}

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

// Copies numbers past the caches from where LANES more may be read, but for what shares a vector with others.
INLINE void copy_past(Real* to, const Real* from, int64_t count) {
    int64_t n = std::min(count, int64_t(-(uintptr_t)to % BYTES / sizeof(Real)));
    if (n) store_some(to, load_unaligned(from), int(n));
    for (; n + LANES <= count; n += LANES) store_past(to + n, load_unaligned(from + n));
    if (n < count) store_some(to + n, load_unaligned(from + n), int(count - n));
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
template <int HEIGHT, int WIDTH>
INLINE void sum_terms(Vector (&total)[HEIGHT][WIDTH], const Real* left, int64_t left_down, const int* lefts,
                      const Real* right, int64_t right_down, int64_t right_along, const int* rights, int terms,
                      int height) {
    Vector sum[HEIGHT][WIDTH];
#pragma GCC unroll 8
    for (int row = 0; row < HEIGHT; row++)
#pragma GCC unroll 2
        for (int column = 0; column < WIDTH; column++) sum[row][column] = -Vector{};
    if (right_down == 0) {
        for (int term = 0; term < terms; term++) {
            Vector factor[WIDTH];
#pragma GCC unroll 2
            for (int column = 0; column < WIDTH; column++) factor[column] = load(right + rights[term] + column * right_along);
#pragma GCC unroll 8
            for (int row = 0; row < HEIGHT; row++) {
                Vector other = broadcast(left[lefts[term] + row * left_down]);
#pragma GCC unroll 2
                for (int column = 0; column < WIDTH; column++)
                    sum[row][column] = fused(other, factor[column], sum[row][column]);
            }
        }
#pragma GCC unroll 8
        for (int row = 0; row < HEIGHT; row++)
#pragma GCC unroll 2
            for (int column = 0; column < WIDTH; column++) total[row][column] = sum[row][column];
        return;
    }
    for (int row = 0; row < height; row++) {
        for (int column = 0; column < WIDTH; column++) total[row][column] = -Vector{};
        for (int term = 0; term < terms; term++) {
            Vector other = broadcast(left[lefts[term] + row * left_down]);
            for (int column = 0; column < WIDTH; column++) {
                Vector factor = load(right + rights[term] + row * right_down + column * right_along);
                total[row][column] = fused(other, factor, total[row][column]);
            }
        }
    }
}

template <int HEIGHT, int WIDTH, int TERMS>
INLINE void sum_products(Vector (&total)[HEIGHT][WIDTH], const Real* left, int64_t left_down, const int (&lefts)[TERMS],
                         const Real* right, int64_t right_down, int64_t right_along, const int (&rights)[TERMS],
                         int height) {
    sum_terms(total, left, left_down, lefts, right, right_down, right_along, rights, TERMS, height);
}

// The same for programs of so many sums that they share one function.
template <int HEIGHT, int WIDTH>
__attribute__((noinline)) static void called_sum_terms(Vector (&total)[HEIGHT][WIDTH], const Real* left, int64_t left_down,
                                                       const int* lefts, const Real* right, int64_t right_down,
                                                       int64_t right_along, const int* rights, int terms, int height) {
    sum_terms(total, left, left_down, lefts, right, right_down, right_along, rights, terms, height);
}

template <int HEIGHT, int WIDTH, int TERMS>
INLINE void called_sum_products(Vector (&total)[HEIGHT][WIDTH], const Real* left, int64_t left_down,
                                const int (&lefts)[TERMS], const Real* right, int64_t right_down, int64_t right_along,
                                const int (&rights)[TERMS], int height) {
    called_sum_terms(total, left, left_down, lefts, right, right_down, right_along, rights, TERMS, height);
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
