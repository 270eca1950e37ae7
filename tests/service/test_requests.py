"""Every kind of request that is right: dims, derivatives, tuples, registered functions."""

from __future__ import annotations

import asyncio
import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import Calls, axis, grids, parameter, request
from tests.service.harness import Running

CLOSE = 1e-13


# Dims


def test_two_axes_span_the_grid_in_their_order(client: gridgrad.Client) -> None:
    result = client.gradient("a - b", {"b": [1.0, 2.0, 3.0], "a": [10.0, 20.0]})
    assert result.dims == ("b", "a")
    assert_array_equal(result.value, [[9, 19], [8, 18], [7, 17]])
    assert_array_equal(result.d["b"], np.full((3, 2), -1.0))
    assert_array_equal(result.inputs["a"], [10.0, 20.0])


def test_parameters_have_no_dim_and_can_be_derived(client: gridgrad.Client) -> None:
    result = client.gradient("c*x**2", {"x": [1.0, 2.0], "c": 3.0})
    assert set(result.d) == {("x",)}
    result = client.gradient("c*x**2", {"x": [1.0, 2.0], "c": 3.0}, wrt=["c"])
    assert_array_equal(result.d["c"], [1, 4])
    assert set(result.d) == {("c",)}


def test_scalars_alone_give_a_scalar(client: gridgrad.Client) -> None:
    result = client.gradient("a*b", {"a": 2.0, "b": 5.0}, wrt=["a", "b"])
    assert result.value.shape == result.d["a"].shape == ()
    assert [float(each) for each in (result.value, result.d["a"], result.d["b"])] == [10, 5, 2]
    assert result.dims == ()


def test_points_are_read_side_by_side(client: gridgrad.Client) -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 50))
    result = client.gradient("x*exp(y)", {"x": ("point", x), "y": ("point", y)}, order=2)
    assert result.dims == ("point",)
    assert_allclose(result.value, x * np.exp(y), rtol=CLOSE)
    assert_allclose(result.d["x"], np.exp(y), rtol=CLOSE)
    assert_allclose(result.d["x", "y"], np.exp(y), rtol=CLOSE)
    assert_allclose(result.d["y", "y"], x * np.exp(y), rtol=CLOSE)
    assert_array_equal(result.d["x", "x"], np.zeros(50))


def test_a_zipped_sweep_beside_an_axis(client: gridgrad.Client) -> None:
    s = np.linspace(80, 120, 7)
    k, t = np.array([90.0, 100, 110]), np.array([0.5, 1, 2])
    inputs = {"s": s, "k": ("option", k), "t": ("option", t), "r": 0.03}
    result = client.gradient("s - k*exp(-r*t)", inputs, derivatives=["s", "t", ("k", "t"), "r"])
    assert result.dims == ("s", "option")
    assert_allclose(result.value, s[:, None] - k * np.exp(-0.03 * t), rtol=CLOSE)
    assert_allclose(result.d["t"], np.broadcast_to(0.03 * k * np.exp(-0.03 * t), (7, 3)), rtol=CLOSE)
    assert_allclose(result.d["k", "t"], np.broadcast_to(0.03 * np.exp(-0.03 * t), (7, 3)), rtol=CLOSE)
    assert_allclose(result.d["r"], np.broadcast_to(k * t * np.exp(-0.03 * t), (7, 3)), rtol=CLOSE)


def test_curvilinear_coordinates_beside_an_axis_and_a_coefficient_field(client: gridgrad.Client) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 4, 5))
    field = rng.normal(size=(5, 3))
    inputs = {"x": (("i", "j"), x), "y": (("i", "j"), y), "c": (("j", "m"), field), "t": np.array([0.5, 1.5])}
    result = client.gradient("c*sin(x*y)*t**2", inputs, derivatives=["x", ("x", "y"), ("t", "c")])
    assert result.dims == ("i", "j", "m", "t")
    x, y, c, t = x[:, :, None, None], y[:, :, None, None], field[None, :, :, None], np.array([0.5, 1.5])
    assert_allclose(result.value, c * np.sin(x * y) * t**2, rtol=1e-12, atol=1e-14)
    assert_allclose(result.d["x"], c * y * np.cos(x * y) * t**2, rtol=1e-12, atol=1e-14)
    mixed = c * (np.cos(x * y) - x * y * np.sin(x * y)) * t**2
    assert_allclose(result.d["x", "y"], mixed, rtol=1e-12, atol=1e-14)
    want = np.broadcast_to(2 * t * np.sin(x * y), result.value.shape)
    assert_allclose(result.d["t", "c"], want, rtol=1e-12, atol=1e-14)


