"""What notations refuse, and what they say of it."""

from __future__ import annotations

import re

import pytest

import gridgrad
from gridgrad.formats import read


def assert_refused(dialect: str, text: str, column: int, said: str) -> None:
    """A formula is refused at a column of its first line, by words of which some are given."""
    with pytest.raises(gridgrad.ExpressionError, match=re.escape(said)) as refused:
        read(text, dialect)
    assert f"line 1, column {column}:" in str(refused.value)
