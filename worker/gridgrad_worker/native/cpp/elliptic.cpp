// Elliptic integrals, by Boost.Math; by the parameter m, which is the square of its modulus k.

#include "special_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/special_functions/ellint_rc.hpp>
#include <boost/math/special_functions/ellint_rd.hpp>
#include <boost/math/special_functions/ellint_rf.hpp>
#include <boost/math/special_functions/ellint_rg.hpp>
#include <boost/math/special_functions/ellint_rj.hpp>

#include "carlson.h"
#include "complete_elliptic.h"
#include "quiet.h"

namespace {

using complete_elliptic::Complement, complete_elliptic::Parameter;

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr double HALF_PI = 1.5707963267948966;
constexpr int TERMS = 90;

// What converges does within some 1,100 steps, however far apart its arguments are; what is nan would take a million
typedef boost::math::policies::normalise<Quiet, boost::math::policies::max_series_iterations<2000>>::type Bounded;

// Carlson's integrals, which are 0 where an argument is infinite
double carlson_rf(double x, double y, double z) {
    if (!(x >= 0 && y >= 0 && z >= 0)) return NOT_A_NUMBER;
    return std::isinf(std::max({x, y, z})) ? 0 : boost::math::ellint_rf(x, y, z, Bounded());
}

double carlson_rd(double x, double y, double z) {
    if (!(x >= 0 && y >= 0 && z >= 0)) return NOT_A_NUMBER;
    return std::isinf(std::max({x, y, z})) ? 0 : boost::math::ellint_rd(x, y, z, Bounded());
}

double carlson_rj(double x, double y, double z, double p) {
    if (!(x >= 0 && y >= 0 && z >= 0) || std::isnan(p) || p == 0) return NOT_A_NUMBER;
    return std::isinf(std::max({x, y, z, std::abs(p)})) ? 0 : boost::math::ellint_rj(x, y, z, p, Bounded());
}

// K(m) where p is 1 - m
double first_kind(double m, double p) {
    if (complete_elliptic::reached(p)) return complete_elliptic::first_kind(m, p);
    if (!(p >= 0)) return NOT_A_NUMBER;
    if (p == 0 || p == UNBOUNDED) return p ? 0 : UNBOUNDED;
    return carlson_rf(0.0, p, 1.0);
}

double second_kind(double m, double p) {
    if (complete_elliptic::reached(p)) return complete_elliptic::second_kind(m, p);
    if (!(p >= 0)) return NOT_A_NUMBER;
    if (p == 0 || p == UNBOUNDED) return p ? p : 1;
    return 2 * boost::math::ellint_rg(0.0, p, 1.0, Bounded());
}

// The squares of the binomial coefficients of (1 - x)^(-1/2), which the series have (DLMF 19.5.1, 19.5.2)
struct Squares {
    double of[TERMS];
    Squares() {
        double chosen = 1;
        for (int k = 0; k < TERMS; k++) {
            of[k] = chosen * chosen;
            chosen *= (k + 0.5) / (k + 1);
        }
    }
};
const Squares SQUARES;

// The n-th derivative of K or of E, n from 2 on, beside 0
double by_series(bool first, int n, double m) {
    double sum = 0, power = 1;
    double fallen = 1;  // k!/(k - n)!
    for (int j = 2; j <= n; j++) fallen *= j;
    for (int k = n; k < TERMS; fallen *= (k + 1.0) / (k + 1 - n), k++, power *= m) {
        double term = SQUARES.of[k] * fallen * power / (first ? 1 : 1 - 2 * k);
        sum += term;
        if (std::abs(term) < 1e-17 * std::abs(sum)) break;
    }
    return HALF_PI * sum;
}

double slope(bool first, double m, double p) {
    if (complete_elliptic::reached(p))
        return first ? complete_elliptic::first_slope(m, p) : complete_elliptic::second_slope(m, p);
    double k = first_kind(m, p), e = second_kind(m, p);
    return first ? (e - p * k) / (2 * m * p) : (e - k) / (2 * m);
}

// Elsewhere by the equation that each solves (DLMF 19.4.8, 19.4.9), derived
double derivative(bool first, int n, double m, double p) {
    if (n == 0) return first ? first_kind(m, p) : second_kind(m, p);
    if (!(p >= 0)) return NOT_A_NUMBER;
    if (p == 0) return first ? UNBOUNDED : -UNBOUNDED;
    if (p == UNBOUNDED) return 0;
    if (n > 1 && std::abs(m) < 0.5) return by_series(first, n, m);
    double before = first ? first_kind(m, p) : second_kind(m, p), here = slope(first, m, p);
    for (int j = 0; j + 1 < n; j++) {
        double next = first ? (j + 0.5) * (j + 0.5) * before - (j + 1) * (1 - 2 * m) * here
                            : (j * j - 0.25) * before - (j + 1 - (2 * j + 1) * m) * here;
        before = here;
        here = next / (m * p);
    }
    return here;
}

template <bool FIRST> double only_slope(double m, double p) { return derivative(FIRST, 1, m, p); }

template <class Of, bool FIRST, auto SLOPE> void derivatives(int n, const double* from, double* to, int64_t points) {
    if (n == 1) return complete_elliptic::at_points<Of, SLOPE, only_slope<FIRST>>(from, to, points);
    for (int64_t point = 0; point < points; point++)
        to[point] = derivative(FIRST, n, Of::m(from[point]), Of::p(from[point]));
}

// Of an angle: that of what is left of it, and how many times as much as to π/2 before
struct Angle {
    double halves, sine, cosine, sign;
    explicit Angle(double phi) {
        sign = phi < 0 ? -1 : 1;
        double turns = std::rint(std::abs(phi) / (2 * HALF_PI));
        double rest = std::abs(phi) - turns * 3.141592653589793 - turns * 1.2246467991473532e-16;
        halves = 2 * turns;
        sine = std::sin(rest);
        cosine = std::cos(rest);
    }
};

// By DLMF 19.25.5 and 19.25.10; 1 - m sin² is cos² + (1 - m) sin²
double incomplete(bool first, double phi, double m) {
    if (!(m <= 1) || std::isnan(phi)) return NOT_A_NUMBER;
    if (std::isinf(phi)) return phi;
    if (std::isinf(m)) return first || phi == 0 ? std::copysign(0, phi) : std::copysign(UNBOUNDED, phi);
    Angle angle(phi);
    double s = angle.sine, square = s * s, c = angle.cosine * angle.cosine, delta = c + (1 - m) * square;
    double whole = angle.halves ? angle.halves * (first ? first_kind(m, 1 - m) : second_kind(m, 1 - m)) : 0;
    double part = s * carlson_rf(c, delta, 1.0);
    if (!first) {
        part = m < 0 ? part - m / 3 * s * square * carlson_rd(c, delta, 1.0)
                     : (1 - m) * (part + m / 3 * s * square * carlson_rd(c, 1.0, delta));
        if (m >= 0 && delta > 0) part += m * s * std::abs(angle.cosine) / std::sqrt(delta);
    }
    return angle.sign * (whole + part);
}

// Its n-th derivative by m, which is Carlson's integral of csc² - 1, csc² and csc² - m
double incomplete_derivative(bool first, int n, double phi, double m) {
    if (n == 0) return incomplete(first, phi, m);
    if (!(m <= 1) || !std::isfinite(phi)) return NOT_A_NUMBER;
    Angle angle(phi);
    double s = angle.sine, whole = angle.halves ? angle.halves * derivative(first, n, m, 1 - m) : 0, part = 0;
    if (std::abs(s) > 1e-100) {
        double y = 1 / (s * s), x = angle.cosine * angle.cosine * y;
        carlson::Powers powers = first ? carlson::Powers{0, 0, n, 0} : carlson::Powers{0, 1, n - 1, 0};
        part = std::copysign(carlson::integral(powers, x, y, x + (1 - m), 1), s);
        for (int j = 0; j < n; j++) part *= first ? j + 0.5 : j - 0.5;
    }
    return angle.sign * (whole + part);
}

}  // namespace

