// The functions of the library: for one point each, and nan where they have no value. Whole numbers come as doubles.

#pragma once

#include <cstdint>

// Each that is computed point by point, and how many arguments it has
#define FUNCTIONS_OF_LIBRARY(ROW) \
    BESSEL_FUNCTIONS(ROW) GAMMA_FUNCTIONS(ROW) NORMAL_FUNCTIONS(ROW) INTEGRALS(ROW) ELLIPTIC_INTEGRALS(ROW) \
    ORTHOGONAL_POLYNOMIALS(ROW) POLYLOGARITHMS(ROW)

// Bessel functions of both kinds, and modified ones, of whole orders from 0 on and of real ones; spherical ones;
// Airy functions and their derivatives
#define BESSEL_FUNCTIONS(ROW)                                                                             \
    ROW(jn, 2) ROW(yn, 2) ROW(kn, 2) ROW(jv, 2) ROW(yv, 2) ROW(iv, 2) ROW(kv, 2) ROW(i0, 1) ROW(i1, 1)      \
    ROW(spherical_jn, 2) ROW(spherical_yn, 2) ROW(spherical_in, 2) ROW(spherical_kn, 2) ROW(airy_ai, 1)     \
    ROW(airy_bi, 1) ROW(airy_ai_prime, 1) ROW(airy_bi_prime, 1) ROW(ive, 2) ROW(kve, 2)   \
    ROW(i0e, 1) ROW(i1e, 1) ROW(k0e, 1) ROW(k1e, 1) ROW(ive_derivative, 3) ROW(kve_derivative, 3)

// The regularised incomplete gamma function P(a, x) and its complement, the derivatives of the first, m times by a and n
// times by x, and the x at which it is p; the like of the incomplete beta function and of Student's t; beta functions, and the n-th derivative of digamma at a + b, less that at a;
// Lambert's W, on the branches 0 and -1
#define GAMMA_FUNCTIONS(ROW)                                                       \
    ROW(gammainc, 2) ROW(gammaincc, 2) ROW(gammainc_partial, 4) ROW(gammaincinv, 2) \
    ROW(betainc, 3) ROW(betainc_partial, 6) ROW(betaincinv, 3) ROW(student_t_cdf, 2)                \
    ROW(student_t_cdf_partial, 4) ROW(beta, 2) ROW(betaln, 2) ROW(polygamma_difference, 3) ROW(lambertw, 1) ROW(lambertw_m1, 1)

// Of errors and the normal distribution
#define NORMAL_FUNCTIONS(ROW)                                  \
    ROW(erfcinv, 1) ROW(owens_t, 2) ROW(bivariate_norm_cdf, 3) \
    ROW(dawsn, 1) ROW(dawsn_derivative, 2) ROW(voigt_profile, 3) ROW(voigt_partial, 5)

// Of exponentials, sines and logarithms; Kummer's function and Riemann's
#define INTEGRALS(ROW)                                                                       \
    ROW(expi, 1) ROW(exp1, 1) ROW(expn, 2) ROW(expn_derivative, 3) ROW(si, 1) ROW(ci, 1) ROW(shi, 1) \
    ROW(chi, 1) ROW(fresnel_s, 1) ROW(fresnel_c, 1) ROW(spence, 1) ROW(hyp1f1, 3) ROW(zeta, 1) \
    ROW(zeta_derivative, 2)

// By the parameter m, and Carlson's
#define ELLIPTIC_INTEGRALS(ROW)                                                                        \
    ROW(ellipkinc, 2) ROW(ellipeinc, 2) ROW(ellipkinc_derivative, 3) ROW(ellipeinc_derivative, 3)        \
    ROW(elliprf, 3) ROW(elliprd, 3) ROW(elliprc, 2) ROW(elliprj, 4) ROW(carlson_c, 4) ROW(carlson_f, 6)  \
    ROW(carlson_j, 8)

// Complete ones, of one argument, which are computed at many points at once, and their n-th derivatives
#define FUNCTIONS_AT_ONCE(ROW) ROW(ellipk) ROW(ellipe) ROW(ellipkm1)
#define DERIVATIVES_AT_ONCE(ROW) ROW(ellipk_derivative) ROW(ellipe_derivative) ROW(ellipkm1_derivative)

// Of constant degrees: Legendre's, Chebyshev's, Hermite's and Laguerre's
#define ORTHOGONAL_POLYNOMIALS(ROW)                                                             \
    ROW(legendre_p, 2) ROW(legendre_p_derivative, 3) ROW(assoc_legendre, 3) ROW(chebyt, 2)        \
    ROW(chebyt_derivative, 3) ROW(hermite, 2) ROW(laguerre, 2) ROW(assoc_laguerre, 3)

// Of constant orders: polylogarithms, the integrals of Fermi and Dirac's and of Bose and Einstein's, Debye's functions
#define POLYLOGARITHMS(ROW)                                                                      \
    ROW(polylog, 2) ROW(polylog_derivative, 3) ROW(fermi_dirac, 2) ROW(bose_einstein, 2) ROW(debye, 2) \
    ROW(debye_derivative, 3)

#define DOUBLES_1 double
#define DOUBLES_2 double, double
#define DOUBLES_3 DOUBLES_2, double
#define DOUBLES_4 DOUBLES_2, DOUBLES_2
#define DOUBLES_5 DOUBLES_4, double
#define DOUBLES_6 DOUBLES_4, DOUBLES_2
#define DOUBLES_8 DOUBLES_4, DOUBLES_4
#define DECLARED(name, count) double gridgrad_##name(DOUBLES_##count);
#define DECLARED_AT_ONCE(name) void gridgrad_##name(const double* from, double* to, int64_t points);
#define DECLARED_BY_ORDER(name) void gridgrad_##name(double n, const double* from, double* to, int64_t points);

extern "C" {
FUNCTIONS_OF_LIBRARY(DECLARED)
FUNCTIONS_AT_ONCE(DECLARED_AT_ONCE)
DERIVATIVES_AT_ONCE(DECLARED_BY_ORDER)
}
