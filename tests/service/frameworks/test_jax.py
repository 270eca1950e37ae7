"""Served functions as operations of JAX: against JAX's own checker, JAX itself, and closed forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad.frameworks.jax import evaluate

Function = Callable[..., Any]

TUPLE = "sin(t*k)*a**2 + exp(u*k)*t*u, t*k*a*u"
BOTH = (0, 1)


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)
    jax.clear_caches()


def axes() -> tuple[Any, Any]:
    return jnp.array([0.3, 0.5, 0.9]), jnp.array([0.2, 0.8])


def native(t: Any, k: Any) -> Any:
    """What EXPONENTIAL is, computed by JAX."""
    return jnp.exp(2 * t[:, None] + 3 * k)


def summed(function: Function) -> Function:
    return lambda t, k: function(t, k).sum()


def assert_same(found: Any, expected: Any) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype
        assert_allclose(one, other, rtol=1e-12)


# Values


def test_it_is_what_the_client_computes(client: gridgrad.Client) -> None:
    t, k = axes()
    inputs = {"t": t, "k": k, "a": 1.5, "u": (("k", "t"), np.ones((2, 3)))}
    value = evaluate(client, TUPLE, inputs)
    assert value.shape == (2, 3, 2)
    assert_array_equal(value, client.gradient(TUPLE, {**inputs, "t": np.asarray(t), "k": np.asarray(k)}).value)


def test_functions_may_be_registered_or_written_in_python(client: gridgrad.Client) -> None:
    x, y = axes()
    flow = evaluate(client, gridgrad.registered("vortex"), {"x": x, "y": y})
    assert_array_equal(flow, client.gradient(gridgrad.registered("vortex"), {"x": list(x), "y": list(y)}).value)
    traced = jax.jit(jax.grad(lambda x: evaluate(client, lambda x: np.sin(x) ** 2, {"x": x}).sum()))(x)
    assert_allclose(traced, jnp.sin(2 * x))


@pytest.mark.parametrize(
    ("inputs", "dtype", "expected"),
    [
        ({"t": np.ones(2, np.float32), "a": 2.0}, None, "float32"),
        ({"t": np.ones(2, np.float32), "a": np.ones(1)}, None, "float64"),
        ({"t": np.float32(1), "a": 2.0}, None, "float32"),
        ({"t": jnp.ones(2, jnp.bfloat16), "a": 2.0}, None, "float32"),
        ({"t": jnp.ones(2, jnp.float16), "a": 2.0}, None, "float32"),
        ({"t": np.ones(2), "a": 2.0}, "float32", "float32"),
        ({"t": np.ones(2, np.float32), "a": 2.0}, "float64", "float64"),
    ],
)
def test_types_follow_the_arrays(client: gridgrad.Client, inputs: dict[str, Any], dtype: Any, expected: str) -> None:
    t = jnp.asarray(inputs["t"])
    value, pull = jax.vjp(lambda t: evaluate(client, "t*a", {**inputs, "t": t}, dtype=dtype), t)
    assert value.dtype == expected
    assert pull(jnp.ones_like(value))[0].dtype == t.dtype


def test_without_double_precision_what_would_lose_digits_is_refused(client: gridgrad.Client) -> None:
    jax.config.update("jax_enable_x64", False)
    t = jnp.array([0.3, 0.5])
    with pytest.raises(gridgrad.RequestError, match="jax_enable_x64"):
        evaluate(client, "t*a", {"t": t, "a": ("a", [1.0, 2.0])})
    with pytest.raises(gridgrad.RequestError, match="dtype='float32'"):
        evaluate(client, "t", {"t": t}, dtype="float64")
    assert evaluate(client, "t*a", {"t": t, "a": ("a", [1.0, 2.0])}, dtype="float32").dtype == jnp.float32
    assert evaluate(client, "t*a", {"t": t, "a": 3.0}).dtype == jnp.float32


# Derivatives


def test_jax_agrees_with_the_derivatives(client: gridgrad.Client) -> None:
    t, k = axes()
    u = jnp.linspace(0.1, 0.9, 6).reshape(2, 3)

    def function(t: Any, k: Any, a: Any, u: Any) -> Any:
        return evaluate(client, TUPLE, {"t": t, "k": k, "a": a, "u": (("k", "t"), u)})

    check_grads(function, (t, k, jnp.array(1.3), u), order=2, modes=["fwd", "rev"])


def tuple_by_jax(t: Any, k: Any, a: Any, u: Any) -> Any:
    """What TUPLE is, computed by JAX."""
    t, u = t[:, None], u.T
    return jnp.stack([jnp.sin(t * k) * a**2 + jnp.exp(u * k) * t * u, t * k * a * u])


def loss_of(function: Function) -> Function:
    weights = jnp.asarray(np.random.default_rng(1).normal(size=(2, 3, 2)))
    return lambda *given: jnp.sum(jnp.tanh(function(*given)) * weights)


T_K_A = (0, 1, 2)
GRADIENTS: dict[str, Callable[[Function], Function]] = {
    "grad": lambda f: jax.jit(jax.grad(loss_of(f), T_K_A)),
    "reverse of reverse": lambda f: (
        lambda *x: jax.grad(
            lambda *y: sum(jnp.vdot(p, q) for p, q in zip(jax.grad(loss_of(f), T_K_A)(*y), x[:3], strict=True)), T_K_A
        )(*x)
    ),
    "forward of reverse": lambda f: lambda *x: jax.jvp(lambda *y: jax.grad(loss_of(f), T_K_A)(*y, x[3]), x[:3], x[:3]),
    "jvp": lambda f: lambda *x: jax.jvp(lambda *y: f(*y, x[3]), x[:3], x[:3]),
    "jacrev": lambda f: jax.jacrev(f, T_K_A),
    "hessian": lambda f: jax.hessian(loss_of(f), T_K_A),
    "vmap of grad": lambda f: (
        lambda t, k, a, u: jax.vmap(jax.grad(loss_of(f), T_K_A), (0, None, 0, None))(
            jnp.stack([t, 2 * t]), k, jnp.stack([a, a + 1]), u
        )
    ),
    "grad of vmap": lambda f: (
        lambda t, *others: jax.grad(
            lambda t: jax.vmap(loss_of(f), (0, None, None, None))(jnp.stack([t, 2 * t]), *others).sum()
        )(t)
    ),
    "vmap of forward of reverse": lambda f: (
        lambda t, k, a, u: jax.vmap(
            lambda t: jax.jvp(lambda *y: jax.grad(loss_of(f), T_K_A)(*y, u), (t, k, a), (t, k, a))
        )(jnp.stack([t, 2 * t]))
    ),
    "mapped cotangents": lambda f: (
        lambda t, k, *x: jax.vmap(jax.vjp(lambda t, k: f(t, k, *x), t, k)[1])(
            jnp.stack([jnp.ones((2, 3, 2)), jnp.zeros((2, 3, 2))])
        )
    ),
}


@pytest.mark.parametrize(
    "name", [each if each == "reverse of reverse" else pytest.param(each, marks=pytest.mark.long) for each in GRADIENTS]
)
def test_pull_backs_transform_as_what_jax_computes(
    client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("gridgrad.frameworks.operation._MANY_NUMBERS", 0)
    given = (*axes(), jnp.array(1.3), jnp.linspace(0.1, 0.9, 6).reshape(2, 3))

    def served(t: Any, k: Any, a: Any, u: Any) -> Any:
        return evaluate(client, TUPLE, {"t": t, "k": k, "a": a, "u": (("k", "t"), u)})

    found, expected = (GRADIENTS[name](each)(*given) for each in (served, tuple_by_jax))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert_allclose(one, other, rtol=1e-11, atol=1e-13)


@pytest.mark.long
def test_pull_backs_are_what_jax_s_checker_expects(client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridgrad.frameworks.operation._MANY_NUMBERS", 0)
    u = jnp.linspace(0.1, 0.9, 6).reshape(2, 3)
    check_grads(
        lambda t, k, a: evaluate(client, TUPLE, {"t": t, "k": k, "a": a, "u": (("k", "t"), u)}),
        (*axes(), jnp.array(1.3)),
        order=2,
        modes=["fwd", "rev"],
    )
    check_grads(  # no tangent of which a client knows: made of partials
        lambda x, y: evaluate(client, gridgrad.registered("vortex"), {"x": x, "y": y}).sum(), axes(), 2, ["rev"]
    )


def test_a_loss_of_a_large_grid_takes_a_few_numbers(client: gridgrad.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    pullback = client.pullback

    def pulled(*given: Any, **named: Any) -> gridgrad.Result:
        asked.append(given[2])
        return pullback(*given, **named)

    monkeypatch.setattr(client, "pullback", pulled)
    t, a, b = jnp.linspace(0, 1, 40_000), jnp.array(2.0), jnp.array(0.5)
    found = jax.grad(lambda a, b: evaluate(client, "a*exp(-b*t) + t", {"t": t, "a": a, "b": b}).sum(), (0, 1))(a, b)
    assert_allclose(found, [jnp.exp(-b * t).sum(), (-a * t * jnp.exp(-b * t)).sum()], rtol=1e-12)
    ((dims, numbers),) = asked
    assert (dims, float(numbers)) == ((), 1.0)


def test_derivatives_reach_order_four_and_say_so_at_five(client: gridgrad.Client) -> None:
    def function(t: Any) -> Any:
        return evaluate(client, "sin(2*t)", {"t": t})

    t = jnp.array(0.3)
    for expected in (2 * jnp.cos(2 * t), -4 * jnp.sin(2 * t), -8 * jnp.cos(2 * t), 16 * jnp.sin(2 * t)):
        function = jax.grad(function)
        assert_allclose(function(t), expected)
    with pytest.raises(gridgrad.RequestError, match="differentiate 4 times at most"):
        jax.grad(function)(t)


def test_vmap_keeps_components_before_the_grid(client: gridgrad.Client) -> None:
    t, k = jnp.arange(12.0).reshape(4, 3), jnp.array([0.2, 0.8])
    found = jax.vmap(lambda t: evaluate(client, "t*k, t - k", {"t": t, "k": k}))(t)
    assert_allclose(found, jnp.stack([t[..., None] * k, t[..., None] - k], axis=1))


def test_a_large_grid_passes_through_the_callback(client: gridgrad.Client) -> None:
    t = jnp.linspace(0, 1, 1500)
    found = jax.jit(jax.grad(lambda t, k: evaluate(client, "t*k", {"t": t, "k": k}).sum()))(t, t)
    assert_allclose(found, jnp.full(1500, t.sum()))


# Refusals


def test_what_is_wrong_shows_when_it_is_traced(client: gridgrad.Client) -> None:
    t, _ = axes()
    with pytest.raises(gridgrad.ExpressionError, match="never closed"):
        jax.jit(lambda t: evaluate(client, "log(t", {"t": t}))(t)
    with pytest.raises(gridgrad.UnknownFunctionError, match="nothing_so_called"):
        jax.jit(lambda t: evaluate(client, gridgrad.registered("nothing_so_called"), {"t": t}))(t)
    with pytest.raises(gridgrad.RequestError, match="complex128 values; give real and imaginary parts"):
        jax.jit(lambda t: evaluate(client, "t", {"t": t * 1j}))(t)
    with pytest.raises(gridgrad.RequestError, match="without the names of its dims"):
        jax.jit(lambda t: evaluate(client, "t", {"t": t.reshape(1, 3)}))(t)


def test_what_the_server_refuses_is_told_by_jax(client: gridgrad.Client) -> None:
    t, _ = axes()
    with pytest.raises(jax.errors.JaxRuntimeError, match="no 'x' among the inputs t"):
        jax.jit(lambda t: evaluate(client, "t*x", {"t": t}))(t)
