// Functions of errors and of the normal distribution, by Boost.Math, and by xsf what that has not.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/owens_t.hpp>

#include "bivariate_normal.h"
#include "faddeeva.h"
#include "quiet.h"

double gridgrad_erfcinv(double x) {
    if (x == 0 || x == 2) return x ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return x > 0 && x < 2 ? boost::math::erfc_inv(x, Quiet()) : std::numeric_limits<double>::quiet_NaN();
}

double gridgrad_bivariate_norm_cdf(double x, double y, double rho) { return bivariate_normal::value(x, y, rho); }

double gridgrad_owens_t(double h, double a) {
    return std::isnan(h) || std::isnan(a) ? h + a : boost::math::owens_t(h, a, Quiet());
}

double gridgrad_dawsn(double x) { return faddeeva::dawson(0, x); }
double gridgrad_dawsn_derivative(double n, double x) { return faddeeva::dawson(int(n), x); }

double gridgrad_voigt_profile(double x, double sigma, double gamma) { return faddeeva::profile(0, 0, x, sigma, gamma); }
double gridgrad_voigt_partial(double m, double n, double x, double sigma, double gamma) {
    return faddeeva::profile(int(m), int(n), x, sigma, gamma);
}
