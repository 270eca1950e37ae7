"""Computes the tiles of a batch, and finds out which of them failed, why, and whose fault it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gridgrad_core.errors import GridgradError, InternalError, RequestError, TooLargeError
from gridgrad_worker.devices.device import is_lost, is_out_of_memory
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.worker_program import WorkerProgram

__all__ = ["compute", "understood"]

_log = logging.getLogger(__name__)


def compute(
    program: WorkerProgram, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str], *, one_by_one: bool
) -> list[str | GridgradError]:
    """Computes tiles, together unless told otherwise or that fails.

    Args:
        program: computes them.
        tiles: what to compute.
        outs: for each of them, where its results go.
        tiers: for each of them the tier that it must be computed in, or "".
        one_by_one: whether each is computed by itself.

    Returns:
        For each tile the tier that it was computed in, or what went wrong with it.

    Raises:
        torch.AcceleratorError: the device is lost. The worker is to end, and the server to start another.
    """
    if len(tiles) > 1:
        together = None if one_by_one else _together(program, tiles, outs, tiers)
        if together is not None:
            return [*together]
        each = zip(tiles, outs, tiers, strict=True)
        return [compute(program, [t], [o], [tier], one_by_one=True)[0] for t, o, tier in each]
    try:
        return [*program.compute(tiles, outs, tiers)]
    except Exception as error:
        if is_lost(error):
            raise
        return [understood(error, program.registered)] * len(tiles)


def _together(
    program: WorkerProgram, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str]
) -> list[str] | None:
    """Computes tiles together; None if that fails."""
    try:
        return program.compute(tiles, outs, tiers)
    except Exception as error:
        if is_lost(error):
            raise
        _log.debug("a batch of %d tiles failed: %s", len(tiles), error)
        return None


def understood(error: Exception, registered: str | None = None) -> GridgradError:
    """The error to tell who asked for a tile.

    Args:
        error: what was raised.
        registered: the name of the registered function that was computed; None for an expression.
    """
    if isinstance(error, GridgradError):
        return error
    if is_out_of_memory(error):
        remedy = "ask for a smaller grid or fewer derivatives at a time"
        return TooLargeError("inputs", f"out of memory: {error}", remedy)
    found = f"{type(error).__name__}: {error}"
    if registered is not None:
        remedy = "the server's log has the traceback; the function's author can say what it accepts"
        _log.warning("the registered function %r failed", registered, exc_info=error)
        return RequestError("function.registered", f"{registered!r} raised {found}", remedy)
    _log.error("a tile failed", exc_info=error)
    return InternalError("", found, "please report it, with the request that caused it")
