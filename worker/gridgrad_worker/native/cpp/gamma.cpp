// Gamma and beta functions and their kin, by Boost.Math, which is right to a few units in the last place over the whole
// domain, and beside it.

#include "special_functions.h"

#include "beta.h"
#include "incomplete_beta.h"
#include "incomplete_gamma.h"
#include "lambert_w.h"
#include "student_t.h"

double gridgrad_gammainc(double a, double x) { return incomplete_gamma::lower(a, x); }
double gridgrad_gammaincc(double a, double x) { return incomplete_gamma::upper(a, x); }
double gridgrad_gammainc_partial(double m, double n, double a, double x) {
    return incomplete_gamma::partial(int(m), int(n), a, x);
}
double gridgrad_gammaincinv(double a, double p) { return incomplete_gamma::inverse(a, p); }

double gridgrad_lambertw(double x) { return lambert_w::of_branch(0, x); }
double gridgrad_lambertw_m1(double x) { return lambert_w::of_branch(-1, x); }

double gridgrad_betainc(double a, double b, double x) { return incomplete_beta::value(a, b, x); }
double gridgrad_betainc_partial(double i, double j, double k, double a, double b, double x) {
    return incomplete_beta::partial(int(i), int(j), int(k), a, b, x);
}
double gridgrad_betaincinv(double a, double b, double p) { return incomplete_beta::inverse(a, b, p); }

double gridgrad_student_t_cdf(double nu, double t) { return student_t::partial(0, 0, nu, t); }
double gridgrad_student_t_cdf_partial(double m, double n, double nu, double t) {
    return student_t::partial(int(m), int(n), nu, t);
}

double gridgrad_beta(double a, double b) { return beta::value(a, b); }
double gridgrad_betaln(double a, double b) { return beta::logarithm(a, b); }
double gridgrad_polygamma_difference(double n, double a, double b) { return beta::difference(int(n), a, b); }
