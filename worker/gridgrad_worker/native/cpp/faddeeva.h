// Derivatives of Faddeeva's function w(z) = exp(-z²) erfc(-iz) where Im z ≥ 0, of which Voigt's profile and Dawson's function are made.
//
// w' = -2zw + 2i/√π loses the digits of what falls with |z|. Away from 0 the k-th derivative is
//
//     i/π z⁻ᵏ ∫ f(t) tᵏ/(z - t) dt  with  f = dᵏ/dtᵏ exp(-t²),
//
// since f has no moments below the k-th, by the trapezoidal rule and, beside the real line, the residue of z (F. Matta and
// A. Reichel, Uniform computation of the error function and other related functions, 1971). w itself is xsf's.

#pragma once

#include <array>
#include <cmath>
#include <complex>

#include <xsf/faddeeva.h>

namespace faddeeva {

typedef std::complex<double> Complex;

constexpr double PI = 3.14159265358979323846;
constexpr int MOST = 12;
constexpr double STEP = 0.4;  // the error is exp(-(π/STEP)²)
constexpr int NODES = 22;     // on each side
constexpr double BESIDE_ZERO = 1.2;

// (-1)ᵏ times Hermite's polynomial
template <class T> T hermite(int k, T t) {
    T before = 0, here = 1;
    for (int n = 0; n < k; n++) {
        T next = -2.0 * t * here - 2.0 * n * before;
        before = here;
        here = next;
    }
    return here;
}

// f(t) tᵏ at the nodes, of which one set lies between those of the other
struct Nodes {
    double at[MOST + 1][2][2 * NODES + 1];
    Nodes() {
        for (int k = 0; k <= MOST; k++)
            for (int set = 0; set < 2; set++)
                for (int n = -NODES; n <= NODES; n++) {
                    double t = STEP * (n + 0.5 * set);
                    at[k][set][n + NODES] = hermite(k, t) * std::exp(-t * t) * std::pow(t, k);
                }
    }
};
inline const Nodes AT_NODES;

inline Complex by_recurrence(int k, Complex z) {
    Complex before = 0, here = Faddeeva::w(z);
    for (int n = 0; n < k; n++) {
        Complex next = -2.0 * z * here - 2.0 * n * before;
        if (n == 0) next += Complex(0, 2 / std::sqrt(PI));
        before = here;
        here = next;
    }
    return here;
}

inline Complex by_nodes(int k, Complex z) {
    double place = z.real() / STEP;
    int set = std::abs(place - std::rint(place)) < 0.25;  // the nodes that are further away
    Complex sum = 0;
    for (int n = -NODES; n <= NODES; n++) sum += AT_NODES.at[k][set][n + NODES] / (z - STEP * (n + 0.5 * set));
    Complex found = Complex(0, STEP / PI) * sum / std::pow(z, k);
    if (z.imag() >= PI / STEP) return found;
    Complex turn = std::exp(Complex(0, -2 * PI / STEP) * z) * (set ? -1.0 : 1.0);
    return found + 2.0 * hermite(k, z) * std::exp(-z * z) / (1.0 - turn);
}

inline Complex derivative(int k, Complex z) {
    if (k == 0) return Faddeeva::w(z);
    return std::abs(z) < BESIDE_ZERO ? by_recurrence(k, z) : by_nodes(k, z);
}

// ∂ᵐ/∂xᵐ ∂ⁿ/∂γⁿ of Voigt's profile
inline double profile(int m, int n, double x, double sigma, double gamma) {
    int k = m + n;
    if (!(sigma >= 0 && gamma >= 0) || std::isnan(x) || k > MOST) return std::nan("");
    Complex turned = n % 4 == 0 ? Complex(1) : n % 4 == 1 ? Complex(0, 1) : n % 4 == 2 ? Complex(-1) : Complex(0, -1);
    Complex place(x, gamma);
    double size = std::abs(place), scale = sigma * std::sqrt(2.0);
    if (size == 0 && sigma == 0) return k ? std::nan("") : HUGE_VAL;
    if (std::isinf(size) || std::isinf(sigma)) return 0;
    if (size > 1e10 * scale) {  // Lorentz's
        Complex found = Complex(0, 1 / PI) / place;
        for (int j = 1; j <= k; j++) found *= -double(j) / place;
        return (turned * found).real();
    }
    return (turned * derivative(k, place / scale)).real() / (std::pow(scale, k) * scale * std::sqrt(PI));
}

inline double dawson(int k, double x) {
    if (std::isinf(x)) return 0;
    if (std::abs(x) > 1e10) return derivative(0, x).imag() * 0.5 * std::sqrt(PI) * std::tgamma(k + 1) / std::pow(-x, k);
    return 0.5 * std::sqrt(PI) * derivative(k, x).imag();
}

}  // namespace faddeeva
