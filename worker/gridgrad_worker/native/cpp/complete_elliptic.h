// Complete elliptic integrals and their first derivatives for many points at once, by the arithmetic-geometric mean.
//
// From a = 1 and b = √(1 - m) on, the next a is (a + b)/2, the next b is √(ab), and c is (a - b)/2. K is π/2 over the limit, and with
// S, the sum of 2ⁿ⁻¹ c² from the first c on, E is K (1 - m/2 - S) (DLMF 19.8.5, 19.8.6). Written as here nothing is 0/0 at m = 0.

#pragma once

#include <cmath>
#include <cstdint>

namespace complete_elliptic {

constexpr double HALF_PI = 1.5707963267948966;
constexpr double LEAST = 0x1p-14, MOST = 0x1p14;  // of 1 - m: between them three roots are enough
constexpr double BESIDE_ZERO = 0x1p-300;          // it stands for an m that is smaller, since at 0 quotients would be 0/0

struct Means {
    double limit;
    double first;  // the square of the first a after 1, of which the square of its c is (m/first)²/16
    double rest;   // S from the second c on
};

// Where p, which is 1 - m, lies between LEAST and MOST
inline Means means(double p) {
    double b0 = std::sqrt(p);
    double a1 = 0.5 * (1 + b0), b1 = std::sqrt(b0);
    double a2 = 0.5 * (a1 + b1), c2 = 0.5 * (a1 - b1), b2 = std::sqrt(a1 * b1);
    double a3 = 0.5 * (a2 + b2), c3 = 0.5 * (a2 - b2), b3 = std::sqrt(a2 * b2);
    double a4 = 0.5 * (a3 + b3), c4 = 0.5 * (a3 - b3);
    // What follows is a4 times π/2 over K(u) with u = (c4/a4)², by its power series (DLMF 19.5.1)
    double c5 = c4 * c4 / (4 * a4), u = 4 * c5 / a4;
    double limit = a4 - c5 * (1 + u * (5.0 / 16 + u * (11.0 / 64)));
    return {limit, a1 * a1, 2 * (c2 * c2) + 4 * (c3 * c3) + 8 * (c4 * c4) + 16 * (c5 * c5) * (1 + 0.5 * u)};
}

inline double first_kind(double, double p) { return HALF_PI / means(p).limit; }

inline double second_kind(double m, double p) {
    Means of = means(p);
    return HALF_PI * (1 - 0.5 * m - m * m / (16 * of.first) - of.rest) / of.limit;
}

// K' = (E - (1 - m) K)/(2 m (1 - m)) and E' = (E - K)/(2 m) (DLMF 19.4.1, 19.4.2)
inline double first_slope(double m, double p) {
    Means of = means(p);
    double apart = std::abs(m) < BESIDE_ZERO ? BESIDE_ZERO : m, scale = 16 * of.first;
    double above = scale * (0.5 * apart - of.rest) - apart * apart;
    return HALF_PI * above / (2 * scale * apart * of.limit * p);
}

inline double second_slope(double m, double p) {
    Means of = means(p);
    double apart = std::abs(m) < BESIDE_ZERO ? BESIDE_ZERO : m, scale = 16 * of.first;
    double above = scale * (0.5 * apart + of.rest) + apart * apart;
    return -HALF_PI * above / (2 * scale * apart * of.limit);
}

inline bool reached(double p) { return p >= LEAST && p <= MOST; }

// What the functions are asked for: m, or 1 - m
struct Parameter {
    static double m(double x) { return x; }
    static double p(double x) { return 1 - x; }
};
struct Complement {
    static double m(double x) { return 1 - x; }
    static double p(double x) { return x; }
};

// A function of m and p at many points, and another of those that the means do not reach
template <class Of, auto WITHIN, auto BEYOND>
inline void at_points(const double* from, double* to, int64_t points) {
    int64_t missed = 0;
#pragma omp simd reduction(+ : missed)
    for (int64_t n = 0; n < points; n++) {
        to[n] = WITHIN(Of::m(from[n]), Of::p(from[n]));
        missed += !reached(Of::p(from[n]));
    }
    for (int64_t n = 0; missed && n < points; n++)
        if (!reached(Of::p(from[n]))) to[n] = BEYOND(Of::m(from[n]), Of::p(from[n]));
}

}  // namespace complete_elliptic