def test_dims_in_another_order_than_the_grid(client: gridgrad.Client) -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(10, 16.0).reshape(3, 2)
    result = client.gradient("a - b", {"a": (("i", "j"), a), "b": (("j", "i"), b)}, wrt=["a"])
    assert_array_equal(result.value, a - b.T)


def test_axes_that_are_not_used_broadcast(client: gridgrad.Client) -> None:
    result = client.gradient("2*x", {"x": [1.0, 2.0], "y": [5.0, 6.0, 7.0]})
    assert_array_equal(result.value, [[2, 2, 2], [4, 4, 4]])
    assert_array_equal(result.d["x"], np.full((2, 3), 2.0))
    assert_array_equal(result.d["y"], np.zeros((2, 3)))


def test_a_constant_expression_fills_the_grid(client: gridgrad.Client) -> None:
    result = client.gradient("pi", {"x": [1.0, 2.0]})
    assert_array_equal(result.value, [math.pi, math.pi])
    assert_array_equal(result.d["x"], [0, 0])


@pytest.mark.parametrize("lengths", [(0, 3), (3, 0), (0, 0)])
def test_empty_dims_give_empty_arrays(client: gridgrad.Client, lengths: tuple[int, int]) -> None:
    a, b = (np.ones(length) for length in lengths)
    result = client.gradient("(u, v)" if False else "u = a*b; v = a + b; u, v", {"a": a, "b": b}, order=2)
    assert result.value.shape == result.d["a", "b"].shape == (2, *lengths)
    assert result.value.dtype == np.float64


def test_an_empty_linspace(client: gridgrad.Client) -> None:
    result = client.gradient("x**2", {"x": gridgrad.linspace(0, 1, 0)})
    assert result.value.shape == result.d["x"].shape == (0,)


def test_eight_dims_and_sixteen_inputs(client: gridgrad.Client) -> None:
    rng = np.random.default_rng(3)
    axes = {f"x{i}": rng.normal(size=2) for i in range(8)}
    scalars = {f"p{i}": float(value) for i, value in enumerate(rng.normal(size=8))}
    text = " + ".join(f"p{i}*x{i}**2" for i in range(8))
    result = client.gradient(text, axes | scalars, derivatives=["x3", ("x3", "p3"), ("x3", "x4")])
    assert result.value.shape == (2,) * 8
    at = np.meshgrid(*axes.values(), indexing="ij")
    want = sum(p * x**2 for p, x in zip(scalars.values(), at, strict=True))
    assert_allclose(result.value, want, rtol=1e-12, atol=1e-14)
    assert_allclose(result.d["x3"], 2 * scalars["p3"] * at[3], rtol=CLOSE)
    assert_allclose(result.d["x3", "p3"], 2 * at[3], rtol=CLOSE)
    assert_array_equal(result.d["x3", "x4"], np.zeros((2,) * 8))


# Derivatives


def test_every_partial_to_order_four(client: gridgrad.Client) -> None:
    x, y = np.linspace(0.5, 1.5, 4), np.linspace(-1, 1, 3)
    result = client.gradient("x**5*exp(2*y)", {"x": x, "y": y}, order=4)
    assert len(list(result.d)) == math.comb(2 + 4, 4) - 1
    for wrt in result.d:
        m, n = wrt.count("x"), wrt.count("y")
        want = math.perm(5, m) * x[:, None] ** (5 - m) * 2**n * np.exp(2 * y)
        assert_allclose(result.d[wrt], want, rtol=1e-12, err_msg=str(wrt))


def test_partials_commute(client: gridgrad.Client) -> None:
    inputs = {"t": [1.0, 2.0], "k": [3.0, 4.0]}
    result = client.gradient("t**2*k**3", inputs, derivatives=[("k", "t"), ("t", "k"), ("k", "t", "k")])
    want = 2 * np.array([[1.0], [2.0]]) * 3 * np.array([3.0, 4.0]) ** 2
    assert_array_equal(result.d["k", "t"], want)
    assert_array_equal(result.d["t", "k"], want)
    assert_array_equal(result.d["t", "k", "k"], result.d["k", "k", "t"])
    assert len(list(result.d)) == 2


