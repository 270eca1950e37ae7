// Special functions that no library has for vectors: torch's own, number by number.

#pragma once

#include <ATen/native/Math.h>

#include "functions.h"

INLINE Vector digamma(Vector x) { return each([](Real v) { return calc_digamma(v); }, x); }
INLINE Vector erfcx(Vector x) { return each([](Real v) { return calc_erfcx(v); }, x); }
INLINE Vector erfinv(Vector x) { return each([](Real v) { return calc_erfinv(v); }, x); }
INLINE Vector ndtri(Vector x) { return each([](Real v) { return calc_ndtri(v); }, x); }
INLINE Vector log_ndtr(Vector x) { return each([](Real v) { return calc_log_ndtr(v); }, x); }
