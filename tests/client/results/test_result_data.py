"""What a result holds: inputs as computed on, dims and components, and which part of the grid it is."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.results.result_data import ResultData
from tests.client.fake import FakeServer
from tests.client.made_results import result_from
from tests.client.results.served_results import SUMS, result_of


def test_the_inputs_are_those_computed_on() -> None:
    result = result_of(inputs={"t": np.array([1, 2], np.float32), "k": gridgrad.linspace(0, 1, 3), "c": 1, "b": [1]})
    assert list(result.inputs) == ["t", "k", "c", "b"]
    assert_array_equal(result.inputs["k"], [0, 0.5, 1])
    assert result.inputs["c"].shape == ()
    assert {values.dtype for values in result.inputs.values()} == {np.dtype("f8")}
    assert not any(values.flags.writeable for values in result.inputs.values())
    assert result_of(dtype="float32").inputs["c"].dtype == np.float32


def test_dims_and_components() -> None:
    result = result_of()
    assert (result.dims, result.components, result.tuple_valued) == (("t", "k"), ("f",), False)
    pair = result_of("t, k")
    assert (pair.components, pair.tuple_valued) == (("u", "v"), True)
    assert_array_equal(pair.value, [SUMS, SUMS + 1000])
    assert_array_equal(pair.d["k"], [SUMS + 4000, SUMS + 5000])


def test_a_single_point_is_an_array_too() -> None:
    result = result_of(inputs={"c": 2.0}, wrt="c")
    assert isinstance(result.value, np.ndarray)
    assert result.value.shape == result.d["c"].shape == ()
    assert [result.value.item(), result.d["c"].item()] == [2, 1002]


def test_inputs_on_the_grid() -> None:
    field = np.arange(6.0).reshape(2, 3)
    result = result_of(inputs={"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0], "w": (("k", "t"), field), "c": 0.5})
    assert result.input_dims == {"t": ("t",), "k": ("k",), "w": ("k", "t"), "c": ()}
    assert result.shape == (3, 2)
    assert_array_equal(result.on_grid("w"), field.T)
    assert_array_equal(result.on_grid("k"), [[2, 3]] * 3)
    assert_array_equal(result.on_grid("c"), np.full((3, 2), 0.5))
    assert result_of("t, k").shape == (3, 2)


def test_a_window_knows_its_place_and_the_inputs_there() -> None:
    whole = result_from("t*k", {"t": np.arange(4.0), "k": [5.0, 6.0, 7.0], "c": 2.0}, {(): np.zeros((4, 3))})
    window = ResultData(whole._planes[:, 1:3, 2:], whole._schema, whole.info, whole._origin, (1, 2))
    assert window.slices == (slice(1, 3), slice(2, 3))
    assert window.inputs["t"].tolist() == [1, 2]
    assert window.inputs["k"].tolist() == [7]
    assert window.inputs["c"] == 2
    assert window.copy().slices == window.slices
    assert isinstance(window.copy(), ResultData)


@pytest.mark.parametrize(
    "function", [lambda t, k: t * k, "t*k", gridgrad.parse("t*k")], ids=["lambda", "text", "program"]
)
def test_a_result_can_be_pickled_whatever_it_came_from(server: FakeServer, function: Any) -> None:
    with gridgrad.Client(server.address) as client:
        result = client.gradient(function, {"t": [1.0, 2.0], "k": [3.0]}, wrt="t")
    back = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own
    assert isinstance(back, gridgrad.Result)
    assert_array_equal(back.value, result.value)
    assert_array_equal(back.d["t"], result.d["t"])
    assert (back.request.function, back.request.wrt, back.function) == ("t*k", "t", result.function)
    assert (back.info, back.dims, back.slices) == (result.info, result.dims, result.slices)
    assert_array_equal(back.inputs["t"], result.inputs["t"])