def test_a_header_names_derivatives_in_the_order_asked_without_duplicates(calls: Calls) -> None:
    asked = request("t**2*k**3", [axis("t", [1.0]), axis("k", [2.0])], ["k", "t"], ["k"], ["t", "k"], ["t", "t"], ["k"])
    header = calls.ask(asked).header
    assert [list(d.wrt) for d in header.derivatives] == [["t", "k"], ["k"], ["t", "t"]]
    assert list(header.dims) == ["t", "k"]
    assert list(header.components) == ["f"]
    assert not header.tuple_valued


def test_the_value_alone(client: gridgrad.Client) -> None:
    result = client.gradient("x**2", {"x": [3.0]}, derivatives=[])
    assert result.value.tolist() == [9]
    with pytest.raises(KeyError):
        result.d["x"]


def test_what_was_not_asked_for_is_a_key_error_that_lists_what_is_there(client: gridgrad.Client) -> None:
    result = client.gradient("x*y", {"x": [3.0], "y": [2.0]}, derivatives=["x"])
    with pytest.raises(KeyError, match="x"):
        result.d["y"]


# Tuples


def test_a_tuple_has_a_leading_dim_of_components(client: gridgrad.Client) -> None:
    result = client.gradient("s = x**2; c = 3*x; s, c", {"x": [1.0, 2.0]}, order=2)
    assert result.components == ("s", "c")
    assert_array_equal(result.value, [[1, 4], [3, 6]])
    assert_array_equal(result.d["x"], [[2, 4], [3, 3]])
    assert_array_equal(result.d["x", "x"], [[2, 2], [0, 0]])


def test_a_tuple_of_one_keeps_its_dim(client: gridgrad.Client) -> None:
    assert client.gradient("(x**2,)", {"x": [1.0, 2.0]}).value.tolist() == [[1, 4]]
    assert client.gradient("x**2", {"x": [1.0, 2.0]}).value.tolist() == [1, 4]


# Many


def nth(n: int) -> gridgrad.Request:
    return gridgrad.Request("n*x", {"x": np.arange(1.0, 2 + n % 5), "n": float(n)}, tag=n)


def test_a_stream_of_many_grids(client: gridgrad.Client) -> None:
    results = {result.request.tag: result for result in client.stream(map(nth, range(300)))}
    assert sorted(results) == list(range(300))
    for n, result in results.items():
        assert_array_equal(result.value, n * np.arange(1.0, 2 + n % 5))
        assert_array_equal(result.d["x"], np.full(1 + n % 5, float(n)))


def test_small_and_large_ones_on_a_stream_beside_one_that_fails(client: gridgrad.Client) -> None:
    large = gridgrad.Request("x*y", {"x": gridgrad.linspace(0, 1, 900), "y": np.arange(800.0)}, tag=-1)
    wrong = gridgrad.Request("x ^ 2", {"x": [1.0]}, tag=-2)
    requests = [large, *map(nth, range(20)), wrong, *map(nth, range(20, 40)), large]
    outcomes = list(client.stream(requests, errors="return"))
    assert len(outcomes) == len(requests)
    for outcome in outcomes:
        if isinstance(outcome, gridgrad.GridgradError):
            assert isinstance(outcome, gridgrad.ExpressionError)
            assert outcome.request is wrong
        elif outcome.request is large:
            assert_array_equal(outcome.value, np.linspace(0, 1, 900)[:, None] * np.arange(800.0))
            assert_array_equal(outcome.d["x"], np.broadcast_to(np.arange(800.0), (900, 800)))
        else:
            assert_array_equal(outcome.value, outcome.request.tag * np.arange(1.0, 2 + outcome.request.tag % 5))


async def test_the_async_client(server: Running) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        results = await asyncio.gather(*(client.gradient("n*x", {"x": [1.0, 2.0], "n": float(n)}) for n in range(50)))
        for n, result in enumerate(results):
            assert_array_equal(result.value, [n, 2 * n])
            assert_array_equal(result.d["x"], [n, n])
        streamed = {result.request.tag: result async for result in client.stream(map(nth, range(100)))}
        assert sorted(streamed) == list(range(100))
        big = await client.gradient("x*y", {"x": gridgrad.linspace(0, 1, 1000), "y": np.arange(700.0)})
        assert_array_equal(big.d["y"], np.broadcast_to(np.linspace(0, 1, 1000)[:, None], (1000, 700)))
        with pytest.raises(gridgrad.ExpressionError):
            await client.gradient("x ^ 2", {"x": [1.0]})
        assert [f.name for f in await client.functions()] == [f.name for f in sorted(await client.functions())]


