"""Makes a package: compiles, verifies, keeps."""

from __future__ import annotations

from pathlib import Path

from gridgrad_worker.devices.device import open_device
from gridgrad_worker.engines.compiled.codegen.build import NothingToCompileWithError, build, digest_of, source_of
from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.compiled.codegen.torch_recorder import CannotCompileError
from gridgrad_worker.engines.compiled.runtime.cache import Cache
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.crash_marks import Mark
from gridgrad_worker.engines.compiled.runtime.library import Library
from gridgrad_worker.engines.compiled.verify import VerificationError, verify
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine

__all__ = ["engine_of", "make"]

_THREADS = 2


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
    direct = StructuredEngine(order.program(), order.inputs, order.ndim, order.wanted, order.torch_dtype, device)
    try:
        library = build(source_of(order, direct), workplace)
        for separating in {direct.guard is not None, False}:
            verify(order, direct, engine_of(order, direct, library, separating=separating))
    except NothingToCompileWithError as error:
        return str(error)
    except (CannotCompileError, VerificationError) as error:
        cache.refuse(order.key(), str(error))
        return str(error)
    cache.keep(order.key(), [library], digest_of(direct))
    return ""


def engine_of(
    order: Order,
    direct: StructuredEngine,
    library: Path,
    mark: Mark | None = None,
    *,
    separating: bool = True,
) -> CompiledEngine:
    """A library, ready to compute.

    Raises:
        OSError: it is none.
        AttributeError: it is another one.
    """
    loaded = Library(library, len(order.names), order.ndim)
    return CompiledEngine(direct, loaded, order.dims, order.ndim, order.torch_dtype, mark, separating=separating)
