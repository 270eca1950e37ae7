"""Arrays of coefficients: scalars on the wire, stacked again in the result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad import Request
from gridgrad.requests.prepare import prepare
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer

N = np.array([2.0, 3.0, 5.0])
T = np.array([1.0, 2.0])


def polynomial(t: Any, n: Any) -> Any:
    return n[0] + n[1] * t + n[2] * t * t


def first_only(t: Any, n: Any, a: float = 7.0) -> Any:  # noqa: ARG001 - what is not used has derivative 0
    return n[0] * n[2] * t


def sent(request: Request) -> pb.GridGradientRequest:
    return pb.GridGradientRequest.FromString(prepare(request).message)


def numbers(message: pb.GridGradientRequest) -> dict[str, list[float]]:
    return {each.name: np.frombuffer(each.array.data).tolist() for each in message.inputs}


def test_matrices_have_two_numbers_in_their_names() -> None:
    message = sent(Request(lambda t, m: np.sum(m) * t, {"t": T}, coefficients={"m": [[1, 2], [3, 4]]}))
    assert list(numbers(message)) == ["t", "m_0_0", "m_0_1", "m_1_0", "m_1_1"]


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as opened:
        yield opened


def plane_of(result: gridgrad.Result, number: int) -> Any:
    """The fake server puts 1000 times its number on each plane."""
    return result.value + 1000.0 * number


def test_derivatives_by_an_array_are_stacked_without_a_copy(client: gridgrad.Client) -> None:
    result = client.gradient(polynomial, {"t": T}, derivatives=["t", "n"], coefficients={"n": N})
    assert list(result.d) == [("t",), ("n",)]
    assert_array_equal(result.d["n"], np.stack([plane_of(result, p) for p in (2, 3, 4)]))
    assert np.shares_memory(result.d["n"], result.d["t"].base)
    assert_array_equal(result.inputs["n"], N)
    assert list(result.inputs) == ["t", "n"]
    assert "n_0" not in repr(result)
    copy = result.copy()
    assert_array_equal(copy.d["n"], result.d["n"])
    with pytest.raises(KeyError, match=r'"t", "n"'):
        result.d["t", "n"]


def test_second_ones_by_an_array_are_a_matrix(client: gridgrad.Client) -> None:
    result = client.gradient(polynomial, {"t": T}, derivatives=[("n", "n"), ("n", "t")], coefficients={"n": N})
    planes = [[1, 2, 3], [2, 4, 5], [3, 5, 6]]
    assert_array_equal(result.d["n", "n"], [[plane_of(result, p) for p in row] for row in planes])
    assert_array_equal(result.d["t", "n"], np.stack([plane_of(result, p) for p in (7, 8, 9)]))
    assert not result.d["n", "n"].flags.writeable


def test_shapes_of_arrays_stand_before_those_of_grids(client: gridgrad.Client) -> None:
    arrays = {"m": np.arange(6.0).reshape(2, 3), "n": N}
    result = client.gradient(
        lambda t, k, m, n: (np.sum(m) * t * k, np.sum(n) * t),
        {"t": T, "k": [1.0, 2.0, 3.0, 4.0]},
        derivatives=["m", ("m", "n"), ("n", "t")],
        coefficients=arrays,
    )
    grid = (2, 2, 4)  # components, t, k
    assert result.d["m"].shape == (2, 3, *grid)
    assert result.d["n", "m"].shape == (2, 3, 3, *grid)
    assert result.d["t", "n"].shape == (3, *grid)


def test_derivatives_by_what_is_not_used_are_zero(client: gridgrad.Client) -> None:
    result = client.gradient(first_only, {"t": T}, derivatives=["n", "a", ("t", "a")], coefficients={"n": N})
    assert_array_equal(result.d["n"], [plane_of(result, 1), 0 * T, plane_of(result, 2)])
    assert_array_equal(result.d["a"], 0 * T)
    assert_array_equal(result.d["t", "a"], 0 * T)


def test_coefficients_are_taken_when_the_call_is_made(client: gridgrad.Client) -> None:
    n = N.copy()
    result = client.gradient(polynomial, {"t": T}, coefficients={"n": n})
    n[...] = 0
    assert_array_equal(result.inputs["n"], N)


def test_streams_take_functions_and_coefficients_too(client: gridgrad.Client) -> None:
    request = Request(polynomial, {"t": T}, wrt="n", coefficients={"n": N}, tag="x")
    (result,) = client.stream([request])
    assert result.request is request
    assert result.d["n"].shape == (3, 2)


def test_far_too_many_derivatives_are_refused_before_they_are_listed() -> None:
    request = Request("n_0*t", {"t": T}, derivatives=[("n",) * 4], coefficients={"n": np.ones(200)})
    with pytest.raises(gridgrad.TooLargeError, match=r"1,600,000,000 derivatives; ask for a lower order"):
        prepare(request)


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        ({"t": N}, r"coefficients\['t'\]: 't' is an input already"),
        ({"n": N, "n_1": N}, "'n_1' is an input already; rename one"),
        ({"n": 1.0}, r"an array of shape \[\]; give an array of one number or more"),
        ({"n": []}, "an array of shape"),
        ({"n": [1j]}, "an array of complex128"),
        ({"n": [[1], [1, 2]]}, "rows of equal length"),
        ({"not": N}, "a name that no input can have"),
        ([("n", N)], r"coefficients: a list; give names with their arrays"),
    ],
)
def test_what_is_no_array_of_coefficients_is_refused(coefficients: Any, message: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=message):
        prepare(Request("t", {"t": T}, coefficients=coefficients))
