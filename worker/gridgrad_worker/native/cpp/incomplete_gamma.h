// ∂ᵐ/∂aᵐ ∂ⁿ/∂xⁿ of P(a, x) = 1/Γ(a) ∫ tᵃ⁻¹ e⁻ᵗ dt from 0 to x, for m and n up to 5.
//
// Its density is a exp(L) with L = (a - 1) ln x - x - ln Γ(a + 1), and the derivatives of that by a come of those of L, which
// are ln x - ψ(a + 1), -ψ'(a + 1), ... (Bell's polynomials). By x they follow by Leibniz's rule from x g' = (a - 1 - x) g. What
// is left are those by a alone: of the power series (DLMF 8.7.1) where x is small, else the integral of those of the
// density from x away from where it is largest, which is that of a smooth function of ln t.

#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/log1p.hpp>
#include <boost/math/special_functions/polygamma.hpp>

#include "quadrature.h"
#include "quiet.h"

namespace incomplete_gamma {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr int MOST = 5;
constexpr double LONG = 150;       // of a: from there on the series takes hundreds of terms beside x = a
constexpr double NEGLIGIBLE = 39;  // the logarithm of what is left out
constexpr double LARGE = 1e4;      // of a
constexpr double NOTHING = 745;    // the logarithm of what is no number any more

typedef std::array<double, MOST + 1> Derivatives;
typedef quadrature::Lanes Lanes;

// ln x - ψ(a), also where both are large and almost the same (DLMF 5.11.2)
inline double logarithm_less_digamma(double a, double x) {
    if (a < 20) return std::log(x) - boost::math::digamma(a, Quiet());
    double s = 1 / (a * a), apart = (x - a) / a;
    double rest = 0.5 / a + s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s / 132))));
    return (std::abs(apart) < 0.5 ? std::log1p(apart) : std::log(x / a)) + rest;
}

// Those of L by a, from the first on
inline Derivatives slopes_of_logarithm(int m, double a, double first) {
    Derivatives to{};
    to[0] = first;
    for (int k = 1; k < m; k++) to[k] = -boost::math::polygamma(k, a, Quiet());
    return to;
}

// Those of exp(L) over exp(L), from order 0 on
inline Derivatives of_exponential(int m, const Derivatives& slopes) {
    Derivatives to{1};
    for (int k = 0; k < m; k++) {
        double chosen = 1;
        for (int j = 0; j <= k; j++) {
            to[k + 1] += chosen * to[k - j] * slopes[j];
            chosen = chosen * (k - j) / (j + 1);
        }
    }
    return to;
}

// Those of a exp(L) over that itself, whose slope by a is the first of L and 1/a
inline Derivatives of_density_by_shape(int m, double a, double first) {
    Derivatives to = of_exponential(m, slopes_of_logarithm(m, a + 1, first));
    for (int k = m; k > 0; k--) to[k] += k * to[k - 1] / a;
    return to;
}

// ∂ᵐ/∂aᵐ ∂ᵏ/∂xᵏ of the density at x = 0, which goes as x^(a - 1 - k)
inline double density_at_zero(int m, int k, double a) {
    double power = a - 1 - k;
    if (power > 0) return 0;
    if (m == 0 && a == std::floor(a)) {  // of the powers of e⁻ˣ, since those below have the factor 0
        double chosen = 1;
        for (int j = 0; j < int(a) - 1; j++) chosen = chosen * (k - j) / (j + 1);
        return std::fmod(k - (a - 1), 2) != 0 ? -chosen : chosen;
    }
    if (a == std::floor(a) && power < 0) return NOT_A_NUMBER;
    double sign = power == 0 || std::fmod(std::floor(-power), 2) == 0 ? 1 : -1;
    return sign * (m % 2 ? -UNBOUNDED : UNBOUNDED);
}

