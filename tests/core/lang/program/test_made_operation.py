"""Operations that texts make are looked up in the table like its own, and not listed by it."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.made_operation import MadeOperation


def test_the_table_knows_what_a_text_makes() -> None:
    (operation,) = [node.op for node in parse("solve(x**2 - p, x, 1)").nodes if isinstance(node.op, MadeOperation)]
    assert FUNCTIONS[operation] is operation.function
    assert operation not in FUNCTIONS
    assert operation not in list(FUNCTIONS)


def test_it_knows_no_other_name() -> None:
    with pytest.raises(KeyError):
        FUNCTIONS["solve of something"]
