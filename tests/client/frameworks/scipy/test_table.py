"""Tables: what is asked of the server, and of what none can be made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from gridgrad.frameworks.scipy import interpolant
from gridgrad.testing import FakeClient
from tests.client.fake import FakeServer
from tests.client.frameworks.exponential import EXPONENTIAL, asked

pytest.importorskip("scipy")


def test_a_decreasing_axis_is_turned_round(client: FakeClient) -> None:
    made = interpolant(client, "t", {"t": [2.0, 1.0, 0.0]})
    assert_array_equal(made.grid[0], [0, 1, 2])
    assert_allclose(made([0.5, 1.5]), [0.5, 1.5], rtol=1e-15)


def test_a_table_that_is_not_finite_says_where() -> None:
    grids: dict[Any, Any] = {"t*k": {(): lambda t, k: np.where(t > 0, t * k, -np.inf), "t": 1, "k": 1, ("t", "k"): 0}}
    with FakeClient(grids) as client, pytest.raises(gridgrad.RequestError) as caught:
        interpolant(client, "t*k", {"t": [0.0, 1.0], "k": [1.0, 2.0]})
    assert "a value that is -inf at t = 0, k = 1; 2 of 4 are not finite" in str(caught.value)


def test_two_requests_make_it_and_none_is_made_after(exponential: gridgrad.Client, counted: FakeServer) -> None:
    made = interpolant(exponential, EXPONENTIAL, {"t": [0.0, 0.1, 0.2], "k": [0.0, 0.1]})
    made([[0.05, 0.05]])
    assert asked(counted) == [3, 0]
    assert interpolant(exponential, EXPONENTIAL, {"t": [0.0, 0.1]}, parts=1).error is None
    assert asked(counted) == [3, 0, 1]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"t": 1.0}, "0 axes; give 1 to 4"),
        ({name: [0.0, 1.0] for name in "tabcd"}, "5 axes; give 1 to 4"),
        ({"t": [1.0]}, "1 coordinates that are not two or more"),
        ({"t": [0.0, 1.0, 1.0]}, "strictly in order; sort them"),
        ({"t": [0.0, 2.0, 1.0]}, "strictly in order; sort them"),
        ({"t": [0.0, np.nan]}, "finite"),
        ({"t": [0.0, 1.0], "k": ("t", [0.0, 1.0])}, "which is no axis of its own"),
        ({"t": (("i", "j"), np.eye(2))}, r"'t' with dims \['i', 'j'\]"),
    ],
)
def test_what_makes_no_table_is_refused(client: FakeClient, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=message):
        interpolant(client, "t", inputs)


@pytest.mark.parametrize("parts", [0, 1.5, "2"])
def test_parts_are_a_whole_number(client: FakeClient, parts: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="give a whole number"):
        interpolant(client, "t", {"t": [0.0, 1.0]}, parts=parts)
