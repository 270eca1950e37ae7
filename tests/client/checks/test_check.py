"""Checks of derivatives: what is asked of the server, what is compared, and what is said about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gridgrad
from gridgrad import Request
from gridgrad.arguments.inputs import Input
from gridgrad.arguments.linspace import Linspace
from gridgrad.checks.check import checking
from gridgrad.requests.prepare import prepare
from gridgrad.results.info import Info
from gridgrad.results.planes import plane_index
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultSchema
from gridgrad_core.grid import grid_of
from gridgrad_core.lang.derive.derive import derive
from tests.client.fake import FakeServer
from tests.core.lang.evaluator import evaluate

INFO = Info(0, 0, 1, "structured", "direct", "cpu", "1", "")
GRID = {"t": [0.5, 1.0, 2.0], "k": [2.0, 3.0]}
METHODS = ["mpmath", "differences"]


def expanded(given: Input) -> tuple[str, tuple[str, ...], NDArray[Any]]:
    return given.name, given.dims, given.values.values() if isinstance(given.values, Linspace) else given.values


def answer(request: Request, wrong: tuple[str, ...] | None = None) -> Result:
    """What a server would serve, by the language's own derivatives; off by a thousandth in one of them."""
    call = prepare(request)
    program = gridgrad.parse(call.function[1])
    grid = grid_of([each.spec for each in call.inputs])
    planes = np.empty((1 + len(call.template.derivatives), len(program.components), *grid.shape))
    derived = derive(program, call.template.derivatives).program
    for position in np.ndindex(*grid.shape):
        along = dict(zip(grid.dims, position, strict=True))
        point = {
            name: float(values[tuple(along[d] for d in dims)]) for name, dims, values in map(expanded, call.inputs)
        }
        planes[(..., *position)] = np.reshape(evaluate(derived, **point), planes.shape[:2])
    if wrong in call.template.derivatives:
        planes[1 + call.template.derivatives.index(wrong)] *= 1.001
    names, derivatives = tuple([each.name for each in call.inputs]), call.template.derivatives
    components, tuple_valued = program.components, program.tuple_valued
    schema = ResultSchema(plane_index(derivatives), names, grid.dims, components, tuple_valued, call.function)
    return Result(planes if tuple_valued else planes[:, 0], schema, INFO, call)


def checked(
    method: str, monkeypatch: pytest.MonkeyPatch, request: Request, wrong: tuple[str, ...] | None = None, **how: Any
) -> gridgrad.CheckReport:
    """The report, with the answers of `answer`."""
    if method == "mpmath":
        pytest.importorskip("mpmath")
    monkeypatch.setattr("gridgrad.checks.check.has_mpmath", lambda: method == "mpmath")
    steps = checking(request, **{"points": 24, "tolerance": None, "seed": 0, **how})
    asked = next(steps)
    while True:
        try:
            asked = steps.send(answer(asked, wrong))
        except StopIteration as done:
            report: gridgrad.CheckReport = done.value
            return report


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "request_",
    [
        Request("t*sin(k) + 2*t*k**2", GRID, order=2),
        Request("t*k, exp(-t)*k", GRID, order=3),
        Request("sin(t)**2 + cos(t)**2", GRID, order=2),
        Request("t*k", {"t": 2.0, "k": 3.0}, wrt=["t", "k"], order=4),
        Request("a*t", {"t": GRID["t"], "a": 0.0}, wrt=["t", "a"]),
        Request("t*k", {"t": ("i", [1.0, 2.0]), "k": (("j", "i"), [[1.0, 2.0]])}, derivatives=["t", ("t", "k")]),
        Request("t*k", {"t": gridgrad.linspace(0, 1, 5), "k": 3.0}),
        Request(lambda t, n: np.sum(n * np.exp(-t * n)), {"t": [1.0, 2.0]}, wrt=["t", "n"], coefficients={"n": [1, 2]}),
    ],
    ids=lambda each: str(each.function)[:20],
)
def test_what_is_right_is_found_right(method: str, monkeypatch: pytest.MonkeyPatch, request_: Request) -> None:
    report = checked(method, monkeypatch, request_)
    assert report.ok, str(report)
    assert "agree" in str(report)


