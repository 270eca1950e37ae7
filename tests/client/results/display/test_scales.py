"""Scales: which values colours span, and where the cells of a dim lie."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gridgrad.results.display import scales
from tests.client.made_results import result_from


def test_a_few_values_that_dwarf_the_others_make_the_scale_logarithmic() -> None:
    values = np.ones((40, 40))
    values[3, 4] = -1e4
    assert scales.value_range(values, centred=True) == (-1e4, 1e4, 0.2, None)
    assert scales.value_range(values, centred=True).decades == [-1e4, -100, -1, 0, 1, 100, 1e4]
    assert scales.value_range(np.linspace(-1, 3, 100), centred=False) == (-1, 3, None, None)


@pytest.mark.parametrize(
    ("values", "centred", "expected"),
    [
        ([1.0, 3.0], False, (1, 3, None, None)),
        ([1.0, 3.0], True, (-3, 3, None, None)),
        ([2.0, np.nan, 2.0], False, (0, 2, None, 2)),
        ([2.0], True, (-2, 2, None, 2)),
        ([0.0], False, (-1, 1, None, 0)),
        ([np.nan, np.inf], False, (-1, 1, None, None)),
        ([], False, (-1, 1, None, None)),
    ],
)
def test_the_range_of_the_finite_values(values: list[float], centred: bool, expected: tuple[float | None, ...]) -> None:
    assert scales.value_range(np.array(values), centred=centred) == expected


def test_cells_lie_around_the_values_of_an_axis() -> None:
    result = result_from("f", {"x": [0.0, 1.0, 3.0], "y": [1.0, 10.0, 100.0], "z": ("n", [5.0, 6.0])}, {(): 0.0})
    x, y, n = (scales.spacing(result, dim) for dim in ("x", "y", "n"))
    assert_allclose(x.edges, [-0.5, 0.5, 2, 4])
    assert (x.label, x.even, x.log) == ("x", False, False)
    assert_allclose(y.edges, 10.0 ** np.array([-0.5, 0.5, 1.5, 2.5]))
    assert (y.log, y.even) == (True, False)
    assert (n.label, n.centers.tolist(), n.even) == ("n (index)", [0, 1], True)


def test_an_unsorted_axis_is_sorted_and_its_grid_with_it() -> None:
    result = result_from("f", {"x": [2.0, 0.0, 1.0]}, {(): [20.0, 0.0, 10.0]})
    spacing = scales.spacing(result, "x")
    assert spacing.centers.tolist() == [0, 1, 2]
    assert scales.arranged(result.value, [spacing]).tolist() == [0, 10, 20]


def test_a_thinned_grid_keeps_its_holes() -> None:
    values = np.arange(100.0)
    values[41] = np.nan
    result = result_from("f", {"x": np.arange(100.0)}, {(): values})
    spacing = scales.spacing(result, "x", 25)
    assert spacing.step == 4
    thinned = scales.arranged(result.value, [spacing])
    assert_array_equal(np.isnan(thinned), np.arange(25) == 10)
    assert thinned[11] == 44


def test_the_corners_of_a_curvilinear_grid() -> None:
    assert_allclose(scales.corners(np.array([[0.0, 0.0], [2.0, 2.0]])), [[-1] * 3, [1] * 3, [3] * 3])
    assert_allclose(scales.corners(np.array([[4.0]])), [[3, 4], [4, 5]])
