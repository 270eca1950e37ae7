// The functions of the library: for one point each, and nan where they have no value. Whole numbers come as doubles.

#pragma once

// Each of them, and how many arguments it has
#define FUNCTIONS_OF_LIBRARY(ROW)                                                                 \
    /* Bessel functions of both kinds, and modified ones, of orders from 0 on */                  \
    ROW(jn, 2) ROW(yn, 2) ROW(iv, 2) ROW(kn, 2)                                                   \
    /* The regularised incomplete gamma function P(a, x) and its complement, the derivatives of */ \
    /* the first, m times by a and n times by x, and the x at which it is p */                     \
    ROW(gammainc, 2) ROW(gammaincc, 2) ROW(gammainc_partial, 4) ROW(gammaincinv, 2)               \
    /* Beta functions, and the n-th derivative of digamma at a + b, less that at a */             \
    ROW(beta, 2) ROW(betaln, 2) ROW(polygamma_difference, 3)                                      \
    /* Lambert's W, on the branches 0 and -1 */                                                   \
    ROW(lambertw, 1) ROW(lambertw_m1, 1)                                                          \
    /* Of errors and the normal distribution */                                                   \
    ROW(erfcinv, 1) ROW(owens_t, 2)

#define DOUBLES_1 double
#define DOUBLES_2 double, double
#define DOUBLES_3 double, double, double
#define DOUBLES_4 double, double, double, double
#define DECLARED(name, count) double gridgrad_##name(DOUBLES_##count);

extern "C" {
FUNCTIONS_OF_LIBRARY(DECLARED)
}
