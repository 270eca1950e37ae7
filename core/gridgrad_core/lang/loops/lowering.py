"""Which loop computes an operation with a sub-program."""

from __future__ import annotations

import functools

from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.bracket import bracket
from gridgrad_core.lang.loops.loop import Loop
from gridgrad_core.lang.loops.newton import newton
from gridgrad_core.lang.loops.residual import Rounding
from gridgrad_core.lang.loops.series import integral, series

__all__ = ["loop_of"]

_REMEMBERED = 256


@functools.lru_cache(maxsize=_REMEMBERED)
def loop_of(operation: LocalOperation, rounding: Rounding) -> Loop:
    """The loop of an operation.

    Args:
        operation: such as a `solve`.
        rounding: of the computing dtype.
    """
    if operation.kind != "solve":
        return integral(operation) if operation.kind == "integrate" else series(operation)
    return bracket(operation, rounding) if operation.leading > len(operation.names) else newton(operation, rounding)
