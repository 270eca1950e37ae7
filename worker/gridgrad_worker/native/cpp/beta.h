// The beta function, its logarithm and what its slopes are made of: differences of polygamma functions, without the digits
// that subtracting costs where one argument is much larger than the other.

#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/special_functions/beta.hpp>

#include "quiet.h"

namespace beta {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr double FAR = 20;  // from there on the asymptotic series has all digits

// a⁻ᵐ - (a + b)⁻ᵐ
inline double fallen(double m, double a, double b) { return std::pow(a, -m) * -std::expm1(-m * std::log1p(b / a)); }

// ψ⁽ⁿ⁾(a + b) - ψ⁽ⁿ⁾(a): what terms of the recurrence (DLMF 5.15.5) and of the asymptotic series (5.15.8) fall by
inline double difference(int n, double a, double b) {
    if (!(a > 0) || !(b >= 0)) return NOT_A_NUMBER;
    constexpr double BERNOULLI[] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                    5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};
    double factorial = 1, sum = 0;  // of n
    for (int k = 2; k <= n; k++) factorial *= k;
    for (; a < FAR; a++) sum += factorial * fallen(n + 1, a, b);
    sum += n ? factorial / n * fallen(n, a, b) : std::log1p(b / a);
    sum += factorial / 2 * fallen(n + 1, a, b);
    double chosen = factorial;  // (2k + n - 1)!/(2k)!
    for (int k = 1; k <= 8; k++) {
        chosen = k == 1 ? factorial * (n + 1) / 2 : chosen * (2 * k + n - 1) * (2 * k + n - 2) / (2 * k * (2 * k - 1));
        sum += BERNOULLI[k - 1] * chosen * fallen(2 * k + n, a, b);
    }
    return n % 2 ? -sum : sum;
}

// ln Γ(x) less its first terms (DLMF 5.11.1), for x from 10 on
inline double rest_of_stirling(double x) {
    double s = 1 / (x * x);
    return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * 691.0 / 360360))))) / x;
}

inline double value(double a, double b) {
    if (!(a >= 0) || !(b >= 0) || std::min(a, b) == 0 && std::max(a, b) == UNBOUNDED) return NOT_A_NUMBER;
    if (a == 0 || b == 0) return UNBOUNDED;
    return a == UNBOUNDED || b == UNBOUNDED ? 0 : boost::math::beta(a, b, Quiet());
}

inline double logarithm(double a, double b) {
    double found = value(a, b), p = std::min(a, b), q = std::max(a, b);
    if (!(found < 1e-290) || q == UNBOUNDED) return std::log(found);
    double ratio = p / (p + q), rest = rest_of_stirling(q) - rest_of_stirling(p + q);
    if (p < 10) return std::lgamma(p) + rest + p - p * std::log(p + q) + (q - 0.5) * std::log1p(-ratio);
    constexpr double HALF_LOG_2_PI = 0.91893853320467274;
    rest += rest_of_stirling(p) + HALF_LOG_2_PI - 0.5 * std::log(q);
    return rest + (p - 0.5) * std::log(ratio) + q * std::log1p(-ratio);
}

}  // namespace beta
