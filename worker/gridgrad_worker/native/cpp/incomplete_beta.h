// ∂ⁱ/∂aⁱ ∂ʲ/∂bʲ ∂ᵏ/∂xᵏ of I_x(a, b) = 1/B(a, b) ∫ tᵃ⁻¹ (1 - t)ᵇ⁻¹ dt from 0 to x, for i, j and k up to 5.
//
// The derivatives of the density exp(L) by a and b come of those of L, which are ln t + ψ(a + b) - ψ(a), the like with 1 - t,
// and polygamma functions (Bell's polynomials). Those by x follow by Leibniz's rule from
// x (1 - x) g' = ((a - 1)(1 - x) - (b - 1) x) g. What is left are those by a and b alone: integrals over ln(t/(1 - t)), from x to
// the end that is away from where the density is largest, in panels that double.

#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/log1p.hpp>
#include <boost/math/special_functions/polygamma.hpp>

#include "beta.h"
#include "quadrature.h"
#include "quiet.h"

namespace incomplete_beta {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr int MOST = 5;
constexpr double NEGLIGIBLE = 45;  // the logarithm of what is left out
constexpr double LARGE = 1e3;

// The derivatives of L but for ln t in the first by a, and ln(1 - t) in the first by b
struct Slopes {
    double of[MOST + 1][MOST + 1] = {};

    Slopes(int i, int j, double a, double b) {
        for (int p = 0; p <= i; p++)
            for (int q = 0; q <= j; q++)
                if (p + q) of[p][q] = p && q ? boost::math::polygamma(p + q - 1, a + b, Quiet())
                                    : p      ? beta::difference(p - 1, a, b)
                                             : beta::difference(q - 1, b, a);
    }
};

// Those of exp(L) over exp(L), where its first ones are these
struct Factors {
    double of[MOST + 1][MOST + 1] = {{1}};

    Factors(int i, int j, const Slopes& slopes, double by_a, double by_b) {
        for (int p = 0; p <= i; p++)
            for (int q = 0; q <= j; q++)
                if (p + q) of[p][q] = p ? by_first(p, q, slopes, by_a) : by_second(q, slopes, by_b);
    }

    double by_first(int p, int q, const Slopes& slopes, double by_a) const {
        double sum = 0, chosen = 1;
        for (int r = 0; r < p; r++) {
            double other = 1;
            for (int s = 0; s <= q; s++) {
                double slope = r + s ? slopes.of[r + 1][s] : by_a;
                sum += chosen * other * slope * of[p - 1 - r][q - s];
                other = other * (q - s) / (s + 1);
            }
            chosen = chosen * (p - 1 - r) / (r + 1);
        }
        return sum;
    }

    double by_second(int q, const Slopes& slopes, double by_b) const {
        double sum = 0, chosen = 1;
        for (int s = 0; s < q; s++) {
            sum += chosen * (s ? slopes.of[0][s + 1] : by_b) * of[0][q - 1 - s];
            chosen = chosen * (q - 1 - s) / (s + 1);
        }
        return sum;
    }
};

// Where both parameters are LARGE, of which Boost has fewer digits the larger they are, and none beyond 1e16

// a - (a + b) x without rounding what is subtracted
inline double apart(double a, double b, double x) {
    double p = a * x, q = b * x, first = a - p, back = first + p, lost = (a - back) - ((first - back) + p);
    return ((first - q) + lost) - (std::fma(a, x, -p) + std::fma(b, x, -q));
}

// z - ln(1 + z), and eᶻ - 1 - z for small z
inline double curved(double z) { return -boost::math::log1pmx(z, Quiet()); }
inline double bent(double z) {
    double sum = 0;
    for (int k = 20; k >= 2; k--) sum = (sum * z + 1) / k;
    return sum * z * z;
}

// x (1 - x) times the density (DiDonato and Morris, 1992): what its logarithm falls by from where it is largest
inline double large_density(double a, double b, double from_middle) {
    double fall = a * curved(-from_middle / a) + b * curved(from_middle / b), sum = a + b;
    double rest = beta::rest_of_stirling(a) + beta::rest_of_stirling(b) - beta::rest_of_stirling(sum);
    constexpr double ROOT_2_PI = 2.5066282746310002;
    return std::sqrt(a / sum * b) / ROOT_2_PI * std::exp(-fall - rest);
}

// What the logarithm of x (1 - x) times the density falls by away from the middle, where ln(t/(1 - t)) is s beyond that of x.
// `side` is -1 to smaller t and 1 to larger ones
struct LargeFall {
    double sum, steep, share, sign;

