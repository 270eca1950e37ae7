// The functions of the library of special functions, number by number, in double whatever Real is.

#pragma once

#include "special_functions.h"

#include "vectors.h"

INLINE Vector jn(Vector n, Vector x) { return each([](Real m, Real v) { return Real(gridgrad_jn(m, v)); }, n, x); }
