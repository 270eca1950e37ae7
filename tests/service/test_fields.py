"""Fields of vector calculus from served partials: identities that hold for every function, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import ArrayLike

import gridgrad

AXES = {"x": gridgrad.linspace(0.1, 2, 6), "y": gridgrad.linspace(-1, 1, 5), "z": gridgrad.linspace(0.5, 1.5, 4)}
BOUND = 1e-13


def small(field: ArrayLike, scale: ArrayLike) -> bool:
    return bool(np.max(np.abs(field)) <= BOUND * np.max(np.abs(scale)))


def test_the_curl_of_a_gradient_is_zero(client: gridgrad.Client) -> None:
    potential = "sin(x*y)*exp(z) + x**2*log(z + y**2)"
    gradient = f"p = {potential}; u = diff(p, x); v = diff(p, y); w = diff(p, z); u, v, w"
    result = client.gradient(gradient, AXES)
    assert result.curl().shape == (3, 6, 5, 4)
    assert small(result.curl(), result.d["x"])
    laplacian = client.gradient(potential, AXES, order=2).laplacian()
    assert_allclose(result.divergence(), laplacian, rtol=1e-12)


def test_the_divergence_of_a_curl_is_zero(client: gridgrad.Client) -> None:
    curl = """
        a = sin(y*z); b = exp(x*z); c = x**2*y**3
        u = diff(c, y) - diff(b, z); v = diff(a, z) - diff(c, x); w = diff(b, x) - diff(a, y)
        u, v, w
    """
    result = client.gradient(curl, AXES)
    assert small(result.divergence(), result.d["x"])
    potential = client.gradient("u = sin(y*z); v = exp(x*z); w = x**2*y**3; u, v, w", AXES)
    assert_allclose(potential.curl(), result.value, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_laplacian_of_a_harmonic_function_is_zero(client: gridgrad.Client, dtype: str) -> None:
    result = client.gradient("log(x**2 + (y - 2)**2)", {name: AXES[name] for name in "xy"}, order=2, dtype=dtype)
    assert np.max(np.abs(result.laplacian())) <= 10 * np.finfo(dtype).eps * np.max(np.abs(result.d["x", "x"]))


def test_the_distance_has_a_gradient_of_one_and_a_singular_hessian(client: gridgrad.Client) -> None:
    result = client.gradient("sqrt(x**2 + y**2 + z**2)", AXES, order=2)
    assert_allclose(result.gradient_norm(), 1, rtol=1e-14)
    assert_allclose(result.laplacian(), 2 / result.value, rtol=1e-13)
    # A distance does not curve along its own gradient
    along = np.einsum("...mn,...n->...m", result.hessian(), result.jacobian()[..., 0, :])
    assert small(along, result.hessian())


def test_taylor_green_is_free_of_divergence(client: gridgrad.Client) -> None:
    axes = {"t": [0.0, 0.5], "x": np.linspace(0, 6, 9), "y": np.linspace(0, 6, 9)}
    flow = "u = sin(x)*cos(y)*exp(-0.2*t); v = -cos(x)*sin(y)*exp(-0.2*t); u, v"
    result = client.gradient(flow, axes, order=2, wrt=["x", "y"])
    assert small(result.divergence(wrt=["x", "y"]), 1)
    t, x, y = (result.on_grid(name) for name in "txy")
    assert_allclose(result.curl(["x", "y"]), 2 * np.sin(x) * np.sin(y) * np.exp(-0.2 * t), atol=1e-14)
    assert_allclose(result.laplacian(["x", "y"]), -2 * result.value, atol=1e-14)
    with pytest.raises(gridgrad.RequestError, match=r"2 components .* and 3 inputs"):
        result.divergence()
