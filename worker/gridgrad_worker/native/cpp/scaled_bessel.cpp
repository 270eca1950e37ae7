// Modified Bessel functions without what they grow or fall by: exp(-|x|) I and exp(x) K, and all of their derivatives,
// which neighbours would lose the digits of where x is large. Values of the orders 0 and 1 are xsf's, and of small x
// Boost.Math's.

#include "special_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#define chbevl chbevl_of_bessel  // which xsf does not declare inline, and integrals.cpp has too
#include <xsf/cephes/i0.h>
#include <xsf/cephes/i1.h>
#include <xsf/cephes/k0.h>
#include <xsf/cephes/k1.h>

namespace {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr double PI = 3.141592653589793;
constexpr double LARGE = 600;  // from there on I and K leave the numbers
constexpr double FAR = 25;     // from there on the smallest term of the expansion for large x is negligible
constexpr int MOST = 12;

bool is_whole(double v) { return v == std::floor(v); }

// The n-th derivative of exp(x) K, by DLMF 10.32.9 and the trapezoidal rule: all of one sign, so no digits are lost
double falling(int n, double v, double x) {
    if (!(x > 0)) return x < 0 || std::isnan(x) ? NOT_A_NUMBER : n % 2 ? -UNBOUNDED : UNBOUNDED;
    if (x == UNBOUNDED) return 0;
    double step = std::min(0.17, 0.4 / std::sqrt(std::hypot(x, v))), sum = n ? 0 : 0.5, most = std::asinh((v + 2 * n) / x);
    for (double k = 1;; k++) {
        double t = k * step, sine = std::sinh(0.5 * t), over = 2 * sine * sine;
        double term = 0.5 * (std::exp(v * t - x * over) + std::exp(-v * t - x * over)) * std::pow(over, n);
        sum += term;
        if (t > most && !(term > 1e-18 * sum) || !(sum < UNBOUNDED)) break;
    }
    return (n % 2 ? -step : step) * sum;
}

// The expansion of the n-th derivative of exp(-x) I for large x (DLMF 10.40.1)
double expanded(int n, double v, double x) {
    double term = 1 / std::sqrt(2 * PI * x), sum = 0;
    for (int j = 0; j < n; j++) term *= -(j + 0.5) / x;
    for (int k = 0; k < 60 && std::abs(term) > 1e-18 * std::abs(sum); k++) {
        sum += term;
        double odd = 2 * k + 1;
        term *= (odd - 2 * v) * (odd + 2 * v) / (8 * (k + 1) * x) * (k + 0.5 + n) / (k + 0.5);
    }
    return sum;
}

// The same for whole orders, by DLMF 10.32.3 and the trapezoidal rule
double averaged(int n, double v, double x) {
    int points = int(v + 9 * std::sqrt(x)) + 30 + 2 * n;
    double sum = 0;
    for (int k = 0; k < points; k++) {
        double sine = std::sin(PI * k / points), over = 2 * sine * sine;
        sum += std::pow(-over, n) * std::exp(-x * over) * std::cos(2 * PI * std::fmod(v * k, points) / points);
    }
    return sum / points;
}

// Of large x and orders by what I and K come to with their neighbours (DLMF 10.28.2), and a fraction (10.33.1)
double by_fraction(double v, double x) {
    double fraction = 1e-300, c = fraction, d = 0;
    for (double k = 1; k < 1e7; k++) {
        double b = 2 * (v + k) / x;
        d = 1 / (b + d);
        c = b + 1 / c;
        fraction *= c * d;
        if (std::abs(c * d - 1) < 1e-16) break;
    }
    return 1 / (x * (falling(0, v + 1, x) + falling(0, v, x) / fraction));
}

// exp(-x) I of x > 0
double grown(double v, double x) {
    if (v == 0) return xsf::cephes::i0e(x);
    if (v == 1) return xsf::cephes::i1e(x);
    if (x < LARGE) return std::exp(-x) * gridgrad_iv(v, x);
    if (x == UNBOUNDED) return 0;
    double size = std::abs(v);  // those of -v differ by what is below exp(-2x)
    return size * size <= x ? expanded(0, size, x) : by_fraction(size, x);
}

// Its n-th derivative, beside 0 of neighbours
double grown_derivative(int n, double v, double x) {
    if (n == 0) return grown(v, x);
    if (x == UNBOUNDED) return 0;
    if (x >= std::max(FAR, v * v)) return expanded(n, v, x);
    if (is_whole(v) && x > 1 && v * v < 12 * x) return averaged(n, std::abs(v), x);
    double sum = 0, chosen = std::ldexp(1, -n);
    for (int j = 0; j <= 2 * n; j++) {
        sum += chosen * grown(is_whole(v) ? std::abs(v - n + j) : v - n + j, x);
        chosen *= -double(2 * n - j) / (j + 1);
    }
    return sum;
}

// Of negative x by their parity, of those that have one; of both sides' mean at 0
double scaled(int n, double v, double x) {
    if (n > MOST || std::isnan(x)) return NOT_A_NUMBER;
    if (!is_whole(v)) return x > 0 ? grown_derivative(n, v, x) : x == 0 && n == 0 ? gridgrad_iv(v, 0) : NOT_A_NUMBER;
    bool odd = std::fmod(v + n, 2) != 0;
    if (x == 0 && odd) return 0;
    double found = x == 0 && n == 0 ? v == 0 : grown_derivative(n, v, std::abs(x));
    return x < 0 && odd ? -found : found;
}

}  // namespace

double gridgrad_ive(double v, double x) { return scaled(0, v, x); }
double gridgrad_ive_derivative(double n, double v, double x) { return scaled(int(n), v, x); }
double gridgrad_i0e(double x) { return xsf::cephes::i0e(x); }
double gridgrad_i1e(double x) { return std::isnan(x) ? x : xsf::cephes::i1e(x); }

double gridgrad_k0e(double x) { return gridgrad_kve(0, x); }
double gridgrad_k1e(double x) { return gridgrad_kve(1, x); }

double gridgrad_kve(double v, double x) {
    double of_large = std::abs(v);
    if (!(x > 0) || x >= LARGE) return falling(0, of_large, x);
    if (v == 0) return xsf::cephes::k0e(x);
    if (of_large == 1) return xsf::cephes::k1e(x);
    return std::exp(x) * gridgrad_kv(v, x);
}
double gridgrad_kve_derivative(double n, double v, double x) {
    return n > MOST ? NOT_A_NUMBER : n == 0 ? gridgrad_kve(v, x) : falling(int(n), std::abs(v), x);
}
