"""The fake client and server: canned grids over the real protocol."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.frameworks.testing import FakeClient, FakeServer
from gridgrad.results.server_info import FunctionInput, RegisteredFunction

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
BILINEAR: dict[Any, Any] = {
    "t*k": {(): lambda t, k: t * k, "t": lambda k, **_: k, "k": lambda t, **_: t, ("t", "k"): 1.0}
}
FLOW = RegisteredFunction("flow", "A flow.", (FunctionInput("x", 2.0, "m"),), ("u", "v"), True, "forward", True)


@pytest.fixture
def make() -> Iterator[Callable[..., FakeClient]]:
    made: list[FakeClient] = []

    def fake(*arguments: Any, **named: Any) -> FakeClient:
        made.append(FakeClient(*arguments, **named))
        return made[-1]

    yield fake
    for each in made:
        each.close()


def test_canned_grids_come_as_results(make: Callable[..., FakeClient]) -> None:
    result = make(BILINEAR).gradient("t*k", AXES, derivatives=["k", "t", ("k", "t")])
    assert_array_equal(result.value, np.outer(AXES["t"], AXES["k"]))
    assert_array_equal(result.d["t"], [[2, 3]] * 3)
    assert_array_equal(result.d["k"], [[1, 1], [2, 2], [4, 4]])
    assert_array_equal(result.d["t", "k"], np.ones((3, 2)))
    assert (result.dims, result.info.engine) == (("t", "k"), "fake")
    assert not result.value.flags.writeable


def test_it_is_a_client_with_the_same_surface() -> None:
    client: gridgrad.Client = FakeClient({}, fill=0.0)
    with client as same:
        assert same is client
        assert isinstance(client, gridgrad.Client)
    public = [name for name in vars(gridgrad.Client) if not name.startswith("_")]
    assert "gradient" in public
    for name in public:
        ours, theirs = inspect.getattr_static(FakeClient, name), inspect.getattr_static(gridgrad.Client, name)
        if callable(theirs):
            assert inspect.signature(ours) == inspect.signature(theirs), name


def test_an_expression_is_the_same_however_it_is_spaced(make: Callable[..., FakeClient]) -> None:
    client = make(BILINEAR)
    assert client.gradient("(t * k)", AXES).value[2, 1] == 12
    assert client.gradient(gridgrad.parse("t*k"), AXES).value[2, 1] == 12


def test_what_was_asked_is_kept(make: Callable[..., FakeClient]) -> None:
    client = make({}, fill=0.0)
    client.gradient("t*c", {"t": gridgrad.linspace(0, 1, 3), "c": 2.0}, wrt=["c"], dtype="float32")
    client.gradient(gridgrad.registered("f"), {"x": (("i", "j"), np.ones((1, 2)))}, order=0)
    first, second = client.requests
    assert (first.function, first.derivatives, first.dtype) == ("t*c", [("c",)], "float32")
    assert_array_equal(first.inputs["t"][1], [0, 0.5, 1])
    assert second.function == gridgrad.registered("f")
    assert second.inputs["x"][0] == ("i", "j")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fill_answers_what_is_not_canned(make: Callable[..., FakeClient], dtype: str) -> None:
    result = make({}, fill=7.0).gradient("u = t*k; u, t", AXES, order=2, dtype=dtype)
    assert result.components == ("u", "t")
    assert result.d["t", "k"].shape == (2, 3, 2)
    assert {float(value) for value in result.d["k"].ravel()} == {7.0}
    assert result.value.dtype == dtype


def test_tuples(make: Callable[..., FakeClient]) -> None:
    grids = {
        "u = x; v = y; u, v": {(): lambda x, y: (x, y), "x": (1, 0), "y": np.array([0.0, 1.0])[:, None, None]},
        gridgrad.registered("flow"): {(): lambda x: (x, -x), "x": np.array([[1], [-1]])},
    }
    client = make(grids, functions=[FLOW])
    result = client.gradient("u = x; v = y; u, v", {"x": [1.0, 2.0], "y": [3.0]})
    assert_array_equal(result.value, [[[1], [2]], [[3], [3]]])
    assert_array_equal(result.divergence(), [[2], [2]])
    flow = client.gradient(gridgrad.registered("flow"), {"x": [1.0, 2.0]})
    assert flow.components == ("u", "v")
    assert_array_equal(flow.d["x"], [[1, 1], [-1, -1]])
    assert client.functions() == (FLOW,)


def test_results_of_registered_functions_have_their_units(make: Callable[..., FakeClient]) -> None:
    client = make({}, fill=0.0, functions=[FLOW._replace(component_units=("m/s", ""))])
    flow = client.gradient(gridgrad.registered("flow"), {"x": [1.0, 2.0], "nu": 1.0}, unused="ignore")
    assert flow.units == {"x": "m", "u": "m/s"}
    assert client.requests[0].unused == "ignore"
    assert client.gradient(gridgrad.registered("flow"), {"x": [1.0]}, units={"x": "km"}).units["x"] == "km"
    assert client.gradient(gridgrad.registered("flow"), {}, order=0).units == {"u": "m/s"}
    assert client.functions()[0].component_units == ("m/s", "")


def test_large_results_streams_and_the_server(make: Callable[..., FakeClient]) -> None:
    client = make(BILINEAR)
    x = np.arange(600.0)
    assert client.gradient("t*k", {"t": x, "k": x}, derivatives=["t"]).d["t"].shape == (600, 600)
    requests = [gridgrad.Request("t*k", {"t": [float(n)], "k": [2.0]}, tag=n) for n in range(20)]
    answers = {result.request.tag: result.value.item() for result in client.stream(requests)}
    assert answers == {n: 2 * n for n in range(20)}
    failing = [gridgrad.Request("t*k*k", AXES), gridgrad.Request("t*k", AXES)]
    kinds = {type(outcome) for outcome in client.stream(failing, errors="return")}
    assert kinds == {gridgrad.RequestError, gridgrad.Result}
    client.wait_ready(timeout=10)
    assert client.server_info().devices == ("fake",)


def test_many_grids_by_map(make: Callable[..., FakeClient]) -> None:
    client = make(BILINEAR)
    many = [{"t": [1.0, 2.0, 4.0], "k": [float(n)]} for n in range(50)]
    results = list(client.map("t*k", many, order=0))
    assert [result.value[2, 0] for result in results] == [4 * n for n in range(50)]
    assert len(client.requests) == 50
    pytest.importorskip("xarray")
    data = client.map("t*k", many, order=0).to_xarray(dim="run")
    assert data.f.dims == ("run", "t", "k")
    assert data.f.values[:, 1, 0].tolist() == [2 * n for n in range(50)]
    assert data.t.dims == ("t",)
    with pytest.raises(gridgrad.RequestError, match="not canned"):
        client.map("k*k", many, order=0, errors="return").to_xarray()


@pytest.mark.parametrize(
    ("grids", "function", "error", "said"),
    [
        ({}, "t*k", gridgrad.RequestError, "'t\\*k' is not canned; nothing is; add it, or give fill=0.0"),
        ({}, gridgrad.registered("f"), gridgrad.UnknownFunctionError, "is not canned"),
        (BILINEAR, "t^k", gridgrad.ExpressionError, r"write t\*\*k"),
        (BILINEAR, "t*z", gridgrad.RequestError, "no input 'z'"),
        ({"t*k": {(): 0}}, "t*k", gridgrad.RequestError, "\"t\" of 't\\*k' is not canned"),
        ({"t*k": {(): [1, 2, 3, 4]}}, "t*k", gridgrad.RequestError, r"shape \(4,\); can what broadcasts to \(3, 2\)"),
        ({"t*k": {(): lambda t: t}, "k": {}}, "t*k", gridgrad.RequestError, "raised TypeError.*take the inputs t, k"),
        ({"t*k": gridgrad.BusyError("", "full", "retry")}, "t*k", gridgrad.BusyError, "full; retry"),
        ({"t*k": gridgrad.CrashError("", "it died", "")}, "t*k", gridgrad.CrashError, "it died"),
    ],
)
def test_errors_canned_and_of_the_test_itself(
    make: Callable[..., FakeClient], grids: Any, function: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        make(grids).gradient(function, AXES)


async def test_the_server_serves_asyncio_too() -> None:
    with FakeServer(BILINEAR) as server:
        async with gridgrad.aio.Client(server.address) as client:
            assert (await client.gradient("t*k", AXES, order=0)).value[2, 1] == 12
        assert len(server.requests) == 1


def test_it_can_be_closed_twice() -> None:
    client = FakeClient({}, fill=0.0)
    client.close()
    client.close()
    with pytest.raises(gridgrad.GridgradError, match="closed"):
        client.gradient("t", {"t": 1.0}, order=0)


def test_a_fake_client_stays_in_its_process(make: Callable[..., FakeClient]) -> None:
    with pytest.raises(gridgrad.RequestError, match=r"give the other process gridgrad.Client\(fake.address\)"):
        pickle.dumps(make(BILINEAR))
