// Lambert's W on the real line: the w with w eʷ = x, on the branch 0 where w ≥ -1 and on the branch -1 where w ≤ -1.
//
// Boost takes -1/e for the double that is next to it. Here what x lies above -1/e is known to 32 digits, and close to it
// W is its series in p = ±√(2(e x + 1)) (R. M. Corless et al., On the Lambert W function, 1996, equation 4.22).

#pragma once

#include <cmath>
#include <limits>

#include <boost/math/special_functions/lambert_w.hpp>

#include "quiet.h"

namespace lambert_w {

constexpr double NEAR = 0.02;  // of p, where the first power that is left out is below rounding
constexpr double SERIES[] = {
    -1, 1, -1.0 / 3, 11.0 / 72, -43.0 / 540, 769.0 / 17280, -221.0 / 8505, 680863.0 / 43545600, -1963.0 / 204120,
};

inline double of_branch(int branch, double x) {
    if (std::isnan(x)) return x;
    if (x == 0) return branch ? -std::numeric_limits<double>::infinity() : x;
    if (branch && x > 0) return std::numeric_limits<double>::quiet_NaN();
    double above = std::fma(x, 0x1.5bf0a8b145769p+1, 1) + x * 0x1.4d57ee2b1013ap-53;  // e x + 1, by e in two parts
    if (above < 0) return std::numeric_limits<double>::quiet_NaN();
    double p = std::sqrt(2 * above) * (branch ? -1 : 1);
    if (std::abs(p) < NEAR) {
        double sum = 0;
        for (int k = 8; k >= 0; k--) sum = sum * p + SERIES[k];
        return sum;
    }
    if (!branch) return std::isinf(x) ? x : boost::math::lambert_w0(x, Quiet());
    if (x < -1e-300) return boost::math::lambert_wm1(x, Quiet());
    double logarithm = std::log(-x), w = logarithm - std::log(-logarithm);
    for (int step = 0; step < 8; step++) w -= (w + std::log(-w) - logarithm) * w / (w + 1);
    return w;
}

}  // namespace lambert_w
