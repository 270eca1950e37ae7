"""Canned grids: how the one that a request asks for is found, and what is said where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.arguments.inputs import read_inputs, spread_over
from gridgrad.frameworks.testing.canned import CannedRequest, Grids, answer_of
from gridgrad.requests.request import Request
from gridgrad_core.grid import Derivative, grid_of

INPUTS = {"t": np.array([1.0, 2.0, 4.0]), "k": np.array([2.0, 3.0])}


def asked_for(function: Any, *derivatives: Derivative, dtype: str = "float64") -> CannedRequest:
    inputs = read_inputs(INPUTS)
    grid = grid_of([each.spec for each in inputs])
    spread = {each.name: spread_over(grid.dims, each.dims, INPUTS[each.name]) for each in inputs}
    return CannedRequest(Request(function, INPUTS), grid, spread, derivatives, dtype)


def planes(grids: Grids, function: Any, *derivatives: Derivative, fill: float | None = None) -> Any:
    return answer_of(asked_for(function, *derivatives), grids, fill, ()).planes


def test_numbers_arrays_and_functions_make_grids() -> None:
    grids: Grids = {"t*k": {(): lambda t, k: t * k, "t": [2.0, 3.0], ("t", "k"): 1}}
    value, by_t, mixed = planes(grids, "t*k", ("t",), ("k", "t"))
    assert_array_equal(value, np.outer(INPUTS["t"], INPUTS["k"]))
    assert_array_equal(by_t, [[2, 3]] * 3)
    assert_array_equal(mixed, np.ones((3, 2)))


def test_an_expression_is_found_by_what_it_means() -> None:
    assert planes({"(t*k)": {(): 1}}, "t * k").max() == 1
    with pytest.raises(gridgrad.RequestError, match=r"'k\*t' is not canned; 't\*k' is; add it"):
        planes({"t*k": {(): 1}}, "k*t")


def test_a_tuple_has_components_in_front() -> None:
    answer = answer_of(asked_for("u = t; u, k"), {"u = t; u, k": {(): lambda t, k: (t, k)}}, None, ())
    assert (answer.components, answer.tuple_valued) == (("u", "k"), True)
    assert answer.planes.shape == (1, 2, 3, 2)
    assert_array_equal(answer.planes[0, 1], [[2, 3]] * 3)


def test_what_is_not_canned_is_filled_if_a_number_is_given() -> None:
    assert set(planes({}, "t", ("t",), fill=7.0).reshape(-1)) == {7.0}
    assert answer_of(asked_for("t", dtype="float32"), {}, 0.0, ()).planes.dtype == np.float32
    with pytest.raises(gridgrad.UnknownFunctionError, match="is not canned; nothing is"):
        planes({}, gridgrad.registered("f"))
    with pytest.raises(gridgrad.RequestError, match=r'"t" of .* is not canned'):
        planes({"t": {(): 1}}, "t", ("t",))


@pytest.mark.parametrize(
    ("grids", "said"),
    [
        ({"t": {(): np.ones(5)}}, r"of shape \(5,\); can what broadcasts to \(3, 2\)"),
        ({"t": {(): lambda x: x}}, "raised TypeError: .*; let it take the inputs t, k"),
        ({"t": gridgrad.BusyError("", "full", "wait")}, "full; wait"),
    ],
)
def test_a_mistake_of_the_test_is_told_apart(grids: Grids, said: str) -> None:
    with pytest.raises(gridgrad.GridgradError, match=said):
        planes(grids, "t")