    LargeFall(double a, double b, double x, double from_middle, int side)
        : sum(a + b), steep(std::abs(from_middle)), share(std::min(x, 1 - x)), sign(x < 0.5 ? side : -side) {}

    double operator()(double s) const {
        return -steep * s - sum * (share * bent(sign * s) - curved(share * std::expm1(sign * s)));
    }
};

// The integral of the density beyond x, away from the middle
inline double large_tail(double a, double b, double x, double from_middle, int side) {
    double size = large_density(a, b, from_middle);
    if (!(size > 0)) return size;
    LargeFall fallen(a, b, x, from_middle, side);
    double total = 0, width = 1 / std::max(fallen.steep, std::sqrt(fallen.sum * x * (1 - x)));
    for (double from = 0;; from += width, width = std::max(width, from)) {
        double panel = 0;
        for (int n = 0; n < quadrature::POINTS; n++) {
            int step = n / quadrature::WIDTH, lane = n % quadrature::WIDTH;
            panel += std::exp(fallen(from + width * quadrature::RULE.points[step][lane])) * quadrature::RULE.weights[step][lane];
        }
        total += width * panel;
        if (!(fallen(from + width) >= -NEGLIGIBLE)) break;
    }
    return size * total;
}

inline bool are_large(double a, double b) { return std::min(a, b) > LARGE && std::max(a, b) < 1e150; }

inline double large_value(double a, double b, double x, bool upper = false) {
    if (x == 0 || x == 1) return upper ? 1 - x : x;
    double from_middle = apart(a, b, x), tail = large_tail(a, b, x, from_middle, from_middle > 0 ? -1 : 1);
    return (from_middle > 0) != upper ? tail : 1 - tail;
}

inline double density(double a, double b, double x) {
    if (!are_large(a, b) || x == 0 || x == 1) return boost::math::ibeta_derivative(a, b, x, Quiet());
    return large_density(a, b, apart(a, b, x)) / x / (1 - x);
}

// By Newton's method on the logarithm of the smaller part, which is concave
inline double large_inverse(double a, double b, double p) {
    double normal = boost::math::erfc_inv(2 * p, Quiet()) * -1.4142135623730951;
    double odds = a / b * std::exp(normal * std::sqrt(1 / a + 1 / b)), x = odds / (1 + odds);
    bool upper = p > 0.5;
    double wanted = upper ? 1 - p : p;
    for (int step = 0; step < 12; step++) {
        double here = large_value(a, b, x, upper), by = here / density(a, b, x) * std::log(here / wanted);
        if (!std::isfinite(by)) break;
        x = std::clamp(x + (upper ? by : -by), x / 2, (1 + x) / 2);
        if (std::abs(by) <= 1e-16 * x) break;
    }
    return x;
}

inline double value(double a, double b, double x) {
    if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1) || a == 0 && b == 0) return NOT_A_NUMBER;
    if (a == 0 || b == 0) return a == 0 ? 1 : x == 1;
    return are_large(a, b) ? large_value(a, b, x) : boost::math::ibeta(a, b, x, Quiet());
}

// ln(t/x) where ln(t/(1 - t)) is s less than of x; y is 1 - x
inline double fallen(double s, double y) {
    return s < 300 ? -std::log1p(y * std::expm1(s)) : -(s + std::log(y));
}

// ∂ⁱ/∂aⁱ ∂ʲ/∂bʲ of the integral from 0 to x, where its density falls to smaller t