void gridgrad_ellipk(const double* from, double* to, int64_t points) {
    complete_elliptic::at_points<Parameter, complete_elliptic::first_kind, first_kind>(from, to, points);
}
void gridgrad_ellipe(const double* from, double* to, int64_t points) {
    complete_elliptic::at_points<Parameter, complete_elliptic::second_kind, second_kind>(from, to, points);
}
void gridgrad_ellipkm1(const double* from, double* to, int64_t points) {
    complete_elliptic::at_points<Complement, complete_elliptic::first_kind, first_kind>(from, to, points);
}
void gridgrad_ellipk_derivative(double n, const double* from, double* to, int64_t points) {
    derivatives<Parameter, true, complete_elliptic::first_slope>(int(n), from, to, points);
}
void gridgrad_ellipe_derivative(double n, const double* from, double* to, int64_t points) {
    derivatives<Parameter, false, complete_elliptic::second_slope>(int(n), from, to, points);
}
void gridgrad_ellipkm1_derivative(double n, const double* from, double* to, int64_t points) {
    derivatives<Complement, true, complete_elliptic::first_slope>(int(n), from, to, points);
    for (int64_t point = 0; std::fmod(n, 2) && point < points; point++) to[point] = -to[point];
}

double gridgrad_ellipkinc(double phi, double m) { return incomplete(true, phi, m); }
double gridgrad_ellipeinc(double phi, double m) { return incomplete(false, phi, m); }
double gridgrad_ellipkinc_derivative(double n, double phi, double m) {
    return incomplete_derivative(true, int(n), phi, m);
}
double gridgrad_ellipeinc_derivative(double n, double phi, double m) {
    return incomplete_derivative(false, int(n), phi, m);
}

double gridgrad_elliprf(double x, double y, double z) { return carlson_rf(x, y, z); }
double gridgrad_elliprd(double x, double y, double z) { return carlson_rd(x, y, z); }
double gridgrad_elliprc(double x, double y) { return boost::math::ellint_rc(x, y, Quiet()); }
double gridgrad_elliprj(double x, double y, double z, double p) { return carlson_rj(x, y, z, p); }
double gridgrad_carlson_c(double i, double n, double x, double y) {
    return carlson::integral_of_two(int(i), int(n), x, y, gridgrad_elliprc(x, y));
}
double gridgrad_carlson_f(double i, double j, double k, double x, double y, double z) {
    return carlson::integral({int(i), int(j), int(k), 0}, x, y, z, 1);
}
double gridgrad_carlson_j(double i, double j, double k, double l, double x, double y, double z, double p) {
    return carlson::integral({int(i), int(j), int(k), int(l)}, x, y, z, p);
}
