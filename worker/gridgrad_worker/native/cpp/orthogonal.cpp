// Orthogonal polynomials by Boost.Math. Derivatives of Legendre's and Chebyshev's are Gegenbauer's (DLMF 18.9.19).

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/gegenbauer.hpp>
#include <boost/math/special_functions/hermite.hpp>
#include <boost/math/special_functions/laguerre.hpp>

#include "quiet.h"

namespace {

double gegenbauer(int n, double order, double x) { return n < 0 ? 0 : boost::math::gegenbauer(unsigned(n), order, x); }

double legendre(int k, int n, double x) {
    double factor = 1;
    for (int j = 1; j <= k; j++) factor *= 2 * j - 1;
    return factor * gegenbauer(n - k, k + 0.5, x);
}

double chebyshev(int k, int n, double x) {
    if (k == 0) return n == 0 ? 1 : 0.5 * (gegenbauer(n, 1, x) - gegenbauer(n - 2, 1, x));
    double factor = n;
    for (int j = 1; j < k; j++) factor *= 2 * j;
    return factor * gegenbauer(n - k, k, x);
}

}  // namespace

double gridgrad_legendre_p(double n, double x) { return legendre(0, int(n), x); }
double gridgrad_legendre_p_derivative(double k, double n, double x) { return legendre(int(k), int(n), x); }

double gridgrad_assoc_legendre(double n, double m, double x) {
    if (!(std::abs(x) <= 1)) return std::numeric_limits<double>::quiet_NaN();
    return std::pow(-std::sqrt((1 - x) * (1 + x)), m) * legendre(int(m), int(n), x);
}

double gridgrad_chebyt(double n, double x) { return chebyshev(0, int(n), x); }
double gridgrad_chebyt_derivative(double k, double n, double x) { return chebyshev(int(k), int(n), x); }

double gridgrad_hermite(double n, double x) { return boost::math::hermite(unsigned(n), x, Quiet()); }
double gridgrad_laguerre(double n, double x) { return boost::math::laguerre(unsigned(n), x, Quiet()); }
double gridgrad_assoc_laguerre(double n, double m, double x) {
    return boost::math::laguerre(unsigned(n), unsigned(m), x, Quiet());
}
