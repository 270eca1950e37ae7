"""Programs of what was traced: shared, in the order of their text, and of any length."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.requests.function_spec import plan_message
from gridgrad.requests.prepare import prepare
from gridgrad.tracing.decorator import program_of
from gridgrad.tracing.traced_program import TracedProgram
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.v1 import gridgrad_pb2 as pb


def test_twenty_thousand_operations_need_no_recursion_and_stay_linear() -> None:
    def iterated(t: Any, k: Any) -> Any:
        x = t
        for _ in range(7000):
            x = np.sin(x) * k + x * 0.5
        return x

    program = gridgrad.trace(iterated)
    assert len(program.nodes) > 20_000
    assert len(program.text) < 20 * len(program.nodes)
    assert gridgrad.parse(program.text) == program


def alpha(tau: Any, delta: Any, n: Any, d: Any) -> Any:
    return np.sum(n * delta**d) + np.dot(n, tau * d) + n @ d / (n * tau).mean() + n[0]


def test_long_sums_over_whole_arrays_are_loops() -> None:
    program = gridgrad.trace(alpha, coefficients={"n": 65, "d": 65})
    assert program.text == "sum(n*delta**d) + sum(n*(tau*d)) + sum(n*d)/(sum(n*tau)/65) + n_0"
    assert program.called == ("n", "d")
    assert set(program.inputs) == {"delta", "tau", "n_0"}
    assert "sum" not in gridgrad.trace(alpha, coefficients={"n": 64, "d": 64}).text


def test_arrays_of_all_lengths_have_one_program() -> None:
    digests = {gridgrad.trace(lambda x, n: np.sum(n * x**n), coefficients={"n": n}).digest for n in (65, 100, 4096)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda x, n: np.sum(n * np.arange(70) * x),
        lambda x, n: np.sum((n * x)[1:]),
        lambda x, n: np.sum(n[::-1] * n * x),
        lambda x, n: np.cumsum(n * x)[-1],
        lambda x, n: sum(each * x for each in n),
        lambda x, n: gridgrad.diff(np.sum(n * x), n)[3],
    ],
)
def test_other_sums_stay_written_out(function: Any) -> None:
    assert "sum" not in gridgrad.trace(function, coefficients={"n": 70}).text


def test_an_array_travels_whole_unless_derivatives_by_it_are_asked_for() -> None:
    given = {"n": np.ones(70)}
    request = Request(lambda x, n: np.sum(n * x), {"x": [1.0, 2.0]}, coefficients=given)
    message = pb.GridGradientRequest.FromString(prepare(request).message)
    assert message.function.expression == "sum(n*x)"
    assert [each.name for each in message.inputs] == ["n", "x"]
    by = pb.GridGradientRequest.FromString(prepare(dataclasses.replace(request, wrt="n")).message)
    assert len(by.inputs) == 71


def test_what_is_used_twice_is_written_once() -> None:
    def fibonacci(t: Any) -> Any:
        a, b = t, t * t
        for _ in range(100):
            a, b = b, a + b
        return b

    assert len(gridgrad.trace(fibonacci).nodes) == 102


def test_inputs_stand_in_the_order_of_the_text() -> None:
    def terms(delta: Any, n: Any) -> Any:
        return np.sum(n * np.exp(-delta) * np.arange(1, 4))

    assert "n_0 = n_0" not in gridgrad.trace(terms, coefficients={"n": 3}).text


def test_tables_that_a_function_is_given_are_called_by_it() -> None:
    specs = (("v", TableSpec("v", 1, 3, "nan")), ("t", TableSpec("t", 2, 3, "nan", 2)))
    names: Any = (("x", None), ("y", None), *specs)
    program = program_of(lambda x, y, v, t: v(x) * t(x, y)[1] + t[0](2 * x, y), names)
    assert program == parse("v(x)*t_1(x, y) + t_0(2*x, y)", (), [spec for _, spec in specs])
    with pytest.raises(TracingError, match="t, a table of 2 arguments, called with 1, by"):
        program_of(lambda x, y, v, t: v(x) + y + t(x), names)


def test_np_interp_comes_to_a_table_that_travels_with_the_program() -> None:
    xp, fp = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])

    @gridgrad.function
    def traced(t: Any, interp_0: Any) -> Any:
        return np.interp(t, xp, fp) + np.interp(t * 2, xp, fp) + np.interp(t, xp, 2 * fp) * interp_0

    program = traced.program((("t", None), ("interp_0", None)))
    assert program.text == "interp_1(t) + interp_1(t*2) + interp_2(t)*interp_0"
    assert isinstance(program, TracedProgram)
    assert [each.name for each in program.found] == ["interp_1", "interp_2"], "one for the same numbers"
    assert [each.spec.outside for each in program.found] == ["clamp", "clamp"]
    call = prepare(gridgrad.Request(traced, {"t": [0.5], "interp_0": 1.0}))
    sent = pb.GridGradientRequest.FromString(call.message)
    assert [each.name for each in sent.inputs] == ["interp_1", "interp_2", "t", "interp_0"]
    assert sent.inputs[1].table.values.data == (2 * fp).tobytes()
    assert list(sent.features) == ["tables"]
    again = prepare(gridgrad.Request(program, {"t": [0.5], "interp_0": 1.0}))
    assert again.message == call.message, "a program has them too"
    plan = plan_message(program, {"t": [0.5], "interp_0": 1.0}, None, None, None, None)
    assert [each.name for each in plan.inputs] == ["interp_1", "interp_2", "t", "interp_0"]


def test_a_table_that_is_another_each_time_is_found() -> None:
    with pytest.raises(TracingError, match="comes to something else when it is called again"):
        gridgrad.trace(lambda t: np.interp(t, [0.0, 1.0], np.random.default_rng().normal(size=2)))
