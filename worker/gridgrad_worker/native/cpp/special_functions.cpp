// The functions of the library, by Boost.Math, which is right to a few units in the last place over the whole domain.

#include "special_functions.h"

#include <cmath>

#include <boost/math/special_functions/bessel.hpp>

#include "incomplete_gamma.h"
#include "lambert_w.h"
#include "quiet.h"

namespace {

// Of even and odd functions
double with_parity(double n, double x, double of_size) { return x < 0 && std::fmod(n, 2) != 0 ? -of_size : of_size; }

}  // namespace

double gridgrad_jn(double n, double x) {
    if (std::isnan(x)) return x;
    return with_parity(n, x, boost::math::cyl_bessel_j(int(n), std::abs(x), Quiet()));
}

double gridgrad_gammainc(double a, double x) { return incomplete_gamma::lower(a, x); }
double gridgrad_gammaincc(double a, double x) { return incomplete_gamma::upper(a, x); }
double gridgrad_gammainc_partial(double m, double n, double a, double x) {
    return incomplete_gamma::partial(int(m), int(n), a, x);
}
double gridgrad_gammaincinv(double a, double p) { return incomplete_gamma::inverse(a, p); }

double gridgrad_lambertw(double x) { return lambert_w::of_branch(0, x); }
double gridgrad_lambertw_m1(double x) { return lambert_w::of_branch(-1, x); }
