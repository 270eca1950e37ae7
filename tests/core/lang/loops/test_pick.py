"""A number of a list, by its place."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.loops.pick import Pick
from gridgrad_core.lang.program.nodes import CallBuilder


def test_lists_of_the_same_numbers_are_one_operation() -> None:
    assert Pick((1.0, 2.0)) == Pick((1.0, 2.0))
    assert Pick((1.0, 2.0)) != Pick((2.0, 1.0))
    assert FUNCTIONS[Pick((1.0,))].derivatives == ("0",)


def test_no_text_has_it() -> None:
    builder = CallBuilder(())
    place = builder.const(1.0)
    assert builder.nodes[Pick((1.0, 2.0)).applied(builder, [place])].args == (place,)
    with pytest.raises(NotImplementedError):
        Pick((1.0,)).opened(builder, [place])
