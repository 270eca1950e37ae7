// The functions of the library of special functions, in double whatever Real is.

#pragma once

#include "special_functions.h"

#include "vectors.h"

template <class F, class... V> INLINE Vector by_lanes(F f, V... x) {
    Vector result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = Real(f(x[lane]...));
    return result;
}

// Of those that the library computes at many points at once
template <class F> INLINE Vector at_once(F f, Vector x) {
    double from[LANES], to[LANES];
    Vector result;
    for (int lane = 0; lane < LANES; lane++) from[lane] = x[lane];
    f(from, to, LANES);
    for (int lane = 0; lane < LANES; lane++) result[lane] = Real(to[lane]);
    return result;
}

#define VECTORS_1 Vector a
#define VECTORS_2 VECTORS_1, Vector b
#define VECTORS_3 VECTORS_2, Vector c
#define VECTORS_4 VECTORS_3, Vector d
#define VECTORS_5 VECTORS_4, Vector e
#define VECTORS_6 VECTORS_5, Vector f
#define VECTORS_8 VECTORS_6, Vector g, Vector h
#define GIVEN_1 a
#define GIVEN_2 GIVEN_1, b
#define GIVEN_3 GIVEN_2, c
#define GIVEN_4 GIVEN_3, d
#define GIVEN_5 GIVEN_4, e
#define GIVEN_6 GIVEN_5, f
#define GIVEN_8 GIVEN_6, g, h
#define OF_VECTORS(name, count) \
    INLINE Vector name(VECTORS_##count) { return by_lanes(gridgrad_##name, GIVEN_##count); }
#define OF_VECTOR(name) \
    INLINE Vector name(Vector x) { return at_once(gridgrad_##name, x); }
#define OF_VECTOR_BY_ORDER(name)                                                                                       \
    INLINE Vector name(Vector n, Vector x) {                                                                           \
        return at_once([n](const double* from, double* to, int64_t points) { gridgrad_##name(n[0], from, to, points); }, x); \
    }

FUNCTIONS_OF_LIBRARY(OF_VECTORS)
FUNCTIONS_AT_ONCE(OF_VECTOR)
DERIVATIVES_AT_ONCE(OF_VECTOR_BY_ORDER)