inline double lower_tail(int i, int j, double a, double b, double x, double y, double from_middle) {
    bool large = are_large(a, b);
    double size = large ? large_density(a, b, from_middle) : x * y * density(a, b, x);
    if (size == 0) return 0;
    Slopes slopes(i, j, a, b);
    double of_a = slopes.of[1][0] + std::log(x), of_b = slopes.of[0][1] + std::log(y), total = 0;
    LargeFall large_fall(a, b, x, from_middle, -1);
    double steep = large ? large_fall.steep : std::abs(a * y - b * x), width = 1 / std::max({1.0, steep, std::sqrt((a + b) * x * y)});
    for (double from = 0;; from += width, width = std::max(width, from)) {
        double sum = 0;
        for (int n = 0; n < quadrature::POINTS; n++) {
            int step = n / quadrature::WIDTH, lane = n % quadrature::WIDTH;
            double s = from + width * quadrature::RULE.points[step][lane];
            double of_t = fallen(s, y), of_rest = of_t + s;  // ln(t/x) and ln((1 - t)/(1 - x))
            double weight = std::exp(large ? large_fall(s) : a * of_t + b * of_rest) * quadrature::RULE.weights[step][lane];
            sum += weight * Factors(i, j, slopes, of_a + of_t, of_b + of_rest).of[i][j];
        }
        total += width * sum;
        double end = from + width, of_t = fallen(end, y);
        if (!((large ? large_fall(end) : a * of_t + b * (of_t + end)) >= -NEGLIGIBLE)) break;
    }
    return size * total;
}

inline double of_function(int i, int j, double a, double b, double x) {
    if (x == 0 || x == 1) return 0;
    double from_middle = apart(a, b, x);
    if (x <= a / (a + b)) return lower_tail(i, j, a, b, x, 1 - x, from_middle);
    return -lower_tail(j, i, b, a, 1 - x, x, -from_middle);
}

// The density k times derived by x, at x = 0: a polynomial for whole a, and else a power that is 0 or has no end
inline double density_at_zero(int k, double a, double b) {
    double power = a - 1 - k, chosen = 1;
    if (power > 0) return 0;
    if (a != std::floor(a)) return std::fmod(std::floor(-power), 2) == 0 ? UNBOUNDED : -UNBOUNDED;
    int rest = k - int(a - 1);
    for (int j = 0; j < rest; j++) chosen *= -(b - 1 - j) / (j + 1);
    for (int j = 2; j <= k; j++) chosen *= j;
    return chosen / beta::value(a, b);
}

// The same derived by a and b too, at either end
inline double density_at_end(int i, int j, int k, double a, double b) {
    if (i + j) return a - 1 - k > 0 ? 0 : NOT_A_NUMBER;
    return density_at_zero(k, a, b);
}

// k times by x, k from 0 on, of the density
inline double of_density(int i, int j, int k, double a, double b, double x) {
    double here = density(a, b, x), y = 1 - x;
    if (x == 0) return density_at_end(i, j, k, a, b);
    if (x == 1) return (k % 2 ? -1 : 1) * density_at_end(j, i, k, b, a);
    if (here == 0) return 0;
    Slopes slopes(i, j, a, b);
    Factors now(i, j, slopes, slopes.of[1][0] + std::log(x), slopes.of[0][1] + std::log1p(-x)), before = now;
    for (int order = 0; order < k; order++) {
        Factors next = now;
        for (int p = 0; p <= i; p++)
            for (int q = 0; q <= j; q++) {
                double sum = ((a - 1 - order) * y - (b - 1 - order) * x) * now.of[p][q];
                if (p) sum += p * y * now.of[p - 1][q];
                if (q) sum -= q * x * now.of[p][q - 1];
                if (order) {
                    sum -= order * (a + b - 2 - (order - 1)) * before.of[p][q];
                    if (p) sum -= order * p * before.of[p - 1][q];
                    if (q) sum -= order * q * before.of[p][q - 1];
                }
                next.of[p][q] = sum / (x * y);
            }
        before = now;
        now = next;
    }
    return here * now.of[i][j];
}

inline double partial(int i, int j, int k, double a, double b, double x) {
    if (i + j + k == 0) return value(a, b, x);
    if (!(a > 0 && b > 0 && x >= 0 && x <= 1) || std::isinf(a) || std::isinf(b)) return NOT_A_NUMBER;
    return k > 0 ? of_density(i, j, k - 1, a, b, x) : of_function(i, j, a, b, x);
}

inline double inverse(double a, double b, double p) {
    if (!(a > 0 && b > 0 && p >= 0 && p <= 1) || std::isinf(a) || std::isinf(b)) return NOT_A_NUMBER;
    if (p == 0 || p == 1) return p;
    return are_large(a, b) ? large_inverse(a, b, p) : boost::math::ibeta_inv(a, b, p, Quiet());
}

}  // namespace incomplete_beta
