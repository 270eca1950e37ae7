// Riemann's zeta function by Boost.Math, and its derivatives by the expansion of Euler and Maclaurin (DLMF 25.2.9) and, of
// numbers further below 0, by reflection (25.4.1): in power series of what is added to s.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/cos_pi.hpp>
#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/sin_pi.hpp>
#include <boost/math/special_functions/zeta.hpp>

#include "quiet.h"

namespace {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();
constexpr double PI = 3.141592653589793;
constexpr int MOST = 12, CORRECTIONS = 12;
constexpr double REFLECTED = -1;

// Coefficients of powers up to the derivative that is asked for
struct Series {
    int n;
    double of[MOST + 1] = {};

    // exp(rate·t) times a factor
    Series(int n, double factor, double rate) : n(n) {
        for (int k = 0; k <= n; k++, factor *= rate / k) of[k] = factor;
    }

    void add(const Series& other) {
        for (int k = 0; k <= n; k++) of[k] += other.of[k];
    }

    Series times(const Series& other) const {
        Series found(n, 0, 0);
        for (int k = 0; k <= n; k++)
            for (int j = 0; j <= k; j++) found.of[k] += of[j] * other.of[k - j];
        return found;
    }

    // Times a + t
    void raise(double a) {
        for (int k = n; k >= 0; k--) of[k] = a * of[k] + (k ? of[k - 1] : 0);
    }
};

Series expanded(int n, double s) {
    int first = s < 2 ? 7 : 12;
    double logarithm = std::log(first), last = std::pow(first, -s), chosen = 1 / (s - 1);
    Series sum(n, 0, 0), over(n, 0, 0);
    sum.of[0] = 1;
    for (int k = 2; k < first; k++) sum.add(Series(n, std::pow(k, -s), -std::log(k)));
    sum.add(Series(n, 0.5 * last, -logarithm));
    for (int k = 0; k <= n; k++, chosen /= 1 - s) over.of[k] = chosen;
    sum.add(Series(n, last * first, -logarithm).times(over));
    Series correction(n, last * first, -logarithm);
    for (int j = 1; j <= CORRECTIONS; j++) {
        if (j > 1) correction.raise(s + 2 * j - 3);
        correction.raise(s + 2 * j - 2);
        for (int k = 0; k <= n; k++) correction.of[k] /= double(first) * first;
        // B/(2j)! is 2ζ(2j)/(2π)²ʲ but for its sign
        double number = 2 * boost::math::zeta(2.0 * j, Quiet()) / std::pow(2 * PI, 2 * j);
        for (int k = 0; k <= n; k++) sum.of[k] += (j % 2 ? number : -number) * correction.of[k];
    }
    return sum;
}

Series reflected(int n, double s) {
    Series sine(n, 1, PI / 2), gamma(n, 0, 0), mirrored = expanded(n, 1 - s), slope(n, 0, 0);
    double sine_of = boost::math::sin_pi(s / 2, Quiet()), cosine_of = boost::math::cos_pi(s / 2, Quiet()), fallen = 1;
    gamma.of[0] = std::tgamma(1 - s);
    for (int k = 0; k <= n; k++) {
        sine.of[k] *= (k / 2 % 2 ? -1 : 1) * (k % 2 ? cosine_of : sine_of);
        mirrored.of[k] *= k % 2 ? -1 : 1;
        slope.of[k] = (k % 2 ? 1 : -1) * boost::math::polygamma(k, 1 - s, Quiet()) / fallen;
        fallen *= k + 1;
    }
    for (int k = 0; k < n; k++) {  // Γ' is Γ times its logarithm's
        for (int j = 0; j <= k; j++) gamma.of[k + 1] += gamma.of[j] * slope.of[k - j] / (k + 1);
    }
    return Series(n, 2 * std::pow(2 * PI, s - 1), std::log(2 * PI)).times(sine).times(gamma).times(mirrored);
}

}  // namespace

double gridgrad_zeta(double s) {
    if (s == 1) return UNBOUNDED;
    if (std::isinf(s)) return s > 0 ? 1 : NOT_A_NUMBER;
    return boost::math::zeta(s, Quiet());
}

double gridgrad_zeta_derivative(double order, double s) {
    int n = int(order);
    if (n == 0) return gridgrad_zeta(s);
    if (n > MOST || !(s > -UNBOUNDED)) return NOT_A_NUMBER;
    if (s == 1) return n % 2 ? -UNBOUNDED : NOT_A_NUMBER;
    if (s > 1100) return 0;
    double found = s < REFLECTED ? reflected(n, s).of[n] : expanded(n, s).of[n];
    for (int k = 2; k <= n; k++) found *= k;
    return found;
}
