"""Evenly spaced values: the ones of numpy, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.arguments.inputs import Input, read_inputs


def read(value: Any) -> Input:
    (given,) = read_inputs({"x": value})
    return given


@pytest.mark.parametrize(
    ("start", "stop", "num"), [(0, 1, 5), (-3.7, 11, 97), (1, 1, 4), (5, -5, 11), (2, 9, 1), (0, 1, 0)]
)
def test_a_linspace_is_numpys(start: float, stop: float, num: int) -> None:
    spaced = gridgrad.linspace(start, stop, num)
    assert_array_equal(spaced.values(), np.linspace(start, stop, num))
    assert read(spaced) == Input("x", ("x",), spaced)
    assert read(("p", spaced)) == Input("x", ("p",), spaced)


@pytest.mark.parametrize(
    "wrong", [("a", 1, 2), (0, np.inf, 2), (np.nan, 1, 2), (0, 1, -1), (0, 1, 2.5), (0, 1, "3"), (1j, 1, 2)]
)
def test_a_linspace_that_is_none(wrong: tuple[Any, Any, Any]) -> None:
    with pytest.raises(gridgrad.RequestError, match="linspace"):
        gridgrad.linspace(*wrong)
