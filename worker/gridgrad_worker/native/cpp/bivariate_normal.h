// Φ₂(x, y; ρ) of the standard normal distribution of two numbers, to a part of itself in its tails too.
//
// It is an integral of positive numbers by the angle whose sine is the correlation (A. Genz, Numerical computation of
// rectangular bivariate and trivariate normal and t probabilities, 2004, equation 3): from 0 on, where it is Φ(x)Φ(y), for ρ > 0,
// and from -π/2 on, where it is Φ(x) - Φ(-y) or 0, for ρ < 0. Panels become shorter towards ±π/2, where it may have an edge.

#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "quadrature.h"

namespace bivariate_normal {

constexpr double HALF_PI = 1.5707963267948966;
constexpr int PANELS = 140;

inline double distribution(double x) { return 0.5 * std::erfc(-0.70710678118654752 * x); }

// ∫ exp(-(x² + y² - 2xy cos φ)/(2 sin² φ)) dφ from one angle to another, both from 0 to π/2
inline double by_angle(double x, double y, double from, double to) {
    return (to - from) * quadrature::integral([&](quadrature::Lanes point) {
        quadrature::Lanes found{};
        for (int lane = 0; lane < quadrature::WIDTH; lane++) {
            double phi = from + (to - from) * point[lane], sine = std::sin(phi), half = std::sin(phi / 2);
            found[lane] = std::exp(-0.5 * ((x - y) * (x - y) + 4 * x * y * half * half) / (sine * sine));
        }
        return found;
    });
}

// The same in panels that become longer from the first angle on, which may be 0
inline double by_angles(double x, double y, double from, double to) {
    double sum = 0, end = to;
    for (int n = 0; n < PANELS && end > from; n++) {
        double start = std::max(from, n + 1 < PANELS ? end / 1.3 : 0), part = by_angle(x, y, start, end);
        sum += part;
        end = start;
        if (part <= 1e-20 * sum && n > 3) break;
    }
    return sum / (4 * HALF_PI);
}

inline double value(double x, double y, double rho) {
    if (std::isnan(x) || std::isnan(y) || !(std::abs(rho) <= 1)) return std::numeric_limits<double>::quiet_NaN();
    if (std::isinf(x) || std::isinf(y)) return x < 0 && std::isinf(x) || y < 0 && std::isinf(y) ? 0 : distribution(std::min(x, y));
    double angle = std::acos(std::abs(rho));  // from ±π/2
    if (std::abs(rho) > 0.5) angle = std::asin(std::sqrt((1 - std::abs(rho)) * (1 + std::abs(rho))));
    if (rho >= 0) return distribution(x) * distribution(y) + by_angles(x, y, angle, HALF_PI);
    double least = x + y > 0 ? distribution(std::min(x, y)) - distribution(-std::max(x, y)) : 0;
    return least + by_angles(x, -y, 0, angle);
}

}  // namespace bivariate_normal
