// The functions of the library of special functions, number by number, in double whatever Real is.

#pragma once

#include "special_functions.h"

#include "vectors.h"

template <class F, class... V> INLINE Vector by_lanes(F f, V... x) {
    Vector result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = Real(f(x[lane]...));
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

FUNCTIONS_OF_LIBRARY(OF_VECTORS)
