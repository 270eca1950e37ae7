// Carlson's elliptic integrals and all of their derivatives, which are
//
//     1/2 ∫ (t + x)^(-1/2 - i) (t + y)^(-1/2 - j) (t + z)^(-1/2 - k) (t + p)^(-l) dt from 0 to ∞
//
// but for a factor (DLMF 19.16.1 to 19.16.5). What is integrated is positive, so no digits are lost. Values are Boost's. Where p is
// negative they are Cauchy's principal values, and their derivatives Hadamard's finite parts: the mean of two paths around
// the pole (DLMF 1.4.24), which is the real part of the integral on the imaginary axis.

#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

namespace carlson {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr int MOST = 6;             // of the powers
constexpr double STEP = 0.5;        // of ln t: the error is exp(-2π²/STEP), since poles lie at ln x ± πi
constexpr double FINE_STEP = 0.2;   // where poles lie at half the distance, and are of higher orders
constexpr double NEGLIGIBLE = 39;   // the logarithm of what is left out

template <class Number> inline Number power(Number x, int n) {
    Number to = 1;
    for (; n > 0; n--) to *= x;
    return to;
}

struct Powers {
    int i, j, k, l;
};

// By the trapezoidal rule in ln t: on the imaginary axis there are poles at half the distance
template <class Number> inline double sum_on(Number axis, double step, double first, double last, Powers of, double x,
                                             double y, double z, double p) {
    Number total = 0;
    int steps = int((last - first) / step) + 1;
    double size = std::exp(first), factor = std::exp(step);
    for (int n = 0; n <= steps; n++, size *= factor) {
        Number t = axis * size, a = t + x, b = t + y, c = t + z;
        Number below = std::sqrt(a) * std::sqrt(b) * std::sqrt(c);
        total += t / (below * power(a, of.i) * power(b, of.j) * power(c, of.k) * power(t + p, of.l));
    }
    return 0.5 * step * std::real(total);
}

inline double integral(Powers of, double x, double y, double z, double p) {
    if (!(x >= 0 && y >= 0 && z >= 0) || of.l && !(p < 0 || p > 0)) return NOT_A_NUMBER;
    bool around = of.l && p < 0;
    double far = of.l ? std::abs(p) : 0, most = std::max({x, y, z, far}), least = most;
    int zeros = 0, worst = 0;
    int orders[] = {of.i, of.j, of.k};
    double places[] = {x, y, z};
    for (int n = 0; n < 3; n++) {
        if (places[n] > 0) least = std::min(least, places[n]);
        if (places[n] == 0) zeros++, worst = std::max(worst, orders[n]);
    }
    if (far > 0) least = std::min(least, far);
    if (most == UNBOUNDED) return 0;
    if (zeros > 1 || worst) return around && of.l % 2 ? -UNBOUNDED : UNBOUNDED;
    double falls_after = 0.5 + of.i + of.j + of.k + of.l, falls_before = zeros ? 0.5 : 1;
    double first = std::log(least) - NEGLIGIBLE / falls_before, last = std::log(most) + NEGLIGIBLE / falls_after;
    if (around) return sum_on(std::complex<double>(0, 1), FINE_STEP, first, last, of, x, y, z, p);
    return sum_on(1.0, STEP, first, last, of, x, y, z, p);
}

// The same with p for y and z; value is R_C(x, p). Where p is negative its derivatives by x and by p are one another's
// (DLMF 19.18.4, with what is left of (t + x)^(1/2) (t + p)^(-l) at 0), without a difference but where one is 0.
inline double integral_of_two(int i, int n, double x, double p, double value) {
    if (!(x >= 0) || std::isnan(p)) return NOT_A_NUMBER;
    if (n == 0) return i && x > 0 ? std::sqrt(1 / x) / (power(x, i - 1) * (2 * i - 1)) : UNBOUNDED;
    if (p >= 0) return integral({i, 0, 0, n - 1}, x, p, p, p);
    if (x == UNBOUNDED || p == -UNBOUNDED) return 0;
    if (x == 0 && i) return n % 2 ? -UNBOUNDED : UNBOUNDED;
    double apart = x - p, root = std::sqrt(x), of[MOST + 1][MOST + 1];  // by i and by n
    of[0][1] = value;
    for (int l = 1; l < n; l++) of[0][l + 1] = ((1 - 2 * l) * of[0][l] + root / power(p, l)) / (2 * l * apart);
    for (int k = 1; k <= i; k++) {
        of[k][0] = root / (power(x, k) * (2 * k - 1));
        for (int l = 1; l <= n; l++) of[k][l] = (of[k - 1][l] - of[k][l - 1]) / apart;
    }
    return of[i][n];
}

}  // namespace carlson
