"""Fits of served models: published values, gaps, weights, losses, and pixels with parameters of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import least_squares

import gridgrad
import gridgrad.aio
from benchmarks.harness.relay import relayed
from gridgrad.scipy import fit, residuals
from tests.client.frameworks.scipy.nist import PROBLEMS
from tests.service.harness import Running, running

DECAY = "a*exp(-k*t) + c"
T = np.arange(6.0)
Y = np.array([2.8, 1.9, 1.45, 1.05, 0.9, 0.75])
SIGMA = np.array([0.05, 0.05, 0.1, 0.1, 0.2, 0.2])
AT = {"a": 2.5, "k": 0.5, "c": 0.3}


@pytest.fixture(scope="module")
def cut_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gridgrad.Client]:
    """A client of a server whose pieces are a few blocks."""
    served = running(tmp_path_factory.mktemp("cut"), "--piece-cost", "20000")
    with served as started, gridgrad.Client(started.address, timeout=None) as client:
        yield client


def terms(client: gridgrad.Client, data: Any = Y, **options: Any) -> gridgrad.LeastSquaresTerms:
    return client.least_squares_terms(DECAY, {"t": T, **AT}, data, wrt=["a", "k", "c"], **options)


def test_terms_by_fifty_digits(client: gridgrad.Client) -> None:
    found = terms(client)
    assert found.rss == pytest.approx(0.2253588550412833128, rel=1e-14)
    assert_allclose(found.gradient, [-0.23385900566207008262, 1.4773794974839542619, -1.012598642767457347], rtol=1e-13)
    upper = found.normal[np.triu_indices(3)]
    expected = [1.5780553786637386039, -2.2371587582465589774, 2.4149605428930170612,
                11.367519291409700863, -7.4086153714168807425, 6]  # fmt: skip
    assert_allclose(upper, expected, rtol=1e-14)
    assert_array_equal(found.normal, found.normal.T)
    assert (int(found.n), found.names) == (6, ("a", "k", "c"))
    weighed = terms(client, weights=1 / SIGMA**2)
    assert weighed.rss == pytest.approx(15.007168251367785269, rel=1e-13)
    assert_allclose(
        weighed.gradient, [-34.448127254451338808, 140.40418915165131752, -88.378172341116570823], rtol=1e-13
    )
    assert_allclose(np.diagonal(weighed.normal), [566.29035127622008331, 1610.1982732763852696, 1050], rtol=1e-13)


async def test_bound_with_data_that_vary(server: Running) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        asked: Any = {"wrt": ["a", "k", "c"], "weights": 1 / SIGMA**2}
        bound = await client.bind_least_squares_terms(
            DECAY, {"t": T, **AT}, Y, varying=["a", "data", "weights"], **asked
        )
        given: list[Any] = [{"a": 2.0 + number, "data": Y + number, "weights": SIGMA + number} for number in range(3)]
        found = [each async for each in bound.many(given)]
        found.append(await bound(given[0]))
        for each, terms in zip([*given, given[0]], found, strict=True):
            asked["weights"] = each["weights"]
            plain = await client.least_squares_terms(DECAY, {"t": T, **AT, "a": each["a"]}, each["data"], **asked)
            assert_array_equal(terms.normal, plain.normal)
            assert (terms.rss, terms.n, terms.names) == (plain.rss, plain.n, plain.names)
        with pytest.raises(gridgrad.RequestError, match="results: sums of least squares"):
            await bound.many(given).to_xarray()


def test_weights_may_be_an_expression(client: gridgrad.Client) -> None:
    by_text, by_array = terms(client, weights="1 + t"), terms(client, weights=1 + T)
    assert_array_equal(by_text.normal, by_array.normal)


def test_gaps_are_nan_or_left_out(client: gridgrad.Client) -> None:
    gaps = np.where(T == 2, np.nan, Y)
    whole = terms(client, gaps)
    assert np.isnan(whole.rss)
    assert np.isnan(whole.gradient).all()
    assert np.isnan(whole.normal).all()
    found = fit(client, DECAY, {"t": T}, gaps, {"a": 2.0, "k": 1.0, "c": 0.0}, skip_nan=True)
    assert_allclose([*found.parameters.values()], [2.1911001435657, 0.52654448131327, 0.60782041729604], rtol=1e-10)
    assert_allclose([*found.scaled.values()], [0.036943121282802, 0.026399378224769, 0.036512554807336], rtol=1e-9)
    assert found.rss == pytest.approx(0.00097745329234876, rel=1e-9)
    assert found.n == 5


def test_pixels_with_parameters_of_their_own_are_one_request(
    client: gridgrad.Client, cut_client: gridgrad.Client
) -> None:
    pixels = 700
    rng = np.random.default_rng(2)
    data, own = rng.normal(size=(6, pixels)), rng.uniform(1, 3, pixels)
    inputs = {"t": T, "a": ("pixel", own), "k": 0.5, "c": 0.3}
    asked: Any = {"wrt": ["a", "c"], "over": "t", "tier": "direct"}
    found = client.least_squares_terms(DECAY, inputs, (("t", "pixel"), data), **asked)
    assert found.normal.shape == (pixels, 2, 2)
    for pixel in (0, 1, pixels - 1):
        one = {**inputs, "a": float(own[pixel])}
        alone = client.least_squares_terms(DECAY, one, data[:, pixel].copy(), wrt=["a", "c"], tier="direct")
        assert alone.normal.tobytes() == found.normal[pixel].tobytes()
        assert alone.rss.tobytes() == found.rss[pixel].tobytes()
    assert cut_client.least_squares_terms(DECAY, inputs, (("t", "pixel"), data), **asked).normal.tobytes() == (
        found.normal.tobytes()
    )


def test_a_large_grid_has_the_same_bits_in_segments(client: gridgrad.Client, cut_client: gridgrad.Client) -> None:
    model, inputs = "a*exp(-k*t)*sin(b*x)", {"t": np.linspace(0, 3, 150), "x": np.linspace(0, 2, 200)}
    at = {"a": 2.0, "k": 0.4, "b": 1.5}
    data = np.random.default_rng(4).normal(size=(150, 200))
    asked: Any = {"wrt": list(at), "tier": "direct", "weights": "exp(-x)", "loss": "cauchy"}
    found, cut = (each.least_squares_terms(model, {**inputs, **at}, data, **asked) for each in (client, cut_client))
    for ours, theirs in zip(found[:4], cut[:4], strict=True):
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("name", PROBLEMS)
def test_certified_values_by_a_server(client: gridgrad.Client, name: str) -> None:
    problem = PROBLEMS[name]
    start = {f"b{i}": float(value) for i, value in enumerate(problem.starts[0], 1)}
    found = fit(client, problem.text, {"x": problem.x}, problem.y, start)
    assert found.converged
    assert_allclose([*found.parameters.values()], problem.certified, rtol=1e-9)
    assert_allclose([*found.scaled.values()], problem.errors, rtol=1e-8)
    assert found.rss == pytest.approx(problem.rss, rel=1e-10)


@pytest.mark.parametrize(
    ("loss", "a", "b", "cost"),
    [
        ("linear", 39 / 280, 307 / 280, 3.7569642857143),
        ("soft_l1", 0.060978448536101851, 0.99313400113701104, 0.312470156765326),
        ("huber", 2 / 35, 901 / 910, 0.322637362637363),
        ("cauchy", 0.076029935995562727, 0.97492337476699053, 0.0521898202127422),
    ],
)
def test_losses_have_the_minima_of_scipy(client: gridgrad.Client, loss: str, a: float, b: float, cost: float) -> None:
    x, y = np.arange(7.0), np.array([0.1, 0.9, 2.1, 2.9, 7, 5.1, 5.9])
    found = fit(client, "a + b*x", {"x": x}, y, {"a": 0.0, "b": 1.0}, loss=loss, loss_scale=0.1)
    assert_allclose([found.parameters["a"], found.parameters["b"]], [a, b], rtol=1e-8)
    assert found.rss / 2 == pytest.approx(cost, rel=1e-12)


def test_scipy_s_own_loop_finds_the_same(client: gridgrad.Client) -> None:
    served = residuals(client, DECAY, {"t": T}, Y, ["a", "k", "c"])
    theirs = least_squares(served, [2.0, 1.0, 0.0], jac=served.jacobian, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    ours = fit(client, DECAY, {"t": T}, Y, {"a": 2.0, "k": 1.0, "c": 0.0})
    assert_allclose([*ours.parameters.values()], theirs.x, rtol=1e-8)


def test_registered_functions_and_arrays_of_coefficients(client: gridgrad.Client) -> None:
    x = np.array([1.0, 2.0, 3.0])
    found = client.least_squares_terms("n_0 + n_1*x", {"x": x}, x**2, wrt="n", coefficients={"n": [0.0, 1.0]})
    assert found.names == ("n_0", "n_1")
    assert_allclose(found.gradient, [np.sum(x - x**2), np.sum(x * (x - x**2))])
    line = fit(client, "n_0 + n_1*x", {"x": x}, 2 * x + 1, {"n": [0.0, 1.0]})
    assert_allclose(line.parameters["n"], [1, 2], rtol=1e-9)
    gate = client.least_squares_terms(gridgrad.registered("gate"), {"x": 3.0}, ("i", [8.0, 7.0]), wrt="x")
    assert_allclose([gate.rss, gate.gradient[0], gate.normal[0, 0]], [5.0, 18.0, 72.0])


async def test_in_an_event_loop(server: Running) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        found = await client.least_squares_terms(DECAY, {"t": T, **AT}, Y, wrt=["a"])
    assert found.normal[0, 0] == pytest.approx(1.5780553786637386039, rel=1e-13)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"data": Y[:5]}, r"shape \[5\] on a grid of \[6\]"),
        ({"wrt": ["q"]}, "'q', which is no input"),
        ({"wrt": ["t"]}, "'t', which varies along 't', a dim that is summed over"),
        ({"over": "x"}, "the dim 'x', which the grid has not"),
        ({"loss": "tukey"}, "use one of linear, soft_l1"),
        ({"loss_scale": 0.0}, "greater than 0"),
        ({"model": "a*t, k*t, c*t"}, "3 components"),
        ({"weights": "q*t"}, "'q', which is no input"),
    ],
)
def test_bad_input_is_refused_by_name(client: gridgrad.Client, changed: Any, told: str) -> None:
    asked = {"model": DECAY, "data": Y, "wrt": ["a", "k", "c"]} | changed
    model, data = asked.pop("model"), asked.pop("data")
    with pytest.raises(gridgrad.RequestError, match=told):
        client.least_squares_terms(model, {"t": T, **AT}, data, **asked)


@pytest.mark.parametrize("observations", [6, 20_000])
def test_a_further_iteration_sends_the_parameters_alone(server: Running, observations: int) -> None:
    t = np.linspace(0.0, 5.0, observations)
    data = 2.0 * np.exp(-0.5 * t) + 0.6 + 0.01 * np.sin(9 * t)
    sent: list[int] = []
    with relayed(server.address) as relay, gridgrad.Client(relay.address, sessions=False) as client:
        found = fit(client, DECAY, {"t": t}, data, AT, progress=lambda *_: sent.append(relay.sent))
    assert found.converged
    assert len(sent) >= 4
    assert max(np.diff(sent)[1:]) < 1000
    assert_allclose([found.parameters["a"], found.parameters["k"]], [2.0, 0.5], rtol=0.05)
