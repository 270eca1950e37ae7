// The functions of the library, by Boost.Math, which is right to a few units in the last place over the whole domain.

#include "special_functions.h"

#include <cmath>

#include <boost/math/special_functions/bessel.hpp>

namespace {

using namespace boost::math::policies;

// Nothing is thrown: what has no value is nan, and what is too large inf. Numbers are not promoted to long double,
// which would take several times as long for a digit or two.
typedef policy<domain_error<ignore_error>, pole_error<ignore_error>, overflow_error<ignore_error>,
               underflow_error<ignore_error>, denorm_error<ignore_error>, rounding_error<ignore_error>,
               evaluation_error<ignore_error>, indeterminate_result_error<ignore_error>, promote_double<false>>
    Quiet;

// Of even and odd functions
double with_parity(double n, double x, double of_size) { return x < 0 && std::fmod(n, 2) != 0 ? -of_size : of_size; }

}  // namespace

double gridgrad_jn(double n, double x) {
    if (std::isnan(x)) return x;
    return with_parity(n, x, boost::math::cyl_bessel_j(int(n), std::abs(x), Quiet()));
}
