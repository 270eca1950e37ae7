"""From trees to programs, however large."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.formats import read
from gridgrad_core.lang.program import limits


def test_what_is_read_twice_is_one_node() -> None:
    doubled = "".join(f"; a{n}=a{n + 1}+a{n + 1}" for n in range(200))
    translation = read(f"a0{doubled}; a200=x", "lepton")
    assert len(translation.nodes) == 201
    assert gridgrad.parse(str(translation)) == translation


def test_deep_formulas_are_texts_that_can_be_read_again() -> None:
    translation = read("sin(" * 2000 + "x" + ")" * 2000, "lepton")
    assert gridgrad.parse(str(translation)) == translation


def test_too_many_operations_are_refused() -> None:
    with pytest.raises(gridgrad.ExpressionError, match=f"more than {limits.MAX_OPERATIONS:,} operations"):
        read("-(" * (limits.MAX_OPERATIONS + 1) + "x" + ")" * (limits.MAX_OPERATIONS + 1), "lepton")
