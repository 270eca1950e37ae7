// ∂ᵐ/∂νᵐ ∂ⁿ/∂tⁿ of the distribution function of Student's t, for m and n up to 5.
//
// Its density is exp(L) with L = -(ν + 1)/2 ln(1 + t²/ν) - ln(ν)/2 - ln B(ν/2, 1/2), and the derivatives of that by ν come of those of
// L. By t they follow by Leibniz's rule from (ν + t²) f' = -(ν + 1) t f. What is left are those by ν alone: integrals from 0 to t
// where t is small, else of the tail, over ln t in panels that double.

#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <boost/math/special_functions/beta.hpp>

#include "beta.h"
#include "quadrature.h"
#include "quiet.h"

namespace student_t {

constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr int MOST = 5;
constexpr double NEGLIGIBLE = 45;  // the logarithm of what is left out

typedef std::array<double, MOST + 1> Derivatives;

inline double logarithm(double nu, double t) {
    return -0.5 * (nu + 1) * std::log1p(t * t / nu) - 0.5 * std::log(nu) - beta::logarithm(nu / 2, 0.5);
}

// What derivatives of L by ν have of ν alone, from the first on
inline Derivatives of_freedom(int m, double nu) {
    Derivatives to{};
    double factorial = 1, half = 0.5, power = 1 / nu;  // of k - 1, (1/2)ᵏ, and ν⁻ᵏ with its sign
    for (int k = 1; k <= m; k++) {
        to[k] = half * beta::difference(k - 1, nu / 2, 0.5) - 0.5 * factorial * power;
        factorial *= k;
        half *= 0.5;
        power *= -1 / nu;
    }
    return to;
}

// The derivatives of exp(L) by ν over itself
inline Derivatives factors(int m, double nu, double t, const Derivatives& constant) {
    Derivatives slopes{}, to{1};
    double before = std::log1p(t * t / nu), factorial = 1;
    for (int k = 1; k <= m; k++) {
        double here = (k % 2 ? -1 : 1) * factorial * beta::fallen(k, nu, t * t);
        slopes[k] = constant[k] - 0.5 * ((nu + 1) * here + k * before);
        before = here;
        factorial *= k;
    }
    for (int k = 0; k < m; k++) {
        double chosen = 1;
        for (int j = 0; j <= k; j++) {
            to[k + 1] += chosen * slopes[j + 1] * to[k - j];
            chosen = chosen * (k - j) / (j + 1);
        }
    }
    return to;
}

template <class F> double panel(double from, double to, F function) {
    double sum = 0;
    for (int n = 0; n < quadrature::POINTS; n++) {
        int step = n / quadrature::WIDTH, lane = n % quadrature::WIDTH;
        sum += quadrature::RULE.weights[step][lane] * function(from + (to - from) * quadrature::RULE.points[step][lane]);
    }
    return (to - from) * sum;
}

// Of the integral of the density from 0 to t, m times by ν
inline double from_middle(int m, double nu, double t) {
    Derivatives constant = of_freedom(m, nu);
    auto density = [&](double u) { return std::exp(logarithm(nu, u)) * factors(m, nu, u, constant)[m]; };
    return panel(0, t / 2, density) + panel(t / 2, t, density);
}

// From t on
inline double of_tail(int m, double nu, double t) {
    Derivatives constant = of_freedom(m, nu);
    double size = logarithm(nu, t), steep = t * t / (1 + t * t / nu);
    if (!(std::exp(size) > 0)) return std::isnan(size) ? size : 0;
    double width = 1 / std::max(1.0, std::isnan(steep) ? nu : steep), total = 0;
    for (double from = 0;; from += width, width = std::max(width, from)) {
        total += panel(from, from + width, [&](double s) {
            double u = t * std::exp(s);
            return u * std::exp(logarithm(nu, u) - size) * factors(m, nu, u, constant)[m];
        });
        double end = from + width;
        if (!(end <= 600 && logarithm(nu, t * std::exp(end)) - size + end >= -NEGLIGIBLE)) break;
    }
    return std::exp(size) * total;
}

inline double value(double nu, double t) {
    double square = t * t, tail;
    if (std::isinf(t)) return t > 0;
    if (square < nu) tail = 0.5 * boost::math::ibetac(0.5, nu / 2, square / (nu + square), Quiet());
    else tail = 0.5 * boost::math::ibeta(nu / 2, 0.5, nu / (nu + square), Quiet());
    return t > 0 ? 1 - tail : tail;
}

// n from 0 on, of the density
inline double of_density(int m, int n, double nu, double t) {
    if (std::isinf(t)) return 0;
    Derivatives here = factors(m, nu, t, of_freedom(m, nu)), before{};
    for (int order = 0; order < n; order++) {
        Derivatives next{};
        for (int k = 0; k <= m; k++) {
            double sum = -(nu + 1 + 2 * order) * t * here[k] - order * (nu + order) * before[k];
            if (k) sum -= k * (t * here[k - 1] + order * before[k - 1] + next[k - 1]);
            next[k] = sum / (nu + t * t);
        }
        before = here;
        here = next;
    }
    return std::exp(logarithm(nu, t)) * here[m];
}

inline double partial(int m, int n, double nu, double t) {
    if (!(nu > 0) || std::isinf(nu) || std::isnan(t)) return NOT_A_NUMBER;
    if (n) return of_density(m, n - 1, nu, t);
    if (m == 0) return value(nu, t);
    double size = std::abs(t), found = std::isinf(t) ? 0 : size < 1 ? from_middle(m, nu, size) : -of_tail(m, nu, size);
    return t < 0 ? -found : found;
}

}  // namespace student_t
