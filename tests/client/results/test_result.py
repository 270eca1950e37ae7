"""Results: views, names, copies, and what a missing derivative says."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.protocol.response_cache import read_unary
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import ALIGNMENT
from tests.client.fake import answer

INPUTS = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0], "c": 0.5}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0]) + 0.5


def raw_and_result(request: Request) -> tuple[bytes, gridgrad.Result]:
    call = prepare(request)
    raw = answer(pb.GridGradientRequest.FromString(call.message), None)  # type: ignore[arg-type]  # it needs no context
    return raw, read_unary(raw, call)


def result_of(function: str = "t*k*c", inputs: dict[str, Any] = INPUTS, **asked: Any) -> gridgrad.Result:
    return raw_and_result(Request(function, inputs, **asked))[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("names", [["t", "k"], ["t", "k", "a_long_name", "b"], ["x" * n for n in range(1, 9)]])
def test_arrays_are_read_only_aligned_views_of_the_message(dtype: str, names: list[str]) -> None:
    raw, result = raw_and_result(Request("f", {name: [1.0, 2.0] for name in names}, dtype=dtype))
    grids = [result.value, *result.d.values()]
    assert len(grids) == 1 + len(names)
    for grid in grids:
        assert grid.dtype == dtype
        assert grid.flags.aligned
        assert not grid.flags.writeable
        assert np.shares_memory(grid, np.frombuffer(raw, np.uint8))
    assert result.value.ctypes.data % ALIGNMENT == 0


def test_derivatives_by_every_spelling() -> None:
    result = result_of(order=2)
    assert_array_equal(result.d["t"], SUMS + 1000)
    assert_array_equal(result.d["k",], SUMS + 2000)
    assert_array_equal(result.d["t", "k"], SUMS + 4000)
    assert_array_equal(result.d["k", "t"], result.d["t", "k"])
    assert_array_equal(result.d[["k", "t"]], result.d["t", "k"])
    assert_array_equal(result.d[()], result.value)


def test_derivatives_are_a_mapping_in_the_order_asked() -> None:
    result = result_of(derivatives=["k", ("k", "t")])
    assert list(result.d) == [("k",), ("t", "k")]
    assert len(result.d) == 2
    assert ("k", "t") in result.d
    assert "k" in result.d
    assert "t" not in result.d
    assert result.d.get("t") is None
    assert repr(result.d) == 'Derivatives("k", ("t", "k"))'
    assert repr(result_of(order=0).d) == "Derivatives(none)"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("c", '"c" was not asked for; derivatives present: "t", "k"; ask for it with derivatives=["c"] or wrt=\'c\''),
        (("t", "t"), "ask for it with derivatives=[('t', 't')] or order=2"),
        ("z", "'z' is no input of this result"),
        (("t", "z"), "'z' is no input of this result"),
    ],
)
def test_a_derivative_that_is_not_there(key: Any, said: str) -> None:
    with pytest.raises(KeyError) as caught:
        result_of().d[key]
    assert said in caught.value.args[0]


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


def test_a_copy_is_writable_and_independent() -> None:
    result = result_of()
    copy = result.copy()
    copy.d["t"][...] = 0
    assert_array_equal(result.d["t"], SUMS + 1000)
    assert (copy.dims, copy.info, list(copy.d)) == (result.dims, result.info, list(result.d))
    assert copy.nbytes == result.nbytes == 3 * 6 * 8


def test_a_result_can_be_pickled() -> None:
    result = result_of()
    again = pickle.loads(pickle.dumps(result))  # noqa: S301 - what users do with it between processes
    assert_array_equal(again.d["k"], result.d["k"])
    assert again.info == result.info


def test_repr() -> None:
    assert repr(result_of()).splitlines() == [
        "<Result float64 on t=3, k=2; functional on cpu, 500 ms computing, 250 ms queued",
        "  f      3.5 to 7.5",
        "  df/dt  1004 to 1008",
        "  df/dk  2004 to 2008>",
    ]


def test_inputs_on_the_grid() -> None:
    field = np.arange(6.0).reshape(2, 3)
    result = result_of(inputs={"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0], "w": (("k", "t"), field), "c": 0.5})
    assert result.input_dims == {"t": ("t",), "k": ("k",), "w": ("k", "t"), "c": ()}
    assert result.shape == (3, 2)
    assert_array_equal(result.on_grid("w"), field.T)
    assert_array_equal(result.on_grid("k"), [[2, 3]] * 3)
    assert_array_equal(result.on_grid("c"), np.full((3, 2), 0.5))
    assert result_of("t, k").shape == (3, 2)
