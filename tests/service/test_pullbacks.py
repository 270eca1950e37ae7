"""Pull-backs by a server: closed forms and fifty digits, the same bits however a grid is cut, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
import gridgrad.aio
from tests.service.harness import Running, running

FIRST = "t*k + 2*t*k**2"
TWO: dict[str, Any] = {"t": [1.0, 2.0], "k": [2.0, 3.0]}


@pytest.fixture(scope="module")
def cut_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gridgrad.Client]:
    """A client of a server whose pieces are a block and whose messages are short, with two workers."""
    flags = "--piece-cost", "20000", "--workers", "2", "--message-bytes", "4MiB"
    with running(tmp_path_factory.mktemp("cut"), *flags) as started, gridgrad.Client(started.address) as client:
        yield client


def test_the_first_asker_s_numbers(client: gridgrad.Client) -> None:
    result = client.pullback(FIRST, TWO, wrt=["t", "k"])
    assert result.value == 93
    assert_array_equal(result.d["k"], [27, 39])
    assert_array_equal(result.d["t"], [31, 31])
    weighed = client.pullback(FIRST, TWO, [[1, -2], [0.5, 3]], wrt=["k", "t"])
    assert weighed.value == 104
    assert_array_equal(weighed.d["k"], [18, 52])
    assert_array_equal(weighed.d["t"], [-32, 68])
    assert (result.value.shape, result.dims, result.d["k"].dtype) == ((), (), np.dtype("<f8"))


def test_through_solve_by_fifty_digits(client: gridgrad.Client) -> None:
    kepler = "solve(E - e*sin(E) - M, E, M)"
    result = client.pullback(kepler, {"M": [0.1, 1.0, 2.0], "e": 0.9}, wrt=["M", "e"], tier="direct")
    assert result.value == pytest.approx(5.0152956484379305707, rel=1e-13)
    slopes = [3.6600171286016322887, 0.79461592424410201967, 0.57706917411325773852]
    assert_allclose(result.d["M"], slopes, rtol=1e-12)
    assert result.d["e"] == pytest.approx(3.2548502250462569402, rel=1e-12)


def test_a_trapezoid_by_fifty_digits(client: gridgrad.Client) -> None:
    x = np.array([0, 1, 3, 3.5])
    result = client.pullback("exp(-k*x)", {"x": x, "k": 0.7}, [0.5, 1.5, 1.25, 0.25], wrt="k")
    assert result.value == pytest.approx(1.4195218876281842876, rel=1e-14)
    assert result.d["k"] == pytest.approx(-1.2795964498227456325, rel=1e-14)


def test_arrays_of_coefficients_and_sums_over_them(client: gridgrad.Client) -> None:
    t, k = np.linspace(0.5, 1.5, 40), np.linspace(0.2, 1.2, 30)
    rng = np.random.default_rng(3)
    n, i, j = rng.normal(size=8), rng.integers(0, 5, 8), rng.integers(0, 5, 8)
    weights = rng.normal(size=(40, 30))
    asked: Any = {"coefficients": {"n": n, "i": i, "j": j}}
    result = client.pullback("sum(n*t**i*k**j)", {"t": t, "k": k}, weights, wrt=["n", "t"], **asked)
    powers_t, powers_k = t[:, None] ** i, k[:, None] ** j
    assert_allclose(result.d["n"], np.einsum("tk,tn,kn->n", weights, powers_t, powers_k), rtol=1e-11)
    slopes = np.einsum("tk,tn,kn,n->t", weights, i * t[:, None] ** np.maximum(i - 1.0, 0), powers_k, n)
    assert_allclose(result.d["t"], slopes, rtol=1e-10)
    kept = client.pullback("sum(n*t**i*k**j)", {"t": t, "k": k}, weights, wrt="t", **asked)
    assert_allclose(kept.d["t"], slopes, rtol=1e-10)


@pytest.mark.long
def test_arrays_of_more_numbers_than_one_request_has(client: gridgrad.Client) -> None:
    t, k = np.linspace(0.5, 1.5, 3), np.linspace(0.2, 1.2, 2)
    rng = np.random.default_rng(8)
    n, m, i = rng.normal(size=520), rng.normal(size=9), rng.integers(0, 5, 520)
    powers = t[:, None] ** i
    inner = powers @ n
    asked: Any = {"wrt": ["t", "m", "n", "a"], "coefficients": {"n": n, "i": i, "m": m}, "tier": "direct"}
    function = "a*tanh(sum(n*t**i)/9)*k, sum(m*t) + k"
    inputs = {"t": t, "k": k, "a": 1.5}
    slopes = 1.5 / 9 / np.cosh(inner / 9) ** 2
    for weights in (np.ones((2, 3, 2)), rng.normal(size=(2, 3, 2))):
        result = client.pullback(function, inputs, None if weights[0, 0, 0] == 1 else weights, **asked)
        assert [*result.d] == [("t",), ("m",), ("n",), ("a",)]
        found = np.einsum("tk,k->t", weights[0], k)
        assert_allclose(
            result.value, found @ (1.5 * np.tanh(inner / 9)) + (weights[1] * (m.sum() * t[:, None] + k)).sum()
        )
        assert_allclose(result.d["n"], (found * slopes) @ powers, rtol=1e-10)
        assert_allclose(result.d["m"], np.full(9, weights[1].sum(1) @ t), rtol=1e-12)
        inside = (n * i * t[:, None] ** np.maximum(i - 1, 0)).sum(1)
        assert_allclose(result.d["t"], found * slopes * inside + m.sum() * weights[1].sum(1), rtol=1e-9)
        assert_allclose(result.d["a"], found @ np.tanh(inner / 9), rtol=1e-10)
    by_text = client.pullback(
        "sum(n*t**i)*k", {"t": t, "k": k, "b": 2.0}, "b*k", wrt="n", coefficients={"n": n, "i": i}
    )
    assert_allclose(by_text.d["n"], 2 * (k**2).sum() * powers.sum(0), rtol=1e-12)


def test_tables_by_their_arguments_and_values(client: gridgrad.Client) -> None:
    x, knots = np.linspace(0.2, 2.8, 50), np.linspace(0, 3, 13)
    inputs = {"x": x, "a": 1.3, "c": gridgrad.table(np.sin(knots), x=knots)}
    result = client.pullback("a*c(x)**2", inputs, wrt=["x", "a"])
    grid = client.gradient("a*c(x)**2", inputs, wrt=["x", "a"])
    assert_allclose(result.d["x"], grid.d["x"], rtol=1e-13)
    assert_allclose(result.d["a"], grid.d["a"].sum(), rtol=1e-13)
    by_values = client.pullback("a*c(x)**2", inputs, wrt="c").d["c"]
    assert_allclose(by_values, client.gradient("a*c(x)**2", inputs, wrt="c").d["c"].sum(-1), rtol=1e-12)


def test_cotangents_may_call_tables_and_sum_over_arrays(client: gridgrad.Client) -> None:
    x, knots = np.linspace(0.2, 2.8, 50), np.linspace(0, 3, 13)
    given = {"c": gridgrad.table(np.sin(knots), x=knots), "w": gridgrad.table(knots**2, x=knots)}
    inputs = {"x": x, "a": 1.3, **given}
    for text, used in (("w(x) + 1", ["w"]), ("c(x)*w(x)", ["c", "w"])):
        weights = client.gradient(text, {"x": x, **{name: given[name] for name in used}}).value
        for function, wrt in (("a*c(x)**2", ["x", "a", "c"]), ("a*x", ["x", "a"])):
            own = {name: each for name, each in inputs.items() if name not in given or f"{name}(" in function + text}
            by_text = client.pullback(function, own, text, wrt=wrt)
            plain = {name: each for name, each in own.items() if name not in given or f"{name}(" in function}
            by_array = client.pullback(function, plain, weights, wrt=wrt)
            assert_allclose(by_text.value, by_array.value, rtol=1e-13)
            for name in wrt:
                assert_allclose(by_text.d[name], by_array.d[name], rtol=1e-11, atol=1e-13)
    n = np.array([1.0, 0.5, 0.25])
    summed = client.pullback("a*sum(n*x)", {"x": x, "a": 1.3}, "sum(n*x**2)", wrt="a", coefficients={"n": n})
    assert_allclose(summed.d["a"], (n.sum() * x * n.sum() * x**2).sum(), rtol=1e-13)
    with pytest.raises(gridgrad.RequestError, match="'V' is no function"):
        client.pullback("a*x", {"x": x, "a": 1.3}, "V(x)", wrt="a")


def test_tuples_have_a_cotangent_for_each_component(client: gridgrad.Client) -> None:
    weights = np.arange(8.0).reshape(2, 2, 2)
    result = client.pullback("(t*k, t**2)", TWO, weights, wrt="t")
    t, k = np.array(TWO["t"]), np.array(TWO["k"])
    assert_allclose(result.d["t"], (weights[0] * k).sum(1) + (weights[1] * 2 * t[:, None]).sum(1))
    ones = client.pullback("(t*k, t**2)", TWO, wrt="t")
    assert_allclose(ones.d["t"], k.sum() + 4 * t)
    by_text = client.pullback("(t*k, t**2)", TWO, "(k, exp(-t))", wrt="t")
    assert_allclose(by_text.d["t"], (k**2).sum() + 4 * t * np.exp(-t))
    by_texts = client.pullback("(t*k, t**2)", TWO, ("k", "exp(-t)"), wrt="t")
    assert_allclose(by_texts.d["t"], by_text.d["t"], rtol=0)


def test_registered_functions(client: gridgrad.Client) -> None:
    x = np.linspace(1, 4, 5)
    result = client.pullback(gridgrad.registered("gate"), {"x": x}, np.arange(5.0), wrt="x")
    grid = client.gradient(gridgrad.registered("gate"), {"x": x})
    assert_allclose(result.d["x"], grid.d["x"] * np.arange(5))
    assert_allclose(result.value, (grid.value * np.arange(5)).sum())


def test_a_large_grid_has_the_same_bits_in_segments(client: gridgrad.Client, cut_client: gridgrad.Client) -> None:
    t, k = np.linspace(0, 3, 3500), np.linspace(0, 2, 700)
    inputs, weights = {"t": t, "k": k, "a": 0.7}, np.random.default_rng(4).normal(size=(3500, 700))
    asked: Any = {"wrt": ["t", "k", "a"], "tier": "direct"}
    function = "a*exp(-t*k)*sin(t)"
    found, cut = (each.pullback(function, inputs, "cos(9*t) - k", **asked) for each in (client, cut_client))
    for name in ("t", "k", "a"):
        assert found.d[name].tobytes() == cut.d[name].tobytes()
    assert found.value.tobytes() == cut.value.tobytes()
    found = cut_client.pullback(function, inputs, weights, **asked)  # in windows
    grid = 0.7 * np.exp(-np.outer(t, k)) * np.sin(t)[:, None] * weights
    assert_allclose(found.value, grid.sum(), rtol=1e-9)
    assert_allclose(found.d["k"], (-t[:, None] * grid).sum(0), rtol=1e-9, atol=1e-11)
    assert_allclose(found.d["a"], grid.sum() / 0.7, rtol=1e-9)


def test_float32_sums_in_float64(client: gridgrad.Client) -> None:
    t = np.full(1 << 20, 0.1, "f4")
    result = client.pullback("a*t", {"t": t, "a": 1.0}, wrt=["a"], dtype="float32")
    assert result.d["a"].dtype == np.float32
    assert result.d["a"] == np.float32((1 << 20) * float(np.float32(0.1)))


def test_no_points_and_no_dims(client: gridgrad.Client) -> None:
    empty = client.pullback("t*k", {"t": [], "k": [1.0, 2.0]}, wrt=["t", "k"])
    assert empty.value == 0
    assert empty.d["t"].shape == (0,)
    assert_array_equal(empty.d["k"], [0, 0])
    one = client.pullback("a**2*b", {"a": 3.0, "b": 2.0}, "b", wrt=["a", "b"])
    assert_array_equal([one.value, one.d["a"], one.d["b"]], [36, 24, 18])


@pytest.mark.parametrize("order", [("t", "k"), ("k", "t")])
def test_arrays_of_several_dims(client: gridgrad.Client, order: tuple[str, str]) -> None:
    m = np.random.default_rng(1).normal(size=(3, 4))
    inputs: Any = {"t": np.arange(3.0), "k": np.arange(4.0), "m": (order, m if order[0] == "t" else m.T)}
    result = client.pullback("m**2*t", inputs, wrt=["m", "t"])
    expected = 2 * m * np.arange(3.0)[:, None]
    assert_allclose(result.d["m"], expected if order[0] == "t" else expected.T)


async def test_in_an_event_loop(server: Running) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        result = await client.pullback(FIRST, TWO, wrt="k")
        bound = await client.bind_pullback(FIRST, TWO, varying="k", wrt="k")
        (again,) = [each async for each in bound.many([{"k": [2.0, 3.0]}])]
    assert_array_equal(result.d["k"], [27, 39])
    assert_array_equal(again.d["k"], [27, 39])


@pytest.mark.parametrize("sessions", [False, True])
def test_bound_with_cotangents_that_vary(server: Running, sessions: bool) -> None:
    asked: Any = {"wrt": ["n", "t"], "dtype": "float32", "tier": "direct"}
    function, n = "n_0*t*k + n_1*t**2", [1.0, 2.0]
    with gridgrad.Client(server.address, sessions=sessions) as client:
        bound = client.bind_pullback(
            function, TWO, np.ones((2, 2)), varying=["cotangent", "n", "t"], coefficients={"n": n}, **asked
        )
        for number in range(4):  # from the third on by a number
            given: dict[str, Any] = {
                "cotangent": np.full((2, 2), number + 0.1),
                "n": [number + 1.0, 2.0],
                "t": [0.5, 1.0 + number],
            }
            found = bound(given)
            inputs, coefficients = {**TWO, "t": given["t"]}, {"n": given["n"]}
            plain = client.pullback(function, inputs, given["cotangent"], coefficients=coefficients, **asked)
            assert_array_equal([found.value, *found.d["n"], *found.d["t"]], [plain.value, *plain.d["n"], *plain.d["t"]])
            assert_array_equal(found.inputs["cotangent"], given["cotangent"])


def test_a_large_cotangent_is_not_bound(cut_client: gridgrad.Client) -> None:
    axes = {"t": np.zeros(400), "k": np.zeros(400)}
    with pytest.raises(gridgrad.RequestError, match=r"cotangent: .*4,194,304 bytes.*client\.pullback in the loop"):
        cut_client.bind_pullback("t*k", axes, np.ones((400, 400)), varying="t", wrt="t")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"cotangent": np.ones(3)}, r"cotangent.*shape \[3\] on a grid of \[2, 2\]"),
        ({"cotangent": np.ones((3, 2, 2))}, "3 cotangents of 1 components"),
        ({"cotangent": ("q", np.ones(2))}, "a dim that the grid"),
        ({"cotangent": "(t, k)"}, "2 cotangents"),
        ({"cotangent": "q + 1"}, "'q'"),
        ({"wrt": "q"}, "'q', which is no input"),
        ({"wrt": "x", "inputs": {**TWO, "x": [1.0]}}, "'x', which the function does not use"),
    ],
)
def test_what_can_t_be_meant_is_refused_by_name(client: gridgrad.Client, changed: Any, told: str) -> None:
    asked: Any = {"function": FIRST, "inputs": TWO, "wrt": "k", **changed}
    with pytest.raises(gridgrad.RequestError, match=told):
        client.pullback(**asked)


def test_by_many_values_of_tables_it_goes_in_parts(client: gridgrad.Client) -> None:
    knots = np.linspace(0, 1, 600)
    tables = {
        "V": gridgrad.table(np.cos(knots), x=knots, method="linear"),
        "W": gridgrad.table([1.0, 3.0], x=[0.0, 1.0], method="linear"),
    }
    x, counts = np.array([0.1, 0.77, 1.0]), np.array([1.0, -2.0, 0.5])
    found = client.pullback("V(x)*W(x)*a", {"x": x, "a": 2.0, **tables}, counts, wrt=["V", "a", "W", "x"])
    basis = np.array([np.interp(x, knots, row) for row in np.eye(600)])  # [values, points]
    value, weight = np.interp(x, knots, np.cos(knots)), 1 + 2 * x
    assert_allclose(found.value, counts @ (value * weight) * 2, rtol=1e-13)
    assert_allclose(found.d["V"], basis @ (counts * weight) * 2, atol=1e-13)
    assert_allclose(found.d["a"], counts @ (value * weight), rtol=1e-13)
    assert_allclose(found.d["W"], [counts @ (value * (1 - x)) * 2, counts @ (value * x) * 2], rtol=1e-13)
    assert found.d["x"].shape == (3,)
    alone = client.pullback("V(x)", {"x": x, "V": tables["V"]}, wrt="V")
    assert_allclose(alone.d["V"], basis.sum(1), atol=1e-13)
