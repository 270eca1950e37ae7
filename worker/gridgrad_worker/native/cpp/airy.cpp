// Airy's functions and their derivatives by Boost.Math; of large negative x by their expansions, with a phase of twice the
// digits, since what the phase is rounded by is an error of theirs.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/airy.hpp>

#include "quiet.h"

namespace {

constexpr double LARGE = 200;  // from there on Bi is beyond the numbers
constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr double FAR = -60, FARTHEST = -1e20, QUARTER_PI = 0.7853981633974483, ROOT_PI = 1.772453850905516;
constexpr int TERMS = 16;

// ζ = 2/3 z√z, and what is left of it
struct Phase {
    double zeta, rest;

    explicit Phase(double z) {
        double root = std::sqrt(z), rest_of_root = std::fma(-root, root, z) / (2 * root);
        double product = z * root, rest_of_product = std::fma(z, root, -product) + z * rest_of_root;
        zeta = product * (2.0 / 3);
        rest = std::fma(product, 2.0 / 3, -zeta) + product * 0x1.5555555555555p-55 + rest_of_product * (2.0 / 3);
    }
};

// cos and sin of ζ ∓ π/4, times series in 1/ζ of even and of odd terms (DLMF 9.7.2, 9.7.9 to 9.7.12)
double of_large(double z, bool is_bi, bool is_prime) {
    Phase phase(z);
    double even = 1, odd = 0, term = 1;
    for (int k = 1; k < TERMS; k++) {
        term *= (6 * k - 5) * double(6 * k - 3) * (6 * k - 1) / (216.0 * k * (2 * k - 1)) / phase.zeta;
        double of = (is_prime ? (6.0 * k + 1) / (1 - 6.0 * k) : 1) * (k / 2 % 2 ? -term : term);
        (k % 2 ? odd : even) += of;
    }
    double turn = phase.rest - QUARTER_PI, sine = std::sin(phase.zeta), cosine = std::cos(phase.zeta);
    double along = cosine * std::cos(turn) - sine * std::sin(turn);
    double across = sine * std::cos(turn) + cosine * std::sin(turn);
    double size = std::sqrt(std::sqrt(z));
    if (is_prime) return size / ROOT_PI * (is_bi ? along * even + across * odd : across * even - along * odd);
    return (is_bi ? along * odd - across * even : along * even + across * odd) / (ROOT_PI * size);
}

bool is_far(double x) { return x < FAR && x > FARTHEST; }

}  // namespace

double gridgrad_airy_ai(double x) {
    if (is_far(x)) return of_large(-x, false, false);
    return std::isnan(x) ? x : std::isinf(x) ? 0 : boost::math::airy_ai(x, Quiet());
}

double gridgrad_airy_bi(double x) {
    if (is_far(x)) return of_large(-x, true, false);
    return std::isnan(x) ? x : x > LARGE ? UNBOUNDED : std::isinf(x) ? 0 : boost::math::airy_bi(x, Quiet());
}

double gridgrad_airy_ai_prime(double x) {
    if (is_far(x)) return of_large(-x, false, true);
    return std::isnan(x) || x == -UNBOUNDED ? NOT_A_NUMBER : x == UNBOUNDED ? 0 : boost::math::airy_ai_prime(x, Quiet());
}

double gridgrad_airy_bi_prime(double x) {
    if (is_far(x)) return of_large(-x, true, true);
    return std::isnan(x) || x == -UNBOUNDED ? NOT_A_NUMBER : x > LARGE ? UNBOUNDED : boost::math::airy_bi_prime(x, Quiet());
}
