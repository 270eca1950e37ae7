// The functions of the library of special functions, number by number, in double whatever Real is.

#pragma once

#include "special_functions.h"

#include "vectors.h"

#define OF_ONE(name)                                                             \
    INLINE Vector name(Vector x) {                                               \
        return each([](Real a) { return Real(gridgrad_##name(a)); }, x);         \
    }
#define OF_TWO(name)                                                                      \
    INLINE Vector name(Vector x, Vector y) {                                              \
        return each([](Real a, Real b) { return Real(gridgrad_##name(a, b)); }, x, y);    \
    }

OF_TWO(jn)
OF_TWO(yn)
OF_TWO(iv)
OF_TWO(kn)
OF_TWO(gammainc)
OF_TWO(gammaincc)
OF_TWO(gammaincinv)
OF_ONE(lambertw)
OF_ONE(lambertw_m1)

INLINE Vector gammainc_partial(Vector m, Vector n, Vector x, Vector y) {
    return each([=](Real a, Real b) { return Real(gridgrad_gammainc_partial(m[0], n[0], a, b)); }, x, y);
}