def test_remarks_tell_of_guards_and_of_derivatives_that_are_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = checked("differences", monkeypatch, Request("where(t == 0, 1, arctan(t)/t)", {"t": [0.0, 0.5, 1.0]}))
    assert [remark[:24] for remark in guarded.remarks] == [
        "where(t == ...) chooses ",
        "numerator and denominato",
    ]
    ends = checked("differences", monkeypatch, Request("cbrt(t - sin(t))", {"t": [0.0, 0.5, 1.0]}))
    assert ends.remarks == ("∂f/∂t is nan at 1 of 3 points where the value is finite",)
    assert checked("differences", monkeypatch, Request("sin(t)", {"t": [0.0, 0.5, 1.0]})).remarks == ()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wrong", [("t",), ("k",), ("t", "k")])
def test_what_is_wrong_is_listed(method: str, monkeypatch: pytest.MonkeyPatch, wrong: tuple[str, ...]) -> None:
    report = checked(method, monkeypatch, Request("t**2*k, k", GRID, order=2), wrong)
    assert not report.ok
    mine = [each for each in report.disagreements if each.derivative == wrong]
    first = mine[0]
    t, k = first.point["t"], first.point["k"]
    right = {("t",): 2 * t * k, ("k",): t * t, ("t", "k"): 2 * t}[wrong]
    assert (first.component, GRID["t"][first.position[0]], GRID["k"][first.position[1]]) == ("f0", t, k)
    assert first.served == pytest.approx(1.001 * right, rel=1e-12)
    assert first.expected == pytest.approx(right, rel=1e-8)
    assert abs(first.served - first.expected) > first.bound
    assert f"t={t:.6g}, k={k:.6g}" in str(report)
    assert "6 of 6 DIFFER" in str(report)
    assert checked(method, monkeypatch, Request("t**2*k, k", GRID, order=2), wrong, tolerance=0.1).ok


@pytest.mark.parametrize("method", METHODS)
def test_kinks_and_edges_say_nothing(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = checked(method, monkeypatch, Request("abs(t - 1)*k", GRID))
    assert report.compared["f", ("t",)] == 4
    assert report.ok
    assert "4 agree, 2 not comparable" in str(report)
    nowhere = checked(method, monkeypatch, Request("floor(t)", {"t": [1.0, 2.0]}))
    assert nowhere.unchecked == (("f", ("t",)),)
    assert not nowhere.ok
    assert "NOT COMPARED" in str(nowhere)


def test_values_are_compared_too_where_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked("mpmath", monkeypatch, Request("t*k", GRID, order=0)).compared == {("f", ()): 6}
    with pytest.raises(gridgrad.RequestError, match=r"a value alone can't be checked.*gridgrad\[check\]"):
        checked("differences", monkeypatch, Request("t*k", GRID, order=0))


def test_points_are_drawn_once_each_and_repeatably(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request("t*t", {"t": np.linspace(1, 2, 50)}, order=1)
    reports = [checked("differences", monkeypatch, request, ("t",), points=10, seed=seed) for seed in (1, 1, 2)]
    positions = [[each.position for each in report.disagreements] for report in reports]
    assert len(set(positions[0])) == reports[0].points == 10
    assert positions[0] == positions[1] != positions[2]


def test_the_client_asks_what_the_check_asks(server: FakeServer, client: gridgrad.Client) -> None:
    report = client.check(gridgrad.registered("f"), {"t": [1.0, 2.0], "k": 2.0})
    assert [each.derivative for each in report.disagreements] == [("t",)] * 2
    assert report.disagreements[0].expected == pytest.approx(1.0)  # the fake adds up its inputs
    assert [request.function.registered for request in server.requests] == ["f"] * 3


async def test_the_asynchronous_client_too(server: FakeServer) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        report = await client.check(gridgrad.registered("f"), {"t": [1.0, 2.0]}, tolerance=1e6)
    assert report.ok


@pytest.mark.parametrize(
    ("how", "message"),
    [({"points": 0}, "points: 0; give how many"), ({"tolerance": 0.0}, "tolerance: 0.0; give a relative difference")],
)
def test_arguments_that_can_not_be_meant(client: gridgrad.Client, how: dict[str, Any], message: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=message):
        client.check("t", {"t": [1.0]}, **how)


def test_a_grid_without_points_can_not_be_checked(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.RequestError, match="a grid without points"):
        client.check("t", {"t": []})
