"""Python functions and coefficients computed by a real server."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad

AXES = {"tau": np.linspace(0.5, 2, 7), "delta": np.linspace(0.1, 2, 5)}
RANDOM = np.random.default_rng(5)
TERMS = 56
N = RANDOM.normal(size=TERMS)
D = RANDOM.integers(1, 8, TERMS).astype(float)
E = RANDOM.uniform(0.5, 8, TERMS)
L = RANDOM.integers(0, 4, TERMS).astype(float)


def helmholtz(tau: Any, delta: Any, n: Any = N, d: Any = D, e: Any = E, l: Any = L) -> Any:  # noqa: E741 - its name
    return np.sum(n * delta**d * tau**e * np.exp(-(delta**l)))


def grid() -> tuple[Any, Any]:
    tau, delta = np.meshgrid(*AXES.values(), indexing="ij")
    return tau[..., None], delta[..., None]


def test_a_function_written_with_numpy(client: gridgrad.Client) -> None:
    result = client.gradient(lambda t, k: t * np.sin(k) + 2 * t * k**2, {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]})
    t, k = np.meshgrid([1.0, 2.0, 4.0], [2.0, 3.0], indexing="ij")
    assert_allclose(result.value, t * np.sin(k) + 2 * t * k**2, rtol=1e-14)
    assert_allclose(result.d["k"], t * np.cos(k) + 4 * t * k, rtol=1e-14)


def test_an_equation_of_state_with_its_coefficients_as_inputs(client: gridgrad.Client) -> None:
    tau, delta = grid()
    terms = delta**D * tau**E * np.exp(-(delta**L))
    result = client.gradient(helmholtz, AXES, derivatives=["tau", "n", ("delta", "n"), "d"])
    scale = np.abs(N * terms).sum(axis=-1)
    assert np.all(np.abs(result.value - (N * terms).sum(axis=-1)) <= 1e-14 * scale)
    assert_allclose(result.d["n"], np.moveaxis(terms, -1, 0), rtol=1e-12)
    assert_allclose(result.d["d"], np.moveaxis(N * np.log(delta) * terms, -1, 0), rtol=1e-12, atol=1e-300)
    slope = terms * (D - L * delta**L) / delta
    assert_allclose(result.d["delta", "n"], np.moveaxis(slope, -1, 0), rtol=1e-9, atol=1e-12)


def test_a_calibration_keeps_one_program(client: gridgrad.Client) -> None:
    results = [client.gradient(helmholtz, AXES, coefficients={"n": factor * N}) for factor in (1.0, 2.0, 3.0)]
    assert len({result.info.digest for result in results}) == 1
    assert_allclose(results[2].value, 3 * results[0].value, rtol=1e-12)


def test_components_of_a_dict(client: gridgrad.Client) -> None:
    result = client.gradient(lambda x, y: {"u": -y * x, "v": x + y}, {"x": [1.0, 2.0], "y": [3.0]})
    assert result.components == ("u", "v")
    assert result.d["x"].tolist() == [[[-3.0], [-3.0]], [[1.0], [1.0]]]


def test_sympy(client: gridgrad.Client) -> None:
    sp = pytest.importorskip("sympy")
    t, k = sp.symbols("t k")
    result = client.gradient(t * sp.sin(k) + sp.Rational(1, 3) * t, {"t": [1.0, 2.0], "k": [0.5]})
    assert_allclose(result.d["t"], np.full((2, 1), np.sin(0.5) + 1 / 3), rtol=1e-14)


async def test_the_asynchronous_client_too(server: Any) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        result = await client.gradient(
            lambda t, n: np.sum(n * t), {"t": [1.0]}, wrt="n", coefficients={"n": [1.0, 2.0]}
        )
        assert result.d["n"].tolist() == [[1.0], [1.0]]


def test_what_is_explained_is_what_is_sent(client: gridgrad.Client) -> None:
    names = ["tau", "delta"]
    explained = client.explain(helmholtz, names, wrt=["tau", "n"], coefficients={"n": N})
    result = client.gradient(helmholtz, AXES, wrt=["tau", "n"], coefficients={"n": N})
    assert explained.digest == result.info.digest


def test_as_many_numbers_as_the_limit(client: gridgrad.Client) -> None:
    scalars = client.server_info().limits.scalars
    n = np.arange(scalars, dtype=float)
    result = client.gradient(lambda t, n: np.sum(n) * t, {"t": [2.0]}, coefficients={"n": n})
    assert result.value.tolist() == [2 * n.sum()]
    longer = np.append(n, 1.0)
    assert client.gradient(lambda t, n: np.sum(n) * t, {"t": [2.0]}, coefficients={"n": longer}).value[0] == 2 * (
        longer.sum()
    )  # which is a sum over an array
    with pytest.raises(gridgrad.RequestError, match=f"{scalars + 1} numbers; send at most {scalars}"):
        client.gradient(lambda t, n: np.prod(n) * t, {"t": [2.0]}, coefficients={"n": longer})
