// Integrals of exponentials by Boost.Math; of sines, and the dilogarithm, by xsf, which has those that Boost has not.

#include "special_functions.h"

#include <cmath>
#include <limits>

#include <boost/math/special_functions/expint.hpp>
#include <xsf/cephes/fresnl.h>
#include <xsf/cephes/shichi.h>
#include <xsf/cephes/sici.h>
#include <xsf/cephes/spence.h>

#include "quiet.h"

namespace {

constexpr double UNBOUNDED = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();

// E of an order n ≤ 0, which is a sum (DLMF 8.4.15)
double of_negative_order(int n, double x) {
    double sum = 1;
    for (int j = 1; j <= -n; j++) sum = sum * j / x + 1;
    return std::exp(-x) / x * sum;
}

double of_order(int n, double x) {
    if (!(x >= 0)) return NOT_A_NUMBER;
    if (x == 0) return n > 1 ? 1.0 / (n - 1) : UNBOUNDED;
    if (x == UNBOUNDED) return 0;
    return n > 0 ? boost::math::expint(n, x, Quiet()) : of_negative_order(n, x);
}

}  // namespace

double gridgrad_expi(double x) {
    if (x == 0) return -UNBOUNDED;
    return std::isinf(x) ? (x > 0 ? x : 0) : boost::math::expint(x, Quiet());
}

double gridgrad_exp1(double x) { return of_order(1, x); }
double gridgrad_expn(double n, double x) { return of_order(int(n), x); }
double gridgrad_expn_derivative(double k, double n, double x) {
    double found = of_order(int(n - k), x);
    return std::fmod(k, 2) ? -found : found;
}

double gridgrad_si(double x) {
    double sine, cosine;
    xsf::cephes::sici(x, sine, cosine);
    return std::isnan(x) ? x : sine;
}

double gridgrad_ci(double x) {
    double sine, cosine;
    if (!(x >= 0)) return NOT_A_NUMBER;
    xsf::cephes::sici(x, sine, cosine);
    return cosine;
}

double gridgrad_shi(double x) {
    double sine, cosine;
    xsf::cephes::shichi(x, sine, cosine);
    return std::isnan(x) ? x : sine;
}

double gridgrad_chi(double x) {
    double sine, cosine;
    if (!(x >= 0)) return NOT_A_NUMBER;
    xsf::cephes::shichi(x, sine, cosine);
    return cosine;
}

double gridgrad_fresnel_s(double x) {
    double sine, cosine;
    xsf::cephes::fresnl(x, &sine, &cosine);
    return sine;
}

double gridgrad_fresnel_c(double x) {
    double sine, cosine;
    xsf::cephes::fresnl(x, &sine, &cosine);
    return cosine;
}

double gridgrad_spence(double x) { return x >= 0 ? xsf::cephes::spence(x) : NOT_A_NUMBER; }
