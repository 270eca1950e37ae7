"""Measured errors: against the function itself, at the points between those of the table."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.scipy import Interpolant, measured

pytest.importorskip("scipy")


def test_cells_are_divided_into_equal_parts() -> None:
    assert_allclose(measured.between(np.array([0.0, 1.0, 3.0]), 4), [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3])
    assert_array_equal(measured.between(np.array([0.0, 1.0]), 1), [0, 1])


@pytest.mark.parametrize("at_once", [1, 5, 1 << 18])
def test_the_largest_difference_is_found_in_slabs_of_any_size(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "POINTS_AT_ONCE", at_once)
    x, y = np.linspace(0, 1, 7), np.array([0.0, 2.0, 3.0])

    def interpolated(points: FloatArray) -> FloatArray:
        return np.stack([points[:, 0] * points[:, 1], points[:, 1]], axis=-1)

    exact = interpolated(np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)).reshape(7, 3, 2)
    exact[4, 1, 0] += 0.5
    exact[2, 2, 1] -= 0.25
    found = measured.measure(interpolated, [x, y], exact, 3)
    assert_allclose(found.max_abs, [0.5, 0.25])
    assert_allclose(found.rms, [0.5 / np.sqrt(21), 0.25 / np.sqrt(21)])
    assert_allclose(found.at, [[x[4], 2.0], [x[2], 3.0]])
    assert (found.points, found.parts) == (21, 3)


def test_the_measured_error_is_the_largest_at_the_points_that_it_names(wave: Interpolant) -> None:
    t, k = np.linspace(0, 2, 17), np.linspace(0, 3, 25)
    difference = np.abs(wave((t[:, None], k)) - np.exp(-1.5 * t[:, None]) * np.sin(k))
    assert wave.error is not None
    assert wave.error.max_abs == pytest.approx(difference.max(), rel=1e-6)
    assert wave.error.rms == pytest.approx(np.sqrt(np.mean(difference**2)), rel=1e-6)
    assert wave.error.points == difference.size
    row, column = np.unravel_index(difference.argmax(), difference.shape)
    assert_allclose(wave.error.at, [t[row], k[column]])
