"""A partial beside finite differences: what is told apart, and what is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_core.differences import steps
from gridgrad_worker import function
from gridgrad_worker.registered.partial_comparison import Compared, FindingError, compare, usual_size
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")

Array = NDArray[np.float64]
X = np.array([0.5, 2.0])


def compared(values: Callable[[Array], Array], got: Array, order: tuple[int, ...] = (0,)) -> None:
    function(name="subject")(lambda x: x)
    h = steps(X)
    near = np.stack([values(X + h), values(X - h)])
    what = Compared(X, values(X), got, np.zeros_like(X), near, usual_size(values(X)))
    compare(load([])["subject"], X[:, None], order, 0, what)


def test_right_slopes_pass() -> None:
    compared(np.sin, np.cos(X))


def test_one_part_in_ten_million_is_told_apart_with_the_digits_that_differ() -> None:
    with pytest.raises(FindingError, match=r"∂f/∂x at x=0.5 is 0.87758265 by torch but 0.877582562 by") as caught:
        compared(np.sin, np.cos(X) * (1 + 1e-7))
    assert "check=False" in caught.value.remedy


def test_from_order_three_on_one_part_in_a_thousand_is() -> None:
    compared(np.sin, np.cos(X) * (1 + 1e-7), (0, 0, 0))
    with pytest.raises(FindingError, match=r"∂³f/∂x³ at x=0.5"):
        compared(np.sin, np.cos(X) * 1.01, (0, 0, 0))


def test_stairs_of_rounding_say_nothing_of_high_derivatives() -> None:
    def rounded(x: Array) -> Array:
        return np.round(np.sin(x) * 2**16) / 2**16

    with pytest.raises(FindingError, match="could not be checked"):
        compared(rounded, np.cos(X), (0, 0, 0, 0))
    with pytest.raises(FindingError, match="by torch but 0 by finite differences"):
        compared(rounded, np.cos(X))


def test_nan_is_wrong_where_there_is_a_slope() -> None:
    with pytest.raises(FindingError, match="is nan by torch"):
        compared(np.sin, np.full_like(X, np.nan))


def test_where_nothing_converges_it_says_so() -> None:
    with pytest.raises(FindingError, match="at none of 2 sample points"):
        compared(lambda x: np.full_like(x, np.nan), X)


def test_the_usual_size_leaves_out_what_is_not_finite() -> None:
    assert usual_size(np.array([1.0, -4.0, np.inf, np.nan])) == pytest.approx(3.25)
    assert usual_size(np.array([np.nan])) == 0
