// How Boost's functions are asked for: nothing is thrown, what has no value is nan and what is too large inf. Of a series that is
// given up there is no value: what has been summed until then would look like one. Numbers are not promoted to long double, which would take several times as long for a digit or two.

#pragma once

#include <limits>

#include <boost/math/policies/policy.hpp>

namespace quiet {
using namespace boost::math::policies;
typedef policy<domain_error<ignore_error>, pole_error<ignore_error>, overflow_error<ignore_error>,
               underflow_error<ignore_error>, denorm_error<ignore_error>, rounding_error<ignore_error>,
               evaluation_error<user_error>, indeterminate_result_error<ignore_error>, promote_double<false>>
    Policy;
}  // namespace quiet

namespace boost::math::policies {
template <class T> T user_evaluation_error(const char*, const char*, const T&) {
    return std::numeric_limits<T>::quiet_NaN();
}
}  // namespace boost::math::policies

typedef quiet::Policy Quiet;
