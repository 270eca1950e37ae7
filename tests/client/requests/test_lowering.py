"""Requests in the form in which they travel: programs of scalars, without what they do not use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.requests.prepare import prepare
from gridgrad_core.v1 import gridgrad_pb2 as pb

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


def test_an_array_that_a_text_sums_over_travels_whole() -> None:
    message = sent(Request("sum(n*t**2) + m_0", {"t": T}, coefficients={"n": N, "m": [7.0]}))
    assert message.function == pb.Function(expression="sum(n*t**2) + m_0")
    (array,) = [each.table for each in message.inputs if each.HasField("table")]
    assert (array.method, np.frombuffer(array.values.data).tolist(), len(array.knots)) == ("array", N.tolist(), 0)
    assert list(numbers(message)) == ["n", "t", "m_0"]


@pytest.mark.parametrize("selection", [{"wrt": "n"}, {"derivatives": [("n", "t")]}, {"wrt": ["t", "n"], "order": 2}])
def test_it_is_written_out_for_derivatives_by_its_numbers(selection: Any) -> None:
    message = sent(Request("sum(n*t**2)", {"t": T}, coefficients={"n": N}, **selection))
    assert message.function == pb.Function(expression="v1 = t**2\nn_0*v1 + n_1*v1 + n_2*v1")
    assert list(numbers(message)) == ["t", "n_0", "n_1", "n_2"]


def test_what_is_asked_by_arrays_is_sent_by_elements() -> None:
    asked = ["n", ("t", "n"), "t", ("n", "n")]
    message = sent(Request(polynomial, {"t": T}, derivatives=asked, coefficients={"n": N}))
    names = [f"n_{i}" for i in range(3)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i:]]
    assert wrts(message) == [*((n,) for n in names), *(("t", n) for n in names), ("t",), *pairs]


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


@pytest.mark.parametrize("function", ["2*t*a", gridgrad.parse("2*t*a")])
def test_numbers_that_are_not_used_may_be_ignored(function: Any) -> None:
    asked = Request(function, {"t": T, "a": 1.0, "b": 2.0}, derivatives=["t", "b"], unused="ignore")
    call = prepare(asked)
    message = pb.GridGradientRequest.FromString(call.message)
    assert numbers(message) == {"t": [1.0, 2.0], "a": [1.0]}
    assert wrts(message) == [("t",)]
    assert [each.name for each in call.shown] == ["t", "a", "b"]


def test_without_it_what_is_not_used_travels_and_the_server_says_so() -> None:
    ignoring = Request("2*t*a", {"t": [1.0, 2.0], "a": 1.0, "b": 2.0}, unused="ignore")
    for _ in range(2):  # the second time by what the first has left in the cache
        assert list(numbers(sent(ignoring))) == ["t", "a"]
        assert list(numbers(sent(Request("2*t*a", dict(ignoring.inputs))))) == ["t", "a", "b"]


def test_axes_are_never_ignored_and_what_registered_functions_use_the_server_knows() -> None:
    message = sent(Request("2*t", {"t": T, "b": [1.0, 2.0]}, unused="ignore"))
    assert (list(numbers(message)), message.ignore_unused) == (["t", "b"], False)
    for unused, ignored in (("ignore", True), ("refuse", False)):
        message = sent(Request(gridgrad.registered("f"), {"t": T, "b": 1.0}, unused=unused))  # type: ignore[arg-type]
        assert (list(numbers(message)), message.ignore_unused) == (["t", "b"], ignored)


def test_a_number_that_the_text_assigns_is_no_number_that_is_not_used() -> None:
    with pytest.raises(gridgrad.RequestError, match="'b', which the function assigns itself"):
        prepare(Request("b = 3; t*b", {"t": T, "b": 1.0}, unused="ignore"))
    with pytest.raises(gridgrad.RequestError, match="'n_0', which the function assigns itself"):
        prepare(Request("n_0 = 3; t*n_0*n_1", {"t": T}, coefficients={"n": [1.0, 2.0]}))


def test_what_else_is_said_of_it_is_refused() -> None:
    with pytest.raises(gridgrad.RequestError, match="unused: 'drop'; say 'refuse', or 'ignore'"):
        prepare(Request("t", {"t": T}, unused="drop"))  # type: ignore[arg-type]


def test_values_of_tables_of_registered_functions_are_no_inputs() -> None:
    inputs = {"r": [0.5], "V": gridgrad.table([0, 1], x=[0, 1], method="linear")}
    with pytest.raises(gridgrad.RequestError, match="by the values of 'V', a table of a registered function"):
        prepare(Request(gridgrad.registered("f"), inputs, wrt="V"))
