"""What a result says of derivatives that are nan where the value is finite."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import gridgrad
from tests.client.made_results import result_from

NAN, INF = np.nan, np.inf
X, Y = [0.0, 0.5, 1.0], [2.0, 4.0]


def of_x(value: list[float], slope: list[float]) -> gridgrad.Result:
    return result_from("cos(sqrt(x))", {"x": X}, {(): value, ("x",): slope})


def test_nan_beside_a_finite_value_is_told_with_its_first_place() -> None:
    said = "∂f/∂x is nan at 1 of 3 points where the value is finite: first at x=0"
    result = of_x([1.0, 0.76, 0.54], [NAN, -0.46, -0.42])
    assert result.remarks == result.info.remarks == (said,)
    assert f"  {said}>" in repr(result)
    assert said in result._repr_html_()


@pytest.mark.parametrize(
    ("value", "slope"),
    [([1.0, 2.0, 3.0], [INF, 0.0, -INF]), ([NAN, 2.0, 3.0], [NAN, 0.0, 1.0]), ([INF, 2.0, 3.0], [NAN, 0.0, 1.0])],
)
def test_infinite_derivatives_and_values_that_are_not_finite_need_no_remark(
    value: list[float], slope: list[float]
) -> None:
    assert of_x(value, slope).remarks == ()


def test_each_component_and_derivative_for_itself_on_grids_and_scalars() -> None:
    slope = np.zeros((2, 3, 2))
    slope[1, 1:, 1] = NAN
    grids = {(): np.ones((2, 3, 2)), ("x",): slope, ("y", "y"): np.full((2, 3, 2), NAN)}
    result = result_from("u, v", {"x": X, "y": Y, "k": 7.0}, grids, ("u", "v"))
    assert result.remarks == (
        "∂²u/∂y² is nan at 6 of 6 points where the value is finite: first at x=0, y=2",
        "∂v/∂x is nan at 2 of 6 points where the value is finite: first at x=0.5, y=4",
        "∂²v/∂y² is nan at 6 of 6 points where the value is finite: first at x=0, y=2",
    )
    point = result_from("sqrt(x)**3", {"x": 0.0}, {(): 0.0, ("x",): NAN})
    assert point.remarks == ("∂f/∂x is nan at 1 of 1 points where the value is finite",)


def test_large_results_are_looked_at_when_asked_and_not_by_repr() -> None:
    x = np.linspace(0, 1, 300_000)
    slope = np.zeros_like(x)
    slope[7] = NAN
    result = result_from("f(x)", {"x": x}, {(): x, ("x",): slope})
    assert result.remarks[0].startswith("∂f/∂x is nan at 1 of 300,000 points")
    assert "value is finite" not in repr(result)
    assert result.info.remarks == ()


def test_info_is_the_same_of_copies_and_in_archives(tmp_path: Path) -> None:
    result = of_x([1.0, 0.76, 0.54], [NAN, -0.46, -0.42])
    result.to_npz(tmp_path / "result.npz")
    for again in (copy.deepcopy(result), result.copy(), gridgrad.Result.from_npz(tmp_path / "result.npz")):
        assert again.info == result.info
        assert again.info.remarks
