"""Makes a package: compiles, verifies, keeps."""

from __future__ import annotations

from pathlib import Path

from gridgrad_worker.compiled.build import Built, CannotCompileError, build
from gridgrad_worker.compiled.cache import Cache
from gridgrad_worker.compiled.compiled import CompiledEngine
from gridgrad_worker.compiled.libraries import GRID, HOIST, load
from gridgrad_worker.compiled.order import Order
from gridgrad_worker.compiled.verify import VerificationError, verify
from gridgrad_worker.devices import open_device

__all__ = ["engine_of", "make"]

_THREADS = 2
"""Compiled code shares its loops out among as many threads as there are, but only if told of more than one."""


def make(order: Order, root: Path, cache_bytes: int, workplace: Path) -> str:
    """Puts the package of an order into the cache.

    Args:
        order: what to compile.
        root: the cache's directory.
        cache_bytes: how much it may take.
        workplace: a directory to compile in.

    Returns:
        Why there can be none; empty if there is one.
    """
    cache = Cache(root, cache_bytes)
    device = open_device(order.device, _THREADS)
    try:
        built = build(order, device, workplace)
        verify(order, built.engine, engine_of(built, order))
    except (CannotCompileError, VerificationError) as error:
        cache.refuse(order.key(), str(error))
        return str(error)
    cache.keep(order.key(), built.files, built.layout, whole_vectors=built.whole_vectors)
    return ""


def engine_of(built: Built, order: Order) -> CompiledEngine:
    """What was built, ready to compute."""
    libraries = {file.name: load(file) for file in built.files}
    return CompiledEngine(built.engine, libraries.get(HOIST), libraries[GRID], order.torch_dtype, built.whole_vectors)
