"""From JAX's arrays to an operation: components, types, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
import gridgrad.aio
from gridgrad.results.server_info import FunctionInput, RegisteredFunction
from gridgrad.testing import FakeClient
from tests.client.fake import FakeServer
from tests.client.frameworks.exponential import EXPONENTIAL

pytest.importorskip("jax")

import jax
import jax.numpy as jnp

from gridgrad.frameworks.jax import evaluate

FLOW = RegisteredFunction("flow", "A flow.", (FunctionInput("x", None, "m"),), ("u", "v"), True, "forward", True)


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)
    jax.clear_caches()


def test_values_and_gradients_are_those_of_the_answer() -> None:
    grids = {"t*k": {(): lambda t, k: t * k, "t": lambda t, k: k + 0 * t}}
    t, k = jnp.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    with FakeClient(grids) as client:
        value, gradient = jax.value_and_grad(lambda t: evaluate(client, "t*k", {"t": t, "k": k}).sum())(t)
    assert_allclose(value, 36.0)
    assert_allclose(gradient, [12.0, 12.0])


def test_a_registered_tuple_has_a_dim_of_components_that_the_server_tells() -> None:
    grids = {gridgrad.registered("flow"): {(): lambda x: (x, -x)}}
    with FakeClient(grids, functions=[FLOW]) as client:
        flow = jax.jit(lambda x: evaluate(client, gridgrad.registered("flow"), {"x": x}))(jnp.array([1.0, 2.0]))
        assert_allclose(flow, [[1, 2], [-1, -2]])
        with pytest.raises(gridgrad.UnknownFunctionError, match="which is not registered at the server; it has flow"):
            evaluate(client, gridgrad.registered("eddy"), {"x": jnp.array([1.0])})


def test_double_precision_that_jax_has_not_is_refused_before_anything_is_asked() -> None:
    jax.config.update("jax_enable_x64", False)
    with FakeClient({}, fill=0.0) as client:
        with pytest.raises(gridgrad.RequestError, match=r"jax_enable_x64.*or accept single precision by dtype"):
            evaluate(client, "t", {"t": np.array([1.0])})
        assert evaluate(client, "t", {"t": jnp.array([1.0])}).dtype == jnp.float32
    assert len(client.requests) == 1


async def test_a_client_of_asyncio_is_refused(counted: FakeServer) -> None:
    async with gridgrad.aio.Client(counted.address) as client:
        with pytest.raises(gridgrad.RequestError, match=r"gridgrad\.aio.*give a gridgrad\.Client"):
            evaluate(client, EXPONENTIAL, {"t": 1.0})  # type: ignore[arg-type] # what the test is about
