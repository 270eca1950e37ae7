// Kummer's function by Boost.Math, which turns it over for negative x, where its series would alternate.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/hypergeometric_1F1.hpp>

#include "quiet.h"

namespace {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double TOO_LARGE = 4000;  // from there on it grows beyond the numbers, and Boost takes a time that grows with x
constexpr double FAR = 1e8;  // from there on its expansion takes few terms

bool is_pole(double x) { return x <= 0 && x == std::floor(x); }
bool of_gamma_is_negative(double x) { return x < 0 && std::fmod(std::floor(x), 2) != 0; }

// M(a, b, -x) for large x (DLMF 13.7.2), which is exp(-x) times a polynomial where b - a is a pole of Γ
double expanded(double a, double b, double x) {
    if (is_pole(b - a)) return 0;
    double term = 1, sum = 0;
    for (int k = 0; k < 200 && std::abs(term) > 1e-17 * std::abs(sum); k++) {
        sum += term;
        term *= (a + k) * (a - b + 1 + k) / (k + 1) / x;
    }
    double size = std::exp(std::lgamma(b) - std::lgamma(b - a) - a * std::log(x));
    return (of_gamma_is_negative(b) == of_gamma_is_negative(b - a) ? size : -size) * sum;
}

// Of a whole a that is not above 0, where the last term counts
double polynomial(double a, double b, double x) {
    double sum = 1;
    for (double k = -a - 1; k >= 0; k--) sum = 1 + (a + k) / (b + k) * x / (k + 1) * sum;
    return sum;
}

}  // namespace

double gridgrad_hyp1f1(double a, double b, double x) {
    if (is_pole(b) || std::isnan(x) || x == -UNBOUNDED && !is_pole(a)) return std::numeric_limits<double>::quiet_NaN();
    if (x > TOO_LARGE && !is_pole(a)) return of_gamma_is_negative(a) == of_gamma_is_negative(b) ? UNBOUNDED : -UNBOUNDED;
    if (is_pole(a) && std::abs(x) > FAR) return polynomial(a, b, x);
    if (x < -FAR) return expanded(a, b, -x);
    return boost::math::hypergeometric_1F1(a, b, x, Quiet());
}
