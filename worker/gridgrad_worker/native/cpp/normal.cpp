// Functions of errors and of the normal distribution, by Boost.Math.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/owens_t.hpp>

#include "quiet.h"

double gridgrad_erfcinv(double x) {
    if (x == 0 || x == 2) return x ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return x > 0 && x < 2 ? boost::math::erfc_inv(x, Quiet()) : std::numeric_limits<double>::quiet_NaN();
}

double gridgrad_owens_t(double h, double a) {
    return std::isnan(h) || std::isnan(a) ? h + a : boost::math::owens_t(h, a, Quiet());
}
