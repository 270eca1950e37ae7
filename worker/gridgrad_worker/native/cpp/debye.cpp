// Debye's functions n ∫ uⁿ⁻¹ B(xu) du over 0 ≤ u ≤ 1, where B(t) is t/(eᵗ - 1), and their derivatives.

#include "special_functions.h"

#include <cmath>

#include "polylogarithms.h"
#include "quadrature.h"

using namespace polylogarithms;

namespace {

constexpr int MOST = 12;
constexpr double PI = 3.141592653589793, SMALL = 4, LARGE = 12, NOTHING_LEFT = 750;

// The k-th derivative of t/(eᵗ - 1), by Bernoulli's numbers (DLMF 24.2.1)
double beside_zero(int k, double t) {
    double sum = k == 0 ? 1 - t / 2 : k == 1 ? -0.5 : 0;
    double term = -2 / std::pow(2 * PI, k), ratio = t / (2 * PI);
    for (int m = 1; m <= k; m++) term *= m;
    for (int m = k; m < 160; m++) {
        if (m % 2 == 0 && m > 0) {
            double of = (m % 4 ? -1 : 1) * term * even_zeta(m / 2);
            sum += of;
            if (std::abs(of) < EPSILON / 8 * std::abs(sum)) break;
        }
        term *= ratio * (m + 1) / (m + 1 - k);
    }
    return sum;
}

double quotient(int k, double t) {
    if (t < SMALL) return beside_zero(k, t);
    double z = std::exp(-t), rest = -std::expm1(-t), here = t * rational(k, z, rest);
    double found = k ? here - k * rational(k - 1, z, rest) : here;
    return k % 2 ? -found : found;
}

// (2π)ⁿ⁺¹ of the integral to ∞, less what is beyond x
double far_out(int n, double x) {
    double left = fermi_dirac::ZETA[20 - 2 * n], term = 1, size = n;
    for (int j = n; j >= 0 && x < NOTHING_LEFT; j--, term *= x / (n - j)) left -= term * of_exponential(2 * j + 2, -x);
    for (int j = 1; j <= n; j++) size *= j / x;
    return size * left;
}

// For x ≥ 0
double derivative(int k, int n, double x) {
    if (x == 0) return n * quotient(k, 0) / (n + k);
    if (x <= LARGE) {
        auto integrand = [=](quadrature::Lanes at) {
            quadrature::Lanes found;
            for (int lane = 0; lane < quadrature::WIDTH; lane++)
                found[lane] = std::pow(at[lane], n - 1 + k) * quotient(k, x * at[lane]);
            return found;
        };
        return n * quadrature::integral(integrand);
    }
    if (x == UNBOUNDED) return 0;
    double found = far_out(n, x);
    for (int m = 0; m < k; m++) found = (n * quotient(m, x) - (n + m) * found) / x;
    return found;
}

}  // namespace

double gridgrad_debye_derivative(double order, double degree, double x) {
    int k = int(order), n = int(degree);
    if (k > MOST || std::isnan(x)) return NOT_A_NUMBER;
    if (n == 0) return k == 0;
    double found = derivative(k, n, std::abs(x));
    if (x >= 0) return found;
    double turned = k == 0 ? -x : k == 1 ? 1 : 0;  // D(-x) is D(x) + nx/(n + 1)
    return (k % 2 ? -1 : 1) * (turned * n / (n + 1) + found);
}

double gridgrad_debye(double n, double x) { return gridgrad_debye_derivative(0, n, x); }
