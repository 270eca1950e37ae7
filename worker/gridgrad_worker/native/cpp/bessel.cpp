// Bessel functions by Boost.Math, which is right to a few units in the last place over the whole domain.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/bessel.hpp>

#include "quiet.h"

namespace {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double HALF_PI = 1.5707963267948966;
constexpr double LARGE = 1e5;  // from there on what grows is beyond the numbers, at any order that there may be
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();

// Of even and odd functions
double with_parity(double n, double x, double of_size) { return x < 0 && std::fmod(n, 2) != 0 ? -of_size : of_size; }

bool is_whole(double v) { return v == std::floor(v); }

// Of J and I of an order that is not whole, which begin with (x/2)ᵛ/Γ(v + 1)
double at_zero(double v) {
    if (v > 0) return 0;
    return std::fmod(std::floor(-v), 2) == 0 ? UNBOUNDED : -UNBOUNDED;
}

// Those that are not whole beside 0, where Boost divides by what is no number any more (DLMF 10.27.4)
constexpr double BESIDE_ZERO = 1e-300;

double grown_beside_zero(double v, double x) {
    double found = std::pow(x, v) * std::pow(0.5, v) / std::tgamma(v + 1);
    return std::isfinite(found) ? found : at_zero(v);
}

double fallen_beside_zero(double v, double x) {
    double size = std::abs(v), most = 0.5 * std::tgamma(size) * std::pow(x, -size) * std::pow(2, size);
    return size > 1 ? most : most + 0.5 * std::tgamma(-size) * std::pow(x, size) * std::pow(0.5, size);
}

}  // namespace

double gridgrad_jn(double n, double x) {
    if (std::isnan(x)) return x;
    return with_parity(n, x, boost::math::cyl_bessel_j(int(n), std::abs(x), Quiet()));
}

// Those that have a pole at 0 and no value below
double gridgrad_yn(double n, double x) {
    if (!(x > 0)) return x == 0 ? -UNBOUNDED : NOT_A_NUMBER;
    double found = x == UNBOUNDED ? 0 : boost::math::cyl_neumann(int(n), x, Quiet());
    return std::isnan(found) ? -UNBOUNDED : found;  // of what is too large, where its recurrence is inf - inf
}

double gridgrad_kn(double n, double x) {
    if (!(x > 0)) return x == 0 ? UNBOUNDED : NOT_A_NUMBER;
    return x == UNBOUNDED ? 0 : boost::math::cyl_bessel_k(int(n), x, Quiet());
}

double gridgrad_iv(double v, double x) {
    if (std::isnan(x)) return x;
    if (!is_whole(v)) {
        if (!(x > 0)) return x < 0 ? NOT_A_NUMBER : at_zero(v);
        if (x > LARGE) return UNBOUNDED;
        return x < BESIDE_ZERO ? grown_beside_zero(v, x) : boost::math::cyl_bessel_i(v, x, Quiet());
    }
    double size = std::abs(x), n = std::abs(v);
    return with_parity(n, x, size > LARGE ? UNBOUNDED : boost::math::cyl_bessel_i(int(n), size, Quiet()));
}
double gridgrad_i0(double x) { return gridgrad_iv(0, x); }
double gridgrad_i1(double x) { return gridgrad_iv(1, x); }

// Of real orders; of negative ones that are whole by the reflection of DLMF 10.4.1
double gridgrad_jv(double v, double x) {
    if (is_whole(v)) return (v < 0 && std::fmod(v, 2) != 0 ? -1 : 1) * gridgrad_jn(std::abs(v), x);
    if (!(x > 0)) return x == 0 ? at_zero(v) : NOT_A_NUMBER;
    return x == UNBOUNDED ? 0 : boost::math::cyl_bessel_j(v, x, Quiet());
}

double gridgrad_yv(double v, double x) {
    if (is_whole(v)) return (v < 0 && std::fmod(v, 2) != 0 ? -1 : 1) * gridgrad_yn(std::abs(v), x);
    if (!(x > 0)) {
        if (x < 0 || std::isnan(x)) return NOT_A_NUMBER;
        double turned = v > 0 ? 1 : boost::math::cos_pi(v, Quiet());
        return turned == 0 ? 0 : turned > 0 ? -UNBOUNDED : UNBOUNDED;
    }
    double found = x == UNBOUNDED ? 0 : boost::math::cyl_neumann(v, x, Quiet());
    return std::isnan(found) ? -UNBOUNDED : found;
}

double gridgrad_kv(double v, double x) {
    if (is_whole(v)) return gridgrad_kn(std::abs(v), x);
    if (!(x > 0)) return x == 0 ? UNBOUNDED : NOT_A_NUMBER;
    if (x < BESIDE_ZERO) return fallen_beside_zero(v, x);
    double found = x == UNBOUNDED ? 0 : boost::math::cyl_bessel_k(std::abs(v), x, Quiet());
    return std::isnan(found) ? UNBOUNDED : found;
}

double gridgrad_spherical_jn(double n, double x) {
    if (std::isnan(x)) return x;
    return std::isinf(x) ? 0 : with_parity(n, x, boost::math::sph_bessel(unsigned(n), std::abs(x), Quiet()));
}

double gridgrad_spherical_yn(double n, double x) {
    if (!(x > 0)) return x == 0 ? -UNBOUNDED : NOT_A_NUMBER;
    double found = x == UNBOUNDED ? 0 : boost::math::sph_neumann(unsigned(n), x, Quiet());
    return std::isnan(found) ? -UNBOUNDED : found;
}

double gridgrad_spherical_in(double n, double x) {
    double size = std::abs(x);
    if (std::isnan(x) || size == 0) return std::isnan(x) ? x : n == 0;
    double found = size > LARGE ? UNBOUNDED : boost::math::cyl_bessel_i(n + 0.5, size, Quiet()) * std::sqrt(HALF_PI / size);
    return with_parity(n, x, found);
}

double gridgrad_spherical_kn(double n, double x) {
    if (!(x > 0)) return x == 0 ? UNBOUNDED : NOT_A_NUMBER;
    if (x < BESIDE_ZERO) return n == 0 ? HALF_PI / x : UNBOUNDED;
    return x == UNBOUNDED ? 0 : boost::math::cyl_bessel_k(n + 0.5, x, Quiet()) * std::sqrt(HALF_PI / x);
}
