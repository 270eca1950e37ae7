"""Why there is no compiled code of an expression."""

from __future__ import annotations

import errno

__all__ = ["CannotCompileError", "MomentaryTroubleError", "NothingToCompileWithError", "is_momentary"]

_MOMENTARY = frozenset(
    getattr(errno, name)
    for name in ("EAGAIN", "EDQUOT", "EFBIG", "EINTR", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC", "EROFS")
)


class CannotCompileError(RuntimeError):
    """There can be no compiled code of an expression; the direct tier computes it. The message says why."""


class NothingToCompileWithError(CannotCompileError):
    """This machine can't compile, whatever the expression is. The message says what it lacks."""


class MomentaryTroubleError(CannotCompileError):
    """What passes, such as a full disk or a killed compiler, has kept code from being made. The message says what."""


def is_momentary(error: BaseException | None) -> bool:
    """Whether what the system has refused may work later: it lacked room, memory, processes or descriptors."""
    return isinstance(error, OSError) and error.errno in _MOMENTARY