inline double of_density(int m, int k, double a, double x) {
    if (x == 0) return density_at_zero(m, k, a);
    double density = boost::math::gamma_p_derivative(a, x, Quiet());
    if (density == 0 || x == UNBOUNDED) return 0;
    Derivatives here = of_density_by_shape(m, a, m ? logarithm_less_digamma(a + 1, x) : 0), before{};
    for (int order = 0; order < k; order++) {
        Derivatives next{};
        for (int j = 0; j <= m; j++)
            next[j] = ((a - 1 - order - x) * here[j] + (j ? j * here[j - 1] : 0) - order * before[j]) / x;
        before = here;
        here = next;
    }
    return density * here[m];
}

// Over xᵃ e⁻ˣ/Γ(a): by P = xᵃ e⁻ˣ/Γ(a + 1) Σ xᵏ/((a + 1) ... (a + k))
inline double by_series(int m, double a, double x) {
    Derivatives term{1}, total{1};
    for (int k = 1; k < 10000; k++) {
        double inverse = 1 / (a + k), most = 0;
        for (int j = 0; j <= m; j++) term[j] = (term[j] * x - (j ? j * term[j - 1] : 0)) * inverse;
        for (int j = 0; j <= m; j++) {
            total[j] += term[j];
            most = std::max(most, std::abs(term[j]) - 1e-17 * std::abs(total[j]));
        }
        if (most <= 0) break;
    }
    Derivatives slopes = slopes_of_logarithm(m, a + 1, logarithm_less_digamma(a + 1, x));
    Derivatives factor = of_exponential(m, slopes);
    double result = 0, chosen = 1;
    for (int j = 0; j <= m; j++) {
        result += chosen * factor[m - j] * total[j];
        chosen = chosen * (m - j) / (j + 1);
    }
    return result / a;
}

// x (eˢ - 1 - s): from the series where the difference would lose digits that count, for s up to length
inline Lanes curved(Lanes s, double x, double length) {
    Lanes apart = length > 0.25 ? quadrature::exponential(s) - 1 - s : Lanes{};
    if (length > 0.25 && x < 4) return x * apart;
    Lanes sum{};
#pragma GCC unroll 12
    for (int k = 13; k >= 2; k--) sum = (sum * s + 1) * (1.0 / k);  // Horner's scheme of sᵏ/k!
    return x * quadrature::choose(quadrature::size(s) < 0.25, sum * s * s, apart);
}

// Where steep s + x (eˢ - 1 - s) is so large that what lies beyond does not count, from above
inline double length_of(double steep, double x) {
    double s = 2 * NEGLIGIBLE / (steep + std::sqrt(steep * steep + 2 * NEGLIGIBLE * x));
    for (int step = 0; step < 3 && s > 0.5; step++) {
        double slope = s * (1 + s / 2 * (1 + s / 3 * (1 + s / 4 * (1 + s / 5))));
        double value = s * s / 2 * (1 + s / 3 * (1 + s / 4 * (1 + s / 5 * (1 + s / 6))));
        s -= (steep * s + x * value - NEGLIGIBLE) / (steep + x * slope);
    }
    return s;
}

// Over xᵃ e⁻ˣ/Γ(a): the integral by s = |ln(t/x)|, to larger t where direction is 1, to smaller ones where it is -1
inline double by_integral(int m, double a, double x, int direction) {
    Derivatives slopes = slopes_of_logarithm(m, a + 1, logarithm_less_digamma(a + 1, x));
    double steep = direction * (x - a), first = slopes[0];
    double length = direction > 0 ? length_of(steep, x) : 1.2 * length_of(steep, x);  // it falls more slowly
    return length * quadrature::integral([&](Lanes point) {
        Lanes s = length * point, here[MOST + 1] = {Lanes{} + 1};
        for (int k = 0; k < m; k++) {
            double chosen = 1;
            here[k + 1] = here[k] * (first + direction * s);
            for (int j = 1; j <= k; j++) {
                chosen = chosen * (k - j + 1) / j;
                here[k + 1] += chosen * slopes[j] * here[k - j];
            }
        }
        Lanes fall = steep * s + curved(direction * s, x, length);
        return quadrature::exponential(-fall) * (here[m] + m / a * here[m - 1]);
    });
}

