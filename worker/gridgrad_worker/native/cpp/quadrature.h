// Gauss and Legendre's rule on [0, 1], several points at a time.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace quadrature {

typedef double Lanes __attribute__((vector_size(64)));
typedef int64_t Whole __attribute__((vector_size(64)));

constexpr int POINTS = 24, WIDTH = 8, STEPS = POINTS / WIDTH;

struct Rule {
    Lanes points[STEPS], weights[STEPS];

    // By Newton's method on Legendre's polynomial (DLMF 3.5.19 to 3.5.22)
    Rule() {
        for (int n = 0; n < POINTS; n++) {
            long double x = std::cos(3.14159265358979323846L * (n + 0.75L) / (POINTS + 0.5L)), slope = 0;
            for (int step = 0; step < 8; step++) {
                long double here = 1, before = 0;
                for (int k = 0; k < POINTS; k++) {
                    long double next = ((2 * k + 1) * x * here - k * before) / (k + 1);
                    before = here;
                    here = next;
                }
                slope = POINTS * (x * here - before) / (x * x - 1);
                x -= here / slope;
            }
            points[n / WIDTH][n % WIDTH] = double((1 + x) / 2);
            weights[n / WIDTH][n % WIDTH] = double(1 / ((1 - x * x) * slope * slope));
        }
    }
};

inline const Rule RULE;

// The integral of a function of Lanes from 0 to 1
template <class F> inline double integral(F function) {
    Lanes total{};
    for (int n = 0; n < STEPS; n++) total += RULE.weights[n] * function(RULE.points[n]);
    double sum = 0;
    for (int lane = 0; lane < WIDTH; lane++) sum += total[lane];
    return sum;
}

inline Lanes choose(Whole condition, Lanes a, Lanes b) {
    return (Lanes)(((Whole)a & condition) | ((Whole)b & ~condition));
}

inline Lanes size(Lanes x) { return (Lanes)((Whole)x & INT64_MAX); }

// eˣ for x from -700 to 700: 2ᵏ times e to what is left of x, at most half of ln 2
inline Lanes exponential(Lanes x) {
    constexpr double ROUNDING = 0x1.8p52;  // to whole numbers, which are the last bits then
    Lanes rounded = x * 1.4426950408889634 + ROUNDING, whole = rounded - ROUNDING;
    Lanes rest = (x - whole * 0x1.62e42fee00000p-1) - whole * 0x1.a39ef35793c76p-33, sum{};
#pragma GCC unroll 13
    for (int k = 13; k >= 1; k--) sum = (sum + 1) * rest * (1.0 / k);
    return (Lanes)((Whole)(sum + 1) + ((Whole)rounded << 52));
}

}  // namespace quadrature
