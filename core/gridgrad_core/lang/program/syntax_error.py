"""What every part of the parser raises when the text is wrong at some place."""

from __future__ import annotations

from gridgrad_core.errors import ExpressionError

__all__ = ["Mistake"]


class Mistake(Exception):  # noqa: N818 - never leaves the parser; callers get an ExpressionError
    """Something wrong in a text.

    Args:
        start: the offset of the character where it is.
        found: what was found there.
        remedy: what to write instead.
    """

    def __init__(self, start: int, found: str, remedy: str) -> None:
        super().__init__(start, found, remedy)
        self.start = start
        self.found = found
        self.remedy = remedy

    def error(self, text: str) -> ExpressionError:
        """The error for the caller, who thinks in lines and columns."""
        line = text.count("\n", 0, self.start) + 1
        column = self.start - text.rfind("\n", 0, self.start)
        return ExpressionError("function.expression", f"line {line}, column {column}: {self.found}", self.remedy)
