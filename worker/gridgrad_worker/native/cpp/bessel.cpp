// Bessel functions by Boost.Math, which is right to a few units in the last place over the whole domain.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/bessel.hpp>

#include "quiet.h"

namespace {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();

// Of even and odd functions
double with_parity(double n, double x, double of_size) { return x < 0 && std::fmod(n, 2) != 0 ? -of_size : of_size; }

}  // namespace

double gridgrad_jn(double n, double x) {
    if (std::isnan(x)) return x;
    return with_parity(n, x, boost::math::cyl_bessel_j(int(n), std::abs(x), Quiet()));
}

// Those that have a pole at 0 and no value below
double gridgrad_yn(double n, double x) {
    if (!(x > 0)) return x == 0 ? -UNBOUNDED : NOT_A_NUMBER;
    double found = x == UNBOUNDED ? 0 : boost::math::cyl_neumann(int(n), x, Quiet());
    return std::isnan(found) ? -UNBOUNDED : found;  // of what is too large, where its recurrence is inf - inf
}

double gridgrad_kn(double n, double x) {
    if (!(x > 0)) return x == 0 ? UNBOUNDED : NOT_A_NUMBER;
    return x == UNBOUNDED ? 0 : boost::math::cyl_bessel_k(int(n), x, Quiet());
}

double gridgrad_iv(double n, double x) {
    if (std::isnan(x)) return x;
    double size = std::abs(x);
    return with_parity(n, x, size == UNBOUNDED ? size : boost::math::cyl_bessel_i(int(n), size, Quiet()));
}
