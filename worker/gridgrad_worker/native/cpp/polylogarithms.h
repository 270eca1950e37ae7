// Li of an order s that is half a whole number, of eᵘ and of -eᵘ.

#pragma once

#include <cmath>
#include <cstdlib>
#include <limits>

#include "fermi_dirac_table.h"

namespace polylogarithms {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr double EPSILON = std::numeric_limits<double>::epsilon();
constexpr int HIGHEST = 22, LOWEST = -40;  // of twice an order

inline double even_zeta(int n) { return n < 28 ? fermi_dirac::EVEN_ZETA[n] : 1; }

// kˢ for s half a whole number
inline double power(double k, int twice) {
    double found = twice % 2 ? std::sqrt(k) : 1, base = k;
    for (int n = std::abs(twice) / 2; n; n /= 2, base *= base)
        if (n % 2) found *= base;
    return twice < 0 ? 1 / found : found;
}

// Σ zᵏ/kˢ, derived n times by z, for |z| ≤ 1/2
inline double series(int n, int twice, double z) {
    double sum = 0, falling = 1, powers = 1;
    for (int k = 2; k <= n; k++) falling *= k;
    for (int k = n > 1 ? n : 1; k < 400; k++) {
        if (k > n) powers *= z;
        double term = falling * powers * power(k, -twice);
        sum += term;
        if (k > 3 * n - twice && std::abs(term) < EPSILON / 8 * std::abs(sum)) break;
        falling *= (k + 1.0) / (k + 1 - n);
    }
    return sum;
}

// Li of the order -n, which is rational by Eulerian numbers (DLMF 26.14), of z and what 1 - z is
inline double rational(int n, double z, double rest) {
    double numbers[HIGHEST + 2] = {1}, sum = 0;
    for (int m = 2; m <= n; m++)
        for (int k = m - 1; k > 0; k--) numbers[k] = (k + 1) * numbers[k] + (m - k) * numbers[k - 1];
    for (int k = 0; k < (n ? n : 1); k++) sum = sum * z + numbers[k];
    return z * sum / std::pow(rest, n + 1);
}

// Σ (-1)ᵏ zᵏ⁺¹/(k + 1)ˢ for 0 < z ≤ 1 and s > 0, faster than it converges (Cohen, Rodriguez Villegas and Zagier,
// Convergence acceleration of alternating series, 2000, algorithm 1)
inline double alternating(int twice, double z) {
    constexpr int TERMS = 22;
    constexpr double GREATEST = 3.4761632124320656e+16;  // ((3 + √8)ⁿ + (3 - √8)ⁿ)/2
    double b = -1, c = -GREATEST, sum = 0, powers = z;
    for (int k = 0; k < TERMS; k++) {
        c = b - c;
        sum += c * powers * power(k + 1, -twice);
        powers *= z;
        b *= (k + TERMS) * double(k - TERMS) / ((k + 0.5) * (k + 1));
    }
    return sum / GREATEST;
}

inline double twice_eta(int n) { return n ? (2 - std::ldexp(4.0, -2 * n)) * even_zeta(n) : 1; }

// Sommerfeld's expansion, of half a whole number
inline double of_large(int twice, double u) {
    double order = twice / 2.0 + 1, sum = 1, term = 1;
    for (int k = 1; std::abs(term) > EPSILON / 8 && k < 40; k++) {
        term *= (order - 2 * k + 2) * (order - 2 * k + 1) / (u * u);
        sum += twice_eta(k) * term;
    }
    return sum * std::pow(u, order) / std::tgamma(order + 1);
}

// The same where it ends, as a polynomial in u, for a whole order s ≥ 0
inline double grown(int s, double u) {
    double sum = 0, term = 1;
    for (int n = 0; n <= s; n++, term *= u / n)
        if ((s - n) % 2 == 0) sum += twice_eta((s - n) / 2) * term;
    return sum;
}

inline double expanded(int twice, double u) {
    const fermi_dirac::Expansion* at = fermi_dirac::AT;
    while (u > at->end) at++;
    int n = (fermi_dirac::TOP - twice) / 2;
    double sum = 0, by = u - at->centre;
    for (int k = fermi_dirac::COLUMNS - 1; k > n; k--) sum = (sum + at->of[k]) * by / (k - n);
    return sum + at->of[n];
}

// Of half a whole number
inline double fermi_dirac_of_half(int twice, double u) {
    if (u <= fermi_dirac::FIRST) return -series(0, twice + 2, -std::exp(u));
    return u < fermi_dirac::LAST ? expanded(twice, u) : of_large(twice, u);
}

// Of a whole number j for u ≤ 0
inline double fermi_dirac_of_whole(int j, double u) {
    double z = std::exp(u);
    if (j == 0) return std::log1p(z);
    return j > 0 ? alternating(2 * j + 2, z) : -rational(-j - 1, -z, 1 + z);
}

// -Li of the order j + 1 of -eᵘ, for 2j
inline double fermi_dirac_integral(int twice, double u) {
    if (std::isnan(u) || twice < LOWEST - 2 || twice > HIGHEST - 2) return NOT_A_NUMBER;
    if (u == -UNBOUNDED) return 0;
    if (u == UNBOUNDED) return twice > -2 ? UNBOUNDED : twice == -2;
    if (twice % 2) return fermi_dirac_of_half(twice, u);
    int j = twice / 2;
    if (u <= 0) return fermi_dirac_of_whole(j, u);
    double mirrored = fermi_dirac_of_whole(j, -u), more = j < -1 ? 0 : grown(j + 1, u);
    return j % 2 ? more - mirrored : more + mirrored;
}

// About z = 1 (DLMF 25.12.12, and for whole orders Erdélyi 1953, 1.11.8), for -2 < u < 0
inline double beside_one(int twice, double u) {
    constexpr int TERMS = 30;
    double sum = 0, term = 1;
    int pole = twice % 2 || twice < 2 ? -1 : twice / 2 - 1;
    for (int k = 0; k < TERMS; k++, term *= u / k) {
        if (k != pole) {
            sum += term * fermi_dirac::ZETA[22 - twice + 2 * k];
            continue;
        }
        double harmonic = -std::log(-u);
        for (int n = 1; n <= pole; n++) harmonic += 1.0 / n;
        sum += term * harmonic;
    }
    return pole < 0 ? sum + std::tgamma(1 - twice / 2.0) * power(-u, twice - 2) : sum;
}

// Li of the order s of eᵘ, for 2s
inline double of_exponential(int twice, double u) {
    if (!(u <= 0) || twice < LOWEST || twice > HIGHEST) return NOT_A_NUMBER;
    if (u == 0) return twice > 2 ? fermi_dirac::ZETA[22 - twice] : UNBOUNDED;
    if (twice % 2 == 0 && twice <= 0) return rational(-twice / 2, std::exp(u), -std::expm1(u));
    return u < -1.5 ? series(0, twice, std::exp(u)) : beside_one(twice, u);
}

}  // namespace polylogarithms