# Registered functions


def test_the_functions_of_the_examples(client: gridgrad.Client) -> None:
    listed = {function.name: function for function in client.functions()}
    assert len([name for name in listed if name in EXAMPLES]) == len(EXAMPLES)
    for name in EXAMPLES:
        assert listed[name].doc
        assert listed[name].checked
    inputs = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
    assert client.gradient(gridgrad.registered("bilinear"), inputs).value.tolist() == [[10, 21], [20, 42], [40, 84]]


EXAMPLES = ("bilinear",)


def test_a_registered_name_is_no_expression(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.RequestError):
        client.gradient("gate", {"x": [1.0]})


def test_registered_functions_and_expressions_agree(client: gridgrad.Client) -> None:
    x = np.linspace(-2, 2, 9)
    for name, text in {"gate": "x*x", "deadly": "x**3", "leaves": "x**4", "fails": "sin(x)"}.items():
        ours = client.gradient(gridgrad.registered(name), {"x": x}, order=3)
        other = client.gradient(text, {"x": x}, order=3)
        for wrt in itertools.chain([()], ours.d):
            left, right = (r.d[wrt] if wrt else r.value for r in (ours, other))
            assert_allclose(left, right, rtol=CLOSE, atol=1e-13)


@pytest.mark.parametrize("sessions", [True, False])
def test_results_have_the_units_of_registered_functions(server: Running, sessions: bool) -> None:
    vortex, axes = gridgrad.registered("vortex"), {"x": [1.0, 2.0], "y": [0.5, 1.0, 1.5]}
    units = {"x": "m", "y": "m", "u": "m/s", "v": "m/s"}
    with gridgrad.Client(server.address, sessions=sessions) as client:
        for _ in range(3):  # the first by gRPC, the others by a session; the second by a template
            assert client.gradient(vortex, axes).units == units
        assert client.gradient(vortex, {**axes, "core": 0.4}, units={"u": "knots"}).units == units | {
            "core": "m",
            "u": "knots",
        }
        assert [result.units for result in client.map(vortex, [axes] * 3)] == [units] * 3
        assert [part.units for part in client.windows(vortex, axes)] == [units]
        assert client.gradient("x*y", axes).units == {}


def test_numbers_that_a_registered_function_does_not_use_are_allowed(client: gridgrad.Client) -> None:
    vortex, asked = gridgrad.registered("vortex"), {"x": [1.0, 2.0], "y": 0.5, "spare": 3.0}
    plain = client.gradient(vortex, {"x": [1.0, 2.0], "y": 0.5})
    allowed = client.gradient(vortex, asked, unused="ignore", derivatives=["x", "spare", ("x", "spare")])
    assert_array_equal(allowed.value, plain.value)
    assert_array_equal(allowed.d["x"], plain.d["x"])
    for wrt in ("spare", ("x", "spare")):
        assert_array_equal(allowed.d[wrt], np.zeros((2, 2)))
    many = client.map(vortex, [{**asked, "spare": float(number)} for number in range(3)], unused="ignore")
    assert all(np.array_equal(each.value, plain.value) for each in many)
    with pytest.raises(gridgrad.RequestError, match="'spare', which the function does not use"):
        client.gradient(vortex, asked)


@pytest.mark.parametrize("text", ["t*t*k", "sin(t) + k"])
def test_numbers_that_an_expression_does_not_use_are_allowed_on_the_wire(calls: Calls, text: str) -> None:
    inputs = [axis("t", [1.0, 2.0]), axis("k", [2.0, 3.0, 4.0]), parameter("spare", 5.0)]
    asked = request(text, inputs, ["t"], ["spare"], ["k", "spare"])
    asked.ignore_unused = True
    planes = grids(calls.ask(asked))
    assert_array_equal(planes[:2], grids(calls.ask(request(text, inputs[:2], ["t"]))))
    assert_array_equal(planes[2:], np.zeros((2, 2, 3)))


