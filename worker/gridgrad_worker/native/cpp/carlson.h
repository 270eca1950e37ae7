// Carlson's elliptic integrals and all of their derivatives, which are
//
//     1/2 ∫ (t + x)^(-1/2 - i) (t + y)^(-1/2 - j) (t + z)^(-1/2 - k) (t + p)^(-l) dt from 0 to ∞
//
// but for a factor (DLMF 19.16.1 to 19.16.5). What is integrated is positive, so no digits are lost. Values are Boost's.

#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace carlson {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr double STEP = 0.5;        // of ln t: the error is exp(-2π²/STEP), since poles lie at ln x ± πi
constexpr double NEGLIGIBLE = 39;   // the logarithm of what is left out

inline double power(double x, int n) {
    double to = 1;
    for (; n > 0; n--) to *= x;
    return to;
}

struct Powers {
    int i, j, k, l;
};

// By the trapezoidal rule in ln t
inline double integral(Powers of, double x, double y, double z, double p) {
    if (!(x >= 0 && y >= 0 && z >= 0 && p >= 0) || p == 0 && of.l) return NOT_A_NUMBER;
    double most = std::max({x, y, z, of.l ? p : 0}), least = most;
    int zeros = 0, worst = 0;
    int orders[] = {of.i, of.j, of.k};
    double places[] = {x, y, z};
    for (int n = 0; n < 3; n++) {
        if (places[n] > 0) least = std::min(least, places[n]);
        if (places[n] == 0) zeros++, worst = std::max(worst, orders[n]);
    }
    if (of.l) least = std::min(least, p);
    if (most == UNBOUNDED) return 0;
    if (zeros > 1 || worst) return UNBOUNDED;
    double falls_after = 0.5 + of.i + of.j + of.k + of.l, falls_before = zeros ? 0.5 : 1;
    double first = std::log(least) - NEGLIGIBLE / falls_before, last = std::log(most) + NEGLIGIBLE / falls_after;
    double t = std::exp(first), factor = std::exp(STEP), sum = 0;
    int steps = int((last - first) / STEP) + 1;
    for (int n = 0; n <= steps; n++, t *= factor) {
        double a = t + x, b = t + y, c = t + z;
        double below = std::sqrt(a) * std::sqrt(b) * std::sqrt(c);
        sum += t / (below * power(a, of.i) * power(b, of.j) * power(c, of.k) * power(t + p, of.l));
    }
    return 0.5 * STEP * sum;
}

}  // namespace carlson
