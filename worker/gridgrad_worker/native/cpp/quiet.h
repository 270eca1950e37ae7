// How Boost's functions are asked for: nothing is thrown, what has no value is nan and what is too large inf. Numbers are
// not promoted to long double, which would take several times as long for a digit or two.

#pragma once

#include <boost/math/policies/policy.hpp>

namespace quiet {
using namespace boost::math::policies;
typedef policy<domain_error<ignore_error>, pole_error<ignore_error>, overflow_error<ignore_error>,
               underflow_error<ignore_error>, denorm_error<ignore_error>, rounding_error<ignore_error>,
               evaluation_error<ignore_error>, indeterminate_result_error<ignore_error>, promote_double<false>>
    Policy;
}  // namespace quiet

typedef quiet::Policy Quiet;