@pytest.mark.parametrize("first", [1238, 1300, 1499])
def test_the_rest_of_a_grid_has_the_bits_of_the_whole(client: gridgrad.Client, calls: Calls, first: int) -> None:
    t, k = np.linspace(1, 2, 1500), np.linspace(2, 3, 1000)
    text = "t*exp(-k) + t*k**2"  # whose sums are separated in large grids alone
    whole = client.gradient(text, {"t": t, "k": k}, wrt=(), tier="direct")
    asked = request(text, [axis("t", t), axis("k", k)])
    asked.tier, asked.first_row = pb.TIER_DIRECT, first
    asked.features.append("rests")
    (rest,) = grids(calls.ask(asked))
    assert_array_equal(rest, whole.value[first:])


# What the server says of itself


def test_server_info(client: gridgrad.Client) -> None:
    info = client.server_info()
    assert info.version == gridgrad.__version__
    assert list(info.devices) == ["cpu"]
    assert info.engine == "structured"
    assert (info.limits.inputs, info.limits.dims, info.limits.order) == (16, 8, 4)
    assert info.limits.unary_result_bytes == 2 << 20
    assert "norm_cdf" in {function.name for function in info.language_functions}


def test_info_says_how_it_was_computed(client: gridgrad.Client) -> None:
    info = client.gradient("x**2", {"x": [1.0, 2.0]}).info
    assert (info.engine, info.tier, info.device, info.version) == ("structured", "direct", "cpu", gridgrad.__version__)
    assert info.batch_size >= 1
    assert info.queue_s >= 0
    assert info.compute_s > 0
    assert info.digest == gridgrad.parse("x**2").digest


@pytest.mark.parametrize("text", ["solve(x**2 - p, x, 1)", "solve((x**2 - p, y - x), (x, y), (1, 1))"])
def test_points_that_are_not_solved_are_counted(client: gridgrad.Client, text: str) -> None:
    result = client.gradient(text, {"p": np.linspace(-2.5, 3.5, 7)})
    assert result.info.solves
    assert result.info.not_converged == 3
    solved = result.value[0] if result.tuple_valued else result.value
    np.testing.assert_allclose(solved[3:], np.sqrt([0.5, 1.5, 2.5, 3.5]), rtol=1e-15)
    assert not client.gradient("log(p)", {"p": [-1.0, 1.0]}).info.not_converged


def test_long_equations_are_derived_by_a_helper(client: gridgrad.Client) -> None:
    """Their sub-programs go to the worker in the table."""
    terms = " + ".join(f"{n + 1}*x**{n % 7}*p/{n + 1}.5" for n in range(60))
    result = client.gradient(f"solve({terms} - q, x, 1)", {"p": [1.0, 2.0], "q": [60.0]}, order=2)
    powers = np.array([(n + 1) / (n + 1.5) for n in range(60)])
    for p, x in zip([1.0, 2.0], result.value[:, 0], strict=True):
        assert sum(p * powers[n] * x ** (n % 7) for n in range(60)) == pytest.approx(60, rel=1e-13)
    right = -np.array([sum(powers[n] * x ** (n % 7) for n in range(60)) for x in result.value[:, 0]])
    slope = np.array(
        [
            sum(p * powers[n] * (n % 7) * x ** (n % 7 - 1) for n in range(60) if n % 7)
            for p, x in zip([1.0, 2.0], result.value[:, 0], strict=True)
        ]
    )
    np.testing.assert_allclose(result.d["p"][:, 0], right / slope, rtol=1e-12)


# How far integrals are off


def test_a_result_tells_how_far_its_integrals_are_off(client: gridgrad.Client) -> None:
    """A root at the end of an integral: the error of n points goes with n**-3, so that twice as many have an eighth."""
    text, inputs = "integrate(c*sqrt(u)*t, u, 0, 1, 8)", {"t": [0.5, 4.0], "c": 2.0}
    result = client.gradient(text, inputs, integral_error=True)
    off = np.max(np.abs(result.value / (4 / 3 * np.array([0.5, 4.0])) - 1))
    assert result.info.integral_error is not None
    assert 0.8 * off < result.info.integral_error < off
    assert client.gradient(text, inputs).info.integral_error is None

    def traced(t: Any, c: float = 2.0) -> Any:
        return gridgrad.integrate(lambda u: c * np.sqrt(u) * t, 0, 1, 8)

    again = client.gradient(traced, {"t": [0.5, 4.0]}, wrt="t", integral_error=True)
    assert again.info.integral_error == pytest.approx(result.info.integral_error)
    smooth = client.gradient("integrate(exp(u*t), u, 0, 1)", {"t": [0.5, 4.0]}, order=2, integral_error=True)
    assert smooth.info.integral_error is not None
    assert smooth.info.integral_error < 1e-13


