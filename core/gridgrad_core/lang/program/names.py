"""Names: which words are free to be one, and which stand for constants."""

from __future__ import annotations

import math
import re

from gridgrad_core.lang.program import limits

__all__ = ["CONSTANTS", "INTRODUCED", "KEYWORDS", "introduced", "is_name"]

KEYWORDS = frozenset({"and", "or", "not", "if", "else"})
"""Operators that are words. All other words are free to be names."""

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
"""What these names stand for, unless an input or a variable is called so."""

INTRODUCED = "v{}"
"""What canonical texts call the variables that nobody has named, by their numbers."""

_INTRODUCED = re.compile(r"v\d+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_name(text: str) -> bool:
    """Whether an input or a variable can have this name."""
    return len(text) <= limits.MAX_NAME and _NAME.fullmatch(text) is not None and text not in KEYWORDS


def introduced(name: str) -> bool:
    """Whether a canonical text may have made this name up."""
    return _INTRODUCED.fullmatch(name) is not None
