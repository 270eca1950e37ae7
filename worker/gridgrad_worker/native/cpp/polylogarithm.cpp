// Polylogarithms and the integrals of Fermi and Dirac's and of Bose and Einstein's, whose orders are half whole numbers.

#include "special_functions.h"

#include "polylogarithms.h"

using namespace polylogarithms;

namespace {

constexpr int MOST = 12;
constexpr double PI = 3.141592653589793, FAR = 1e6, DIGITS = 38;

int twice_of(double order) { return int(2 * order); }

// Where the series has its digits: of negative x its terms alternate
bool is_near_zero(int twice, double x) { return std::abs(x) < 0.5 && (x > -0.05 || twice > -2); }

double of_number(int twice, double x) {
    if (!(x <= 1)) return NOT_A_NUMBER;
    if (is_near_zero(twice, x)) return series(0, twice, x);
    return x < 0 ? -fermi_dirac_integral(twice - 2, std::log(-x)) : of_exponential(twice, std::log(x));
}

// n!/Γ(s) ∫ tˢ⁻¹ e⁻ⁿᵗ/(1 - x e⁻ᵗ)ⁿ⁺¹ dt over t > 0, for s > 0: of one sign. By the trapezoidal rule in ln t, whose step is that
// of the pole next to the real axis
double integral(int n, double s, double x) {
    double height = x < 0 ? std::log(-x) : 0, angle = x < 0 ? std::atan2(PI, height) : PI;
    double step = (angle < 1.1 ? angle : 1.1) * (2 * PI / (DIGITS + 16 + 2 * n)), rest = 1 - x;
    double from = std::log(rest < 1 ? rest : 1) - DIGITS / s, sum = 0;
    if (s > n + 1 && from < -DIGITS / (s - n - 1)) from = -DIGITS / (s - n - 1);
    int count = int((std::log(DIGITS + 4 * s + (height > 0 ? height : 0)) - from) / step) + 1;
    for (int k = 0; k < count; k++) {
        double at = from + k * step, t = std::exp(at), below = x < 0 ? 1 - x * std::exp(-t) : rest - x * std::expm1(-t), product = below;
        for (int m = 0; m < n; m++) product *= below;
        sum += std::exp(s * at - n * t) / product;
    }
    return sum * step * std::tgamma(n + 1) / std::tgamma(s);
}

// What x d/dx makes of it are those of lower orders, and xⁿ dⁿ/dxⁿ is a product of x d/dx - k
double by_lower_orders(int n, int twice, double x) {
    double of[MOST + 1] = {1}, sum = 0;
    for (int k = 0; k < n; k++)
        for (int m = k + 1; m >= 0; m--) of[m] = (m ? of[m - 1] : 0) - k * of[m];
    for (int m = 1; m <= n; m++) sum += of[m] * of_number(twice - 2 * m, x);
    return sum / std::pow(x, n);
}

double derivative(int n, int twice, double x) {
    if (x == 1 && twice - 2 * n <= 2) return UNBOUNDED;
    if (x == -UNBOUNDED) return 0;
    if (is_near_zero(twice, x)) return series(n, twice, x);
    return n > 1 && twice > 3 && x > -FAR ? integral(n, twice / 2.0, x) : by_lower_orders(n, twice, x);
}

}  // namespace

double gridgrad_fermi_dirac(double j, double x) { return fermi_dirac_integral(twice_of(j), x); }
double gridgrad_bose_einstein(double j, double x) { return of_exponential(twice_of(j) + 2, x); }
double gridgrad_polylog(double s, double x) { return of_number(twice_of(s), x); }

double gridgrad_polylog_derivative(double order, double s, double x) {
    int n = int(order), twice = twice_of(s);
    if (n == 0) return of_number(twice, x);
    return n <= MOST && x <= 1 ? derivative(n, twice, x) : NOT_A_NUMBER;
}
