"""Why there is no compiled code of an expression."""

from __future__ import annotations

__all__ = ["CannotCompileError", "NothingToCompileWithError"]


class CannotCompileError(RuntimeError):
    """There can be no compiled code of an expression; the direct tier computes it. The message says why."""


class NothingToCompileWithError(CannotCompileError):
    """This machine can't compile, whatever the expression is. The message says what it lacks."""
