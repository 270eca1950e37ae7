"""Sums over arrays through a real server: one program for all lengths, derivatives by their numbers, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import Calls, axis, grids, request
from tests.service.harness import running

TEXT = "sum(n*delta**d*tau**t)"
DELTA, TAU = np.linspace(0.2, 1.5, 9), np.linspace(0.5, 2, 7)
AXES: dict[str, Any] = {"delta": DELTA, "tau": TAU}


def arrays(count: int) -> dict[str, Any]:
    draw = np.random.default_rng(count)
    return {"n": draw.normal(size=count), "d": draw.integers(1, 6, count), "t": draw.uniform(0, 3, count)}


def terms(given: dict[str, Any]) -> Any:
    return given["n"] * DELTA[:, None, None] ** given["d"] * TAU[:, None] ** given["t"]


def test_one_text_is_one_program_for_arrays_of_all_lengths(client: gridgrad.Client) -> None:
    digests = set()
    for count in (1, 3, 56, 700):
        given = arrays(count)
        result = client.gradient(TEXT, AXES, coefficients=given)
        assert_allclose(result.value, terms(given).sum(-1), rtol=1e-12, atol=1e-12)
        slope = (given["t"] * terms(given)).sum(-1) / TAU
        assert_allclose(result.d["tau"], slope, rtol=1e-12, atol=1e-11)
        digests.add(result.info.digest)
    assert len(digests) == 1
    assert result.inputs["n"].shape == (700,)


def test_a_function_that_reduces_over_them_is_that_program(client: gridgrad.Client) -> None:
    given = arrays(700)
    traced = client.gradient(
        lambda delta, tau, n, d, t: np.sum(n * delta**d * tau**t), AXES, order=2, coefficients=given
    )
    written = client.gradient(TEXT, AXES, order=2, coefficients=given)
    assert traced.info.digest == written.info.digest
    assert_array_equal(traced.d["delta", "tau"], written.d["delta", "tau"])


def test_derivatives_by_numbers_are_stacked(client: gridgrad.Client) -> None:
    given = arrays(5)
    result = client.gradient(TEXT, AXES, derivatives=["n", ("n", "tau")], coefficients=given)
    each = np.moveaxis(terms({**given, "n": 1.0}), -1, 0)
    assert_allclose(result.d["n"], each, rtol=1e-12)
    assert_allclose(result.d["n", "tau"], each * given["t"][:, None, None] / TAU, rtol=1e-12)


@pytest.mark.parametrize("count", [300, pytest.param(4096, marks=pytest.mark.long)])
def test_derivatives_by_more_numbers_than_a_request_has_room_for(client: gridgrad.Client, count: int) -> None:
    given, wanted = arrays(count), ["n", "delta", ("delta", "n"), "t", ("tau", "t")]
    text = "(log(2 + sum(n*delta**d*tau**t)**2), tau*sum(n))"
    result = client.gradient(text, AXES, derivatives=wanted, coefficients=given)
    each, total = np.moveaxis(terms({**given, "n": 1.0}), -1, 0), terms(given).sum(-1)
    by_sum, again = 2 * total / (2 + total**2), (4 - 2 * total**2) / (2 + total**2) ** 2
    n, d, t = (given[name][:, None, None] for name in "ndt")
    assert [*result.d] == [(name,) if isinstance(name, str) else name for name in wanted]
    assert (result.d["n"].shape, result.inputs["n"].shape) == ((count, 2, 9, 7), (count,))
    assert_allclose(result.value[0], np.log(2 + total**2), rtol=1e-12)
    assert_allclose(result.d["n"][:, 0], by_sum * each, rtol=1e-11, atol=1e-12)
    assert_allclose(result.d["n"][:, 1], np.broadcast_to(TAU, each.shape))
    assert_allclose(result.d["t"][:, 0], by_sum * n * each * np.log(TAU), rtol=1e-11, atol=1e-12)
    slope = (d * n * each).sum(0) / DELTA[:, None]
    mixed = again * slope * each + by_sum * d * each / DELTA[:, None]
    assert_allclose(result.d["delta", "n"][:, 0], mixed, rtol=1e-9, atol=1e-10)
    assert not result.d["delta", "n"][:, 1].any()
    assert_allclose(result.d["delta"][0], by_sum * slope, rtol=1e-11, atol=1e-11)
    last = by_sum * n * each / TAU + (again * (t * n * each).sum(0) / TAU + by_sum * t / TAU) * n * each * np.log(TAU)
    assert_allclose(result.d["t", "tau"][:, 0], last, rtol=1e-9, atol=1e-9)


def test_they_are_explained_checked_and_packed(client: gridgrad.Client) -> None:
    given = arrays(4)
    assert "v2*(n*(d*delta**(d - 1)))" in client.explain(TEXT, AXES, coefficients=given).derived
    assert client.check(TEXT, AXES, coefficients=given).disagreements == ()
    asked = [gridgrad.Request(TEXT, {**AXES, "tau": TAU + k / 9}, coefficients=given) for k in range(20)]
    for one, result in zip(asked, client.stream(asked), strict=True):
        assert_array_equal(result.value, client.gradient(TEXT, one.inputs, coefficients=given).value)


def test_what_is_compiled_serves_all_lengths(tmp_path: Path) -> None:
    environment = {"GRIDGRAD_COMPILE": "1", "GRIDGRAD_CACHE": str(tmp_path / "cache")}
    with running(tmp_path, environment=environment) as server, gridgrad.Client(server.address) as client:
        prepared = client.prepare(TEXT, AXES, coefficients=arrays(3))
        assert prepared.tier == "compiled", prepared.reason
        for count in (3, 40):
            result = client.gradient(TEXT, AXES, coefficients=arrays(count), tier="compiled")
            assert_allclose(result.value, terms(arrays(count)).sum(-1), rtol=1e-12, atol=1e-12)
        assert len([*(tmp_path / "cache" / "compiled").glob("[0-9a-f]*")]) == 1


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (TEXT, {**arrays(5), "d": [1.0, 2.0]}, "a sum over n of 5 numbers and d of 2; give both as many numbers"),
        ("n*delta*tau", {"n": [1.0]}, "the array n outside of a sum; write sum(...) around it"),
        (TEXT, {"n": np.ones(5000), "d": [1.0], "t": [1.0]}, "'n'"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    client: gridgrad.Client, text: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(gridgrad.RequestError) as caught:
        client.gradient(text, AXES, coefficients=given)
    assert message in str(caught.value)


def sent(**changed: Any) -> pb.GridGradientRequest:
    """A raw request with an array, changed."""
    numbers = pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[4], data=np.arange(4.0).tobytes())
    asked = request("sum(n*x)", [axis("x", [1.5])])
    asked.inputs.add(name="n", table=pb.Table(**{"values": numbers, "method": "array", **changed}))
    return asked


def test_raw_arrays_are_checked(calls: Calls) -> None:
    assert grids(calls.ask(sent())).tolist() == [[9.0]]
    long = pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[4097], data=bytes(8 * 4097))
    refused: list[tuple[dict[str, Any], str]] = [
        ({"values": long}, "an array of 4,097 numbers"),
        ({"values": pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[0])}, "1 or more"),
        ({"values": pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[2, 1], data=bytes(16))}, "give 1 lengths"),
        ({"knots": [long]}, "knots of an array; leave them out"),
    ]
    for changed, said in refused:
        assert said in calls.refusal(sent(**changed)).message
    unused = sent()
    unused.function.expression = "x"
    assert "over which the function does not sum" in calls.refusal(unused).message