def test_an_estimate_without_integrals_is_refused(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.RequestError, match="integral_error: an estimate for a function without integrals"):
        client.gradient("t*k", {"t": 1.0, "k": 2.0}, integral_error=True)
    with pytest.raises(gridgrad.RequestError, match="whose integrals the server alone knows"):
        client.gradient(gridgrad.registered("any"), {"t": 1.0}, integral_error=True)


def test_warm_starts_follow_a_branch_along_an_axis(client: gridgrad.Client) -> None:
    p, k = np.linspace(1.9, -1.6, 12), np.array([0.5, 1.0])
    inputs: dict[str, Any] = {"k": k, "p": p, "start": 2.0}
    found = client.gradient("solve(x**3 - 3*x - p*k, x, start)", inputs, order=2, warm_start={"start": "p"})
    x = 2 * np.cos(np.arccos(np.outer(k, p) / 2) / 3)  # the upper of three roots
    assert_allclose(found.value, x, rtol=1e-13)
    assert_allclose(found.d["p"], k[:, None] / (3 * x**2 - 3), rtol=1e-11)
    assert (found.dims, found.info.not_converged, found.inputs["p"].shape) == (("k", "p"), 0, (12,))
    assert [*found.d] == [("k",), ("p",), ("k", "k"), ("k", "p"), ("p", "p")]
    again = client.gradient("solve(x**3 - 3*x - p*k, x, start)", inputs, order=2, warm_start={"start": "p"})
    assert_array_equal(found.d["k", "p"], again.d["k", "p"])
    q = np.linspace(4, 1, 5)
    both = "solve((x*y - q, x - y), (x, y), (x0, y0))"
    pair = client.gradient(both, {"q": q, "x0": 2.0, "y0": 2.0}, warm_start={"x0": "q", "y0": "q"})
    assert_allclose(pair.value, np.sqrt([q, q]), rtol=1e-13)
    with pytest.raises(gridgrad.RequestError, match="2 guesses of a function of 1 components"):
        client.gradient("solve(x - q, x, x0) + 0*y0", {"q": q, "x0": 1.0, "y0": 1.0}, warm_start={"x0": "q", "y0": "q"})
    with pytest.raises(gridgrad.RequestError, match="warm_start with integral_error"):
        client.gradient("solve(x - q, x, x0)", {"q": q, "x0": 1.0}, warm_start={"x0": "q"}, integral_error=True)


def test_grids_of_a_map_follow_a_branch(client: gridgrad.Client) -> None:
    k, text = np.array([0.5, 1.0]), "solve(x**3 - 3*x - p*k, x, start)"
    pressures = [1.9, 1.0, 0.0, -0.9, -1.6]
    grids: list[dict[str, Any]] = [{"k": k, "p": p, "start": 2.0} for p in pressures]
    found = [*client.map(text, grids, wrt="k", warm_start="start")]
    x = 2 * np.cos(np.arccos(np.outer(pressures, k) / 2) / 3)  # the upper of three roots
    assert_allclose([each.value for each in found], x, rtol=1e-13)
    assert_allclose(found[-1].d["k"], -1.6 / (3 * x[-1] ** 2 - 3), rtol=1e-11)
    assert_array_equal(found[2].inputs["start"], found[1].value)
    wrong = [grids[0], {"k": k, "p": 1.0, "q": 2.0}, {"k": k, "p": 1.0}]
    outcomes = [*client.map(text, wrong, warm_start="start", errors="return")]
    assert isinstance(outcomes[1], gridgrad.RequestError), "it does not use q"
    assert isinstance(outcomes[2], gridgrad.Result)
    assert_array_equal(outcomes[2].inputs["start"], found[0].value)
    with pytest.raises(gridgrad.RequestError, match="2 guesses of a function of 1 components"):
        next(
            iter(client.map("solve(x - q, x, x0) + 0*y0", [{"q": 1.0, "x0": 1.0, "y0": 1.0}], warm_start=["x0", "y0"]))
        )
