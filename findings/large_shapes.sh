#!/usr/bin/env bash
# scipy 1.17.1 and Boost.Math 1.88 (libboost-headers 1.88.0): distributions of gamma and beta of large parameters.
#
# Both use uniform expansions for a gamma distribution of a large shape a, which are right to the last digits beside x = a.
# scipy leaves its own at 4.5 standard deviations: 6 below the mean gammainc has lost 29 % at a = 1e8 and nearly all at 1e12, where at
# 3 below it has all digits. It sums a series there that it ends after 2,000 terms.
# Boost's gamma_p takes another series just above the mean: at half a standard deviation above it takes 0.1 ms for a = 1e8 and
# loses digits, and at 1e12 gives up after a million terms, by an error that is raised; at the mean's other side it is right. Its ibeta keeps
# 8 digits at a = b = 1e8 and 6 at 1e10 (without promotion to long double, which gcc has and other compilers have not), and from
# 1e18 on is no probability any more. scipy's gammainc and Boost's ibeta raise no error in any of these.
set -euo pipefail
command -v g++ >/dev/null || { echo "g++ is needed, to compile Boost's headers" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'scipy==1.17.1' 'numpy==2.4.3' 'mpmath==1.3.0' 'libboost-headers==1.88.0'
cat >"$folder/values.cpp" <<'C'
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
typedef boost::math::policies::policy<boost::math::policies::promote_double<false>> Plain;
int main() {
    for (double a : {1e8, 1e10, 1e12}) {
        double above = NAN;
        try {
            above = boost::math::gamma_p(a, a + 0.5 * std::sqrt(a), Plain());
        } catch (const std::runtime_error&) {
        }
        std::printf("%.17g %.17g ", above, boost::math::gamma_p(a, a - 0.5 * std::sqrt(a), Plain()));
    }
    for (double a : {1e8, 1e10, 1e18}) std::printf("%.17g ", boost::math::ibeta(a, a, 0.5 - 0.5 / std::sqrt(a), Plain()));
}
C
headers=$("$folder/env/bin/python" -c 'import pathlib, sys; print(next(pathlib.Path(sys.prefix).rglob("boost/math/special_functions/beta.hpp")).parents[3])')
g++ -std=c++17 -O1 -I"$headers" "$folder/values.cpp" -o "$folder/values"
"$folder/values" >"$folder/values.txt"
"$folder/env/bin/python" - "$folder/values.txt" <<'P'
import sys

import mpmath as mp
import scipy
from scipy.special import gammainc

mp.mp.dps = 40


def beyond(logarithm, x, width, side):
    return mp.quad(lambda t: mp.exp(logarithm(x + side * t)), mp.linspace(0, 15 * width, 26))


def gamma(a, x):
    p, constant = mp.mpf(a), mp.loggamma(a)
    tail = beyond(lambda t: (p - 1) * mp.log(t) - t - constant, mp.mpf(x), mp.sqrt(a), 1 if x > a else -1)
    return 1 - tail if x > a else tail


def beta(a, x):
    p, constant = mp.mpf(a), 2 * mp.loggamma(a) - mp.loggamma(2 * mp.mpf(a))
    return beyond(lambda t: (p - 1) * (mp.log(t) + mp.log1p(-t)) - constant, mp.mpf(x), 1 / mp.sqrt(8 * p), -1)


def off(found, right):
    return float(abs(mp.mpf(float(found)) / right - 1))


print("scipy", scipy.__version__, "and Boost.Math 1.88: parts that are wrong")
for a, least in ((1e8, 0.2), (1e12, 0.9)):
    six, three = a - 6 * a**0.5, a - 3 * a**0.5
    print(f"scipy's gammainc of a = {a:g}: {off(gammainc(a, six), gamma(a, six)):.1e} six deviations below, {off(gammainc(a, three), gamma(a, three)):.1e} three below")
    assert off(gammainc(a, six), gamma(a, six)) > least
    assert off(gammainc(a, three), gamma(a, three)) < 1e-13
numbers = [float(each) for each in open(sys.argv[1]).read().split()]
for a, above, below in zip((1e8, 1e10, 1e12), numbers[0:6:2], numbers[1:6:2]):
    wrong = off(below, gamma(a, a - 0.5 * a**0.5))
    said = "gives up" if above != above else f"{off(above, gamma(a, a + 0.5 * a**0.5)):.1e}"
    print(f"Boost's gamma_p of a = {a:g}: {said} half a deviation above, {wrong:.1e} below")
    assert wrong < 1e-14 and (above != above if a == 1e12 else off(above, gamma(a, a + 0.5 * a**0.5)) > 1e-13)
for a, found in zip((1e8, 1e10, 1e18), numbers[6:]):
    print(f"Boost's ibeta of a = b = {a:g}: {found:g}, off by {off(found, beta(a, 0.5 - 0.5 / a**0.5)):.1e}")
assert off(numbers[6], beta(1e8, 0.5 - 0.5e-4)) > 1e-10 and numbers[8] > 1
P
