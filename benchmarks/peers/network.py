"""The weights of the network of `benchmarks.registered`, and the same network in JAX and its products by torch."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.block import Run, in_turn

__all__ = ["AXES", "in_jax", "layers", "products"]

AXES = {"x": (-1.0, 1.0), "y": (-2.0, 2.0)}
WIDTHS = (2, 64, 64, 1)
_TILE = 1024

Array = NDArray[np.float64]


def layers() -> list[tuple[Array, Array]]:
    """Weights and biases of each layer, drawn as torch draws them."""
    random = np.random.default_rng(0)
    return [
        (random.uniform(-1, 1, (to, of)) / np.sqrt(of), random.uniform(-1, 1, to) / np.sqrt(of))
        for of, to in itertools.pairwise(WIDTHS)
    ]


@contextlib.contextmanager
def in_jax(side: int, order: int) -> Iterator[Run]:
    """`jax.jit` of `jax.vmap` of `jax.jacfwd` in the caller's own process.

    Args:
        side: of the square grid.
        order: of the derivatives, 1 or 2, with those below.
    """
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    known = [(jnp.asarray(weights), jnp.asarray(bias)) for weights, bias in layers()]

    def network(point: jax.Array) -> jax.Array:
        for weights, bias in known[:-1]:
            point = jnp.tanh(weights @ point + bias)
        weights, bias = known[-1]
        return (weights @ point + bias)[0]

    def all_of(point: jax.Array) -> tuple[jax.Array, ...]:
        slopes = jax.jacfwd(network)
        found = network(point), slopes(point)
        return found if order == 1 else (*found, jax.jacfwd(slopes)(point))

    x, y = np.meshgrid(*(np.linspace(*ends, side) for ends in AXES.values()), indexing="ij")
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    compiled = jax.jit(jax.vmap(all_of))

    def call() -> list[Array]:
        return [np.asarray(each) for each in compiled(points)]

    call()
    yield in_turn(call)


@contextlib.contextmanager
def products(side: int, partials: int) -> Iterator[Run]:
    """The network's matrix products alone, one for the value and each partial, by `torch.mm` in tiles of the cache.

    One thread computes them: of two, one waits for the other at each product.

    Args:
        side: of the square grid.
        partials: how many, with the value.
    """
    import torch

    torch.set_num_threads(1)
    known = [torch.from_numpy(weights) for weights, _ in layers()]
    features = [torch.rand(weights.shape[1], _TILE, dtype=torch.float64) for weights in known]
    to = [torch.empty(len(weights), _TILE, dtype=torch.float64) for weights in known]
    counts = [1, *[partials] * (len(known) - 1)]  # partials of the first layer are the same at all points

    def call() -> None:
        for _ in range(0, side * side, _TILE):
            for weights, given, result, count in zip(known, features, to, counts, strict=True):
                for _ in range(count):
                    torch.mm(weights, given, out=result)

    call()
    yield in_turn(call)