// ∂ᵐ/∂aᵐ, m from 1 on
inline double of_function(int m, double a, double x) {
    if (x == 0 || x == UNBOUNDED) return 0;
    double size = x * boost::math::gamma_p_derivative(a, x, Quiet());
    if (size == 0) return 0;
    if (x > std::max(a, 1.5)) return -size * by_integral(m, a, x, 1);
    return size * (a < LONG || x < 0.7 * a ? by_series(m, a, x) : by_integral(m, a, x, -1));
}

// The smaller of P and 1 - P where a is LARGE, by Temme's uniform expansion (DLMF 8.12.3, 8.12.4). Boost takes it near x = a
// alone, and sums a million terms of others beside that: for a = 1e12 no digit of those would be right.
inline double smaller(double a, double x) {
    double apart = (x - a) / a, fall = -boost::math::log1pmx(apart, Quiet());
    if (!(a * fall < NOTHING)) return 0;
    return boost::math::detail::igamma_temme_large(a, x, Quiet(), boost::math::integral_constant<int, 53>());
}

// P, and 1 - P, with the limits that scipy has: P is 1 at a = 0, where x is positive, and 0 at a = inf
inline double lower(double a, double x) {
    if (!(a >= 0) || !(x >= 0) || a == x && (a == 0 || a == UNBOUNDED)) return NOT_A_NUMBER;
    if (a == 0 || a == UNBOUNDED) return a == 0 ? 1 : 0;
    if (x == UNBOUNDED) return 1;
    if (a > LARGE) return x < a ? smaller(a, x) : 1 - smaller(a, x);
    return boost::math::gamma_p(a, x, Quiet());
}

inline double upper(double a, double x) {
    if (!(a >= 0) || !(x >= 0) || a == x && (a == 0 || a == UNBOUNDED)) return NOT_A_NUMBER;
    if (a == 0 || a == UNBOUNDED) return a == 0 ? 0 : 1;
    if (x == UNBOUNDED) return 0;
    if (a > LARGE) return x < a ? 1 - smaller(a, x) : smaller(a, x);
    return boost::math::gamma_q(a, x, Quiet());
}

// The x with P(a, x) = p of LARGE a: from Wilson and Hilferty's on, by Newton's method on the logarithm of the smaller part
inline double inverse_of_large(double a, double p) {
    double normal = boost::math::erfc_inv(2 * p, Quiet()) * -1.4142135623730951;
    double root = 1 - 1 / (9 * a) + normal / (3 * std::sqrt(a)), x = a * root * root * root;
    for (int step = 0; step < 12; step++) {
        double slope = boost::math::gamma_p_derivative(a, x, Quiet()), here = p > 0.5 ? upper(a, x) : lower(a, x);
        double by = here / slope * std::log(here / (p > 0.5 ? 1 - p : p));
        if (!std::isfinite(by)) break;
        x += p > 0.5 ? by : -by;
        if (std::abs(by) <= 1e-16 * x) break;
    }
    return x;
}

// The x with P(a, x) = p
inline double inverse(double a, double p) {
    if (!(a > 0) || a == UNBOUNDED || !(p >= 0 && p <= 1)) return NOT_A_NUMBER;
    if (p == 0 || p == 1) return p ? UNBOUNDED : 0;
    return a > LARGE ? inverse_of_large(a, p) : boost::math::gamma_p_inv(a, p, Quiet());
}

inline double partial(int m, int n, double a, double x) {
    if (m == 0 && n == 0) return lower(a, x);
    if (!(a > 0) || !(x >= 0) || a == UNBOUNDED) return NOT_A_NUMBER;
    return n > 0 ? of_density(m, n - 1, a, x) : of_function(m, a, x);
}

}  // namespace incomplete_gamma
