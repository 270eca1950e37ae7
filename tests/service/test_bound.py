"""Bound calls between real processes: the bits of any other call, by TCP and sessions, alone and many together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import gridgrad
import gridgrad.aio
from tests.service.harness import Running

T, K = np.linspace(1, 2, 24), np.linspace(2, 3, 16)
LARGE = {"t": np.linspace(1, 2, 700), "k": np.linspace(2, 3, 600), "a": 1.0}
TABLE = gridgrad.table(np.sin(np.arange(12.0)), x=np.arange(12.0), method="cubic")


class Case(NamedTuple):
    """What is bound, and what two of its calls bring."""

    function: Any
    inputs: dict[str, Any]
    calls: list[dict[str, Any]]
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


CASES = {
    "numbers": Case(
        "a*t*exp(-b*k)",
        {"t": T, "k": K, "a": 1.0, "b": 2.0},
        [{"a": 1.5, "b": 0.5}, {"a": -2.0, "b": 1.0}],
        {"order": 2},
    ),
    "an axis": Case("t*exp(-k)", {"t": T, "k": K}, [{"k": K + 1}, {"k": K * 2}]),
    "float32": Case("t*exp(-k)", {"t": T.astype("f4"), "k": K.astype("f4")}, [{"k": K + 1}, {"k": K * 2}]),
    "a table": Case("a*V(r)", {"r": 1 + T, "V": TABLE, "a": 1.0}, [{"a": 2.0}, {"a": 3.0}]),
    "evenly spaced": Case("a*r**2", {"r": gridgrad.linspace(0, 1, 100), "a": 1.0}, [{"a": 2.0}, {"a": 3.0}]),
    "coefficients": Case(
        "n_0*t + n_1*k",
        {"t": T, "k": K},
        [{"n": [2.0, 3.0]}, {"n": [4.0, 5.0]}],
        {"coefficients": {"n": [1.0, 1.0]}, "wrt": "n"},
    ),
    "arrays that it sums over": Case(
        "sum(n*t**i)",
        {"t": T},
        [{"n": [2.0, 3.0]}, {"n": [4.0, 5.0]}],
        {"coefficients": {"n": [1.0, 1.0], "i": [0.0, 2.0]}},
    ),
    "reduced": Case(
        "a*t*k", {"t": T, "k": K, "a": 1.0}, [{"a": 2.0}, {"a": 3.0}], {"reduce": {"k": "sum"}, "wrt": "a"}
    ),
    "reduced in segments": Case("a*t*k", LARGE, [{"a": 2.0}, {"a": 3.0}], {"reduce": "sum", "wrt": "a"}),
    "reduced along what varies": Case(
        "a*t*k",
        {"t": T, "k": K, "a": 1.0},
        [{"a": 2.0, "k": K**2}, {"a": 3.0, "k": K + 1}],
        {"reduce": {"k": "sum"}, "weights": "trapezoid"},
    ),
    "registered": Case(gridgrad.registered("fails"), {"x": T}, [{"x": T + 1}, {"x": T + 2}]),
    "in pieces": Case("a*t*exp(-k)", LARGE, [{"a": 2.0}, {"a": 3.0}]),
}


@pytest.fixture(params=["session", "tcp"])
def client(request: pytest.FixtureRequest, server: Running) -> Iterator[gridgrad.Client]:
    """A client that goes by a session, or by TCP."""
    with gridgrad.Client(server.address, sessions=request.param == "session") as made:
        made.gradient("x", {"x": [1.0]})
        yield made


@pytest.mark.parametrize("name", CASES)
def test_a_bound_call_has_the_bits_of_any_other(name: str, client: gridgrad.Client) -> None:
    case = CASES[name]
    arrays = case.options.get("coefficients", {})
    options = {"tier": "direct", **case.options} if isinstance(case.function, str) else case.options
    problem = client.bind(case.function, case.inputs, varying=case.calls[0], **options)
    together = list(problem.many(case.calls * 3))
    for position, values in enumerate(case.calls * 2):  # whole and asking for a number, then by it
        inputs = {**case.inputs, **{n: value for n, value in values.items() if n not in arrays}}
        if name == "float32":
            inputs["k"] = inputs["k"].astype("f4")
        given = {n: values.get(n, array) for n, array in arrays.items()}
        changed = {**options, "coefficients": given} if arrays else options
        expected = client.gradient(case.function, inputs, **changed)
        for result in (problem(values), together[position]):
            assert (result.dims, result.components, list(result.d)) == (
                expected.dims,
                expected.components,
                list(expected.d),
            )
            for derivative in ((), *expected.d):
                assert result.d[derivative].tobytes() == expected.d[derivative].tobytes()


def test_what_is_wrong_shows_when_it_is_bound(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.ExpressionError, match="sine"):
        client.bind("a*sine(t)", {"t": T, "a": 1.0}, varying="a")


def test_a_call_that_fails_says_why_and_the_next_does_not(client: gridgrad.Client) -> None:
    problem = client.bind(gridgrad.registered("fails"), {"x": T}, varying="x")
    assert problem(x=T).shape == (24,)
    for _ in range(2):
        with pytest.raises(gridgrad.RequestError):
            problem(x=np.full(24, -1e9))
        assert problem(x=T).shape == (24,)


async def test_tasks_have_several_calls_under_way(server: Running) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        problem = await client.bind("a*t", {"t": T, "a": 1.0}, varying="a", tier="direct")
        for _ in range(3):
            results = await asyncio.gather(*(problem(a=float(a)) for a in range(20)))
            assert [result.inputs["a"] for result in results] == [*range(20)]
            assert all((result.value == a * T).all() for a, result in enumerate(results))
