"""The errors: one tree, as it is drawn, and one table of reasons."""

from __future__ import annotations

import re

import pytest

from gridgrad_core import errors
from gridgrad_core.errors import REASONS

DRAWN = re.compile(r"^([│ ]*)[├└]── (\w+)(?: \((\w+)\))?", re.MULTILINE)
CLASSES = [
    each for name in errors.__all__ if isinstance(each := getattr(errors, name), type) and issubclass(each, Exception)
]


def drawn_parents() -> dict[str, tuple[str, str]]:
    """Of each class in the drawing the parent above it, and the class of Python beside it."""
    above, found = {-1: "GridgradError"}, {}
    for indent, name, builtin in DRAWN.findall(errors.__doc__ or ""):
        depth = len(indent) // 4
        above[depth] = name
        found[name] = (above[depth - 1], builtin)
    return found


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = drawn_parents()
    assert set(drawn) == {each.__name__ for each in CLASSES} - {"GridgradError"}
    for name, (parent, builtin) in drawn.items():
        bases = [base.__name__ for base in getattr(errors, name).__bases__]
        assert bases == ([parent, builtin] if builtin else [parent])


@pytest.mark.parametrize("reason", REASONS)
def test_codes_are_those_of_grpc_and_numbers_are_each_its_own(reason: str) -> None:
    assert 0 < REASONS[reason].code <= 16
    assert [row.number for row in REASONS.values()].count(REASONS[reason].number) == 1


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("inputs[0]", "a repeated dim", "use it once"), "inputs[0]: a repeated dim; use it once"),
        (("", "full", "call again"), "full; call again"),
        (("field", "found"), "field: found"),
        (("", "full"), "full"),
        (("", "", "call again"), "call again"),
    ],
)
def test_the_text_is_what_was_found_where_and_what_to_do(parts: tuple[str, ...], text: str) -> None:
    error = errors.RequestError(*parts)
    assert str(error) == text
    assert isinstance(error, ValueError)
    assert error.request is None
