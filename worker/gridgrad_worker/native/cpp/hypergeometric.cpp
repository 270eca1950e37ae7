// Kummer's function by Boost.Math, which turns it over for negative x, where its series would alternate.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/hypergeometric_1F1.hpp>

#include "quiet.h"

namespace {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double TOO_LARGE = 4000;  // from there on it grows beyond the numbers, and Boost takes a time that grows with x

bool is_pole(double x) { return x <= 0 && x == std::floor(x); }
bool of_gamma_is_negative(double x) { return x < 0 && std::fmod(std::floor(x), 2) != 0; }

}  // namespace

double gridgrad_hyp1f1(double a, double b, double x) {
    if (is_pole(b) || std::isnan(x) || x == -UNBOUNDED) return std::numeric_limits<double>::quiet_NaN();
    if (x > TOO_LARGE && !is_pole(a)) return of_gamma_is_negative(a) == of_gamma_is_negative(b) ? UNBOUNDED : -UNBOUNDED;
    return boost::math::hypergeometric_1F1(a, b, x, Quiet());
}
