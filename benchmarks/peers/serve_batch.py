"""Ray Serve doing the same as a worker in a cluster, by `serve.batch`. Runs in an interpreter that has `ray[serve]`.

It computes the closed form, without parsing or deriving anything, and waits for no company of a batch. Its callers are
in a process of the cluster, which holds a handle and shares memory with the object store, or have nothing but HTTP.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import numpy as np
import ray
from numpy.typing import NDArray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.calls.crowd import Call, crowd_of
from benchmarks.calls.workload import axes
from benchmarks.harness.block import Run

__all__ = ["by_handle", "by_http"]

Array = NDArray[np.float64]
STORE_BYTES = 512 << 20


@serve.deployment(max_ongoing_requests=64, ray_actor_options={"num_cpus": 1})
class Grids:
    """Value and both first partials of EXPRESSION."""

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0)
    async def planes(self, asked: list[tuple[Array, Array]]) -> list[Array]:
        """Computes the grids of a batch."""
        return [_planes(t[:, None], k[None, :]) for t, k in asked]

    async def __call__(self, request: Request) -> Response:
        """The same for the bytes of two axes."""
        t, k = np.frombuffer(await request.body()).reshape(2, -1)
        planes: Any = self.planes
        return Response((await planes((t, k))).tobytes())


def _planes(t: Array, k: Array) -> Array:
    shape = (t.shape[0], k.shape[1])
    planes = t * k + 2 * t * k**2, np.broadcast_to(k + 2 * k**2, shape), t + 4 * t * k
    return np.stack(planes)


@contextlib.contextmanager
def _deployed(port: int = 0) -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    options: dict[str, Any] = {
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": "error",
        "namespace": "peer",
    }
    ray.init("local", num_cpus=4, object_store_memory=STORE_BYTES, **options)
    try:
        deployment: Any = Grids
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        yield serve.run(deployment.bind())
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call] # Ray's own
        ray.shutdown()


@contextlib.contextmanager
def by_handle(callers: int, side: int) -> Iterator[Run]:
    """Callers in one process of the cluster.

    Args:
        callers: how many there are.
        side: of the square grids.
    """
    asked = tuple(axes(side).values())
    with _deployed() as handle:

        @contextlib.asynccontextmanager
        async def opened() -> AsyncIterator[Call]:
            async def call() -> object:
                return await handle.planes.remote(asked)

            yield call

        with crowd_of(opened, callers) as run:
            yield run


@contextlib.contextmanager
def by_http(callers: int, side: int) -> Iterator[Run]:
    """Callers in one process that is none of the cluster.

    Args:
        callers: how many there are.
        side: of the square grids.
    """
    port = _free_port()
    with _deployed(port), crowd_of(lambda: _over_http(port, side), callers) as run:
        yield run


@contextlib.asynccontextmanager
async def _over_http(port: int, side: int) -> AsyncIterator[Call]:
    url, asked = f"http://127.0.0.1:{port}/", np.concatenate([*axes(side).values()]).tobytes()
    async with aiohttp.ClientSession() as session:

        async def call() -> object:
            async with session.post(url, data=asked) as response:
                return np.frombuffer(await response.read()).reshape(3, side, side)

        yield call


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
