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


def make(order: Order, cache: Cache, workplace: Path) -> str:
    """Puts the package of an order into the cache.

    Args:
        order: what to compile.
        cache: where it is kept.
        workplace: a directory to compile in.

    Returns:
        Why there can be none; empty if there is one.
    """
    device = open_device(order.device, _THREADS)
    try:
        built = build(order, device, workplace)
        verify(order, built.engine, engine_of(built, order))
    except (CannotCompileError, VerificationError) as error:
        cache.refuse(order.key(), str(error))
        return str(error)
    cache.keep(order.key(), built.files, built.layout)
    return ""


def engine_of(built: Built, order: Order) -> CompiledEngine:
    """What was built, ready to compute."""
    libraries = {file.name: load(file) for file in built.files}
    return CompiledEngine(built.engine, libraries.get(HOIST), libraries[GRID], order.torch_dtype)
