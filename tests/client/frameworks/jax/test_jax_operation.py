"""The operation of JAX, on a server that counts what it is asked: transforms and requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
from tests.client.fake import FakeServer
from tests.client.frameworks.exponential import EXPONENTIAL, asked

pytest.importorskip("jax")

import jax
import jax.numpy as jnp

from gridgrad.frameworks.jax import evaluate

Function = Callable[..., Any]
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


TRANSFORMS: dict[str, Callable[[Function], Function]] = {
    "jit": jax.jit,
    "grad": lambda f: jax.grad(summed(f), BOTH),
    "jit of grad": lambda f: jax.jit(jax.grad(summed(f), BOTH)),
    "jacrev": lambda f: jax.jacrev(f, BOTH),
    "jacfwd": lambda f: jax.jacfwd(f, BOTH),
    "jvp": lambda f: lambda t, k: jax.jvp(f, (t, k), (t, k)),
    "linearize": lambda f: lambda t, k: jax.linearize(f, t, k)[1](t, k),
    "hessian": lambda f: jax.jit(jax.hessian(summed(f), BOTH)),
    "jacrev of jacrev": lambda f: jax.jacrev(jax.jacrev(summed(f), BOTH), BOTH),
    "jacfwd of jacfwd": lambda f: jax.jacfwd(jax.jacfwd(summed(f), BOTH), BOTH),
    "jacfwd of hessian": lambda f: jax.jit(jax.jacfwd(jax.hessian(summed(f), BOTH), BOTH)),
}


MAPPED: dict[str, Callable[[Function], Function]] = {
    "vmap": lambda f: jax.jit(jax.vmap(f, (0, 1))),
    "vmap to another place": lambda f: jax.vmap(f, (0, 1), 1),
    "vmap over one": lambda f: lambda t, k: jax.vmap(f, (0, None))(t, k[:, 0]),
    "vmap of vmap": lambda f: jax.vmap(jax.vmap(f, (0, None)), (None, 1)),
    "vmap of grad": lambda f: jax.vmap(jax.grad(summed(f), BOTH), (0, 1)),
    "vmap of hessian": lambda f: jax.jit(jax.vmap(jax.hessian(summed(f), BOTH), (0, 1))),
    "grad of vmap": lambda f: jax.grad(summed(jax.vmap(f, (0, 1))), BOTH),
}


LONG = ("jacrev of jacrev", "jacfwd of jacfwd")
"""Some seconds each of JAX's compiler; `hessian` and what is made of it nest both modes too."""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.long) if each in LONG else each for each in TRANSFORMS]
)
def test_transforms_take_one_request(name: str, exponential: gridgrad.Client, counted: FakeServer) -> None:
    t, k = axes()
    found = TRANSFORMS[name](lambda t, k: evaluate(exponential, EXPONENTIAL, {"t": t, "k": k}))(t, k)
    assert_same(found, TRANSFORMS[name](native)(t, k))
    assert len(asked(counted)) == 1


@pytest.mark.parametrize("length", [4, 1])
@pytest.mark.parametrize("name", MAPPED)
def test_what_vmap_maps_over_is_one_request(
    name: str, length: int, exponential: gridgrad.Client, counted: FakeServer
) -> None:
    numbers = np.random.default_rng(0)
    t, k = jnp.asarray(numbers.random((length, 3))), jnp.asarray(numbers.random((2, length)))
    found = MAPPED[name](lambda t, k: evaluate(exponential, EXPONENTIAL, {"t": t, "k": k}))(t, k)
    assert_same(found, MAPPED[name](native)(t, k))
    assert len(asked(counted)) == 1


def test_only_partials_by_what_moves_are_asked_for(exponential: gridgrad.Client, counted: FakeServer) -> None:
    t, k = axes()
    jax.jit(jax.grad(lambda t: evaluate(exponential, EXPONENTIAL, {"t": t, "k": k, "a": 0.5}).sum()))(t)
    assert asked(counted) == [1]


def test_calls_outside_of_jit_are_compiled_once(
    exponential: gridgrad.Client, counted: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    t, _ = axes()
    compilations = []
    for number in (0.5, 0.6, 0.7):
        caplog.clear()
        with jax.log_compiles():
            evaluate(exponential, EXPONENTIAL, {"t": t, "k": number})
        compilations.append(sum("Compiling" in record.message for record in caplog.records))
    assert compilations[0] > 0
    assert compilations[1:] == [0, 0]
    assert asked(counted) == [0, 0, 0]
