// Runs kernels on the processor: blocks and threads are loops.

#include <math.h>

#include <cmath>

#define __device__
#define __global__
#define __launch_bounds__(count)

struct Dim {
    unsigned x;
};
static Dim threadIdx, blockIdx;

// What CUDA has and the C library has not, by way of long double

static long double wide_erfcx(long double x) {
    if (x < 90) return expl(x * x) * erfcl(x);
    long double z = 1 / (2 * x * x);
    return (1 - z * (1 - 3 * z * (1 - 5 * z))) / (x * sqrtl(acosl(-1)));
}
static double erfcx(double x) { return double(wide_erfcx(x)); }
static float erfcx(float x) { return float(wide_erfcx(x)); }

// Halley's method
static long double wide_erfcinv(long double p) {
    if (p > 1) return -wide_erfcinv(2 - p);
    if (p <= 0) return p < 0 ? NAN : INFINITY;
    long double x = p < 0.5L ? sqrtl(-logl(p)) : 0;
    for (int n = 0; n < 200; n++) {
        long double step = (erfcl(x) - p) * sqrtl(acosl(-1)) / 2 * expl(x * x);
        x += step / (1 - x * step);
        if (fabsl(step) <= 1e-19L * fabsl(x)) break;
    }
    return x;
}
template <class T> static T wide_erfinv(T x) {
    if (std::isnan(x) || x == 0) return x;
    if (fabsl(x) > 0.1L) return T(x > 0 ? wide_erfcinv(1 - (long double)x) : -wide_erfcinv(1 + (long double)x));
    long double y = x * sqrtl(acosl(-1)) / 2;
    for (int n = 0; n < 50; n++) y -= (erfl(y) - x) * sqrtl(acosl(-1)) / 2 * expl(y * y);
    return T(y);
}
static double erfinv(double x) { return wide_erfinv(x); }
static float erfinv(float x) { return wide_erfinv(x); }
static double normcdfinv(double p) { return p != p ? p : double(-sqrtl(2) * wide_erfcinv(2 * (long double)p)); }
static float normcdfinv(float p) { return p != p ? p : float(-sqrtl(2) * wide_erfcinv(2 * (long double)p)); }
