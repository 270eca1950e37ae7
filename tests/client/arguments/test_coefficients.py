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


def wrts(message: pb.GridGradientRequest) -> list[tuple[str, ...]]:
    return [tuple(derivative.wrt) for derivative in message.derivatives]


@pytest.mark.parametrize("function", [polynomial, "n_0 + n_1*t + n_2*t*t", gridgrad.parse("n_0 + n_1*t + n_2*t*t")])
def test_elements_travel_as_scalars_of_one_program(function: Any) -> None:
    first = sent(Request(function, {"t": T}, coefficients={"n": N}))
    second = sent(Request(function, {"t": T}, coefficients={"n": 2 * N}))
    assert first.function == second.function == pb.Function(expression="n_0 + n_1*t + n_2*t*t")
    assert numbers(first) == {"t": [1.0, 2.0], "n_0": [2.0], "n_1": [3.0], "n_2": [5.0]}
    assert wrts(first) == [("t",)]


def test_what_is_asked_by_arrays_is_sent_by_elements() -> None:
    asked = ["n", ("t", "n"), "t", ("n", "n")]
    message = sent(Request(polynomial, {"t": T}, derivatives=asked, coefficients={"n": N}))
    names = [f"n_{i}" for i in range(3)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i:]]
    assert wrts(message) == [*((n,) for n in names), *(("t", n) for n in names), ("t",), *pairs]


def test_matrices_have_two_numbers_in_their_names() -> None:
    message = sent(Request(lambda t, m: np.sum(m) * t, {"t": T}, coefficients={"m": [[1, 2], [3, 4]]}))
    assert list(numbers(message)) == ["t", "m_0_0", "m_0_1", "m_1_0", "m_1_1"]


def test_elements_and_defaults_that_are_not_used_stay_at_home() -> None:
    assert list(numbers(sent(Request(first_only, {"t": T}, coefficients={"n": N})))) == ["t", "n_0", "n_2"]
    assert list(numbers(sent(Request("n_1*t", {"t": T}, coefficients={"n": N})))) == ["t", "n_1"]
    registered = sent(Request(gridgrad.registered("g"), {"t": T}, coefficients={"n": N}))
    assert list(numbers(registered)) == ["t", "n_0", "n_1", "n_2"]


def test_defaults_travel_as_scalars_and_coefficients() -> None:
    def model(t: Any, a: float = 2.0, n: Any = N) -> Any:
        return a * t + np.sum(n)

    default = sent(Request(model, {"t": T}))
    assert numbers(default) == {"t": [1.0, 2.0], "a": [2.0], "n_0": [2.0], "n_1": [3.0], "n_2": [5.0]}
    other = sent(Request(model, {"t": T, "a": 9.0}, coefficients={"n": N + 1}))
    assert other.function == default.function
    assert numbers(other)["a"] == [9.0]


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


@pytest.mark.parametrize(
    ("inputs", "coefficients", "message"),
    [
        ({"t": T}, None, "no 'n' among the inputs t; add an input named 'n'"),
        ({"t": T, "x": T}, {"n": N}, "'x', which is no parameter of polynomial; name inputs like the parameters: t, n"),
        ({"t": T, "n": 2.0}, None, "a single number treated as an array"),
    ],
)
def test_inputs_that_do_not_fit_the_parameters_are_named(inputs: Any, coefficients: Any, message: str) -> None:
    with pytest.raises(gridgrad.TracingError, match=message):
        prepare(Request(polynomial, inputs, coefficients=coefficients))
