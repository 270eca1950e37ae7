"""Points and weights against mpmath's polynomials, and by what they integrate exactly."""

from __future__ import annotations

import math

import mpmath as mp
import pytest

from gridgrad_core.lang.loops.legendre import points_and_weights


@pytest.mark.parametrize("count", [1, 2, 3, 10, 64, 200])
def test_points_are_roots_and_weights_belong_to_them(count: int) -> None:
    points, weights = points_and_weights(count)
    assert len(points) == len(weights) == count
    assert math.fsum(weights) == pytest.approx(2, rel=1e-14)
    assert list(points) == sorted(points)
    for x, weight in [*zip(points, weights, strict=True)][:: max(1, count // 7)]:
        with mp.workdps(40):
            root = mp.findroot(lambda t: mp.legendre(count, t), mp.mpf(x), verify=False)
            slope = count * (root * mp.legendre(count, root) - mp.legendre(count - 1, root)) / (root**2 - 1)
            assert abs(root - x) < 2e-15
            assert weight == pytest.approx(float(2 / ((1 - root**2) * slope**2)), rel=2e-11)


def test_even_powers_are_integrated_exactly() -> None:
    points, weights = points_and_weights(20)
    for power in range(0, 40, 2):
        total = math.fsum(w * x**power for x, w in zip(points, weights, strict=True))
        assert total == pytest.approx(2 / (power + 1), rel=1e-13)
