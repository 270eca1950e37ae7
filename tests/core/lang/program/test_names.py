"""Names: which words are free, and which are not."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.names import CONSTANTS, KEYWORDS, introduced, is_name


@pytest.mark.parametrize("name", ["x", "_", "x1", "lambda", "in", "is", "gamma", "e", "pi", "None", "a" * 64])
def test_names_are_free(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "1x", "x y", "x.y", "größe", "x\n", "a" * 65, *sorted(KEYWORDS)])
def test_other_names_are_not(name: str) -> None:
    assert not is_name(name)


def test_constants_may_be_names_and_are_what_they_say() -> None:
    assert all(is_name(name) for name in CONSTANTS)
    assert CONSTANTS["pi"] == math.pi
    assert CONSTANTS["e"] == math.e
    assert CONSTANTS["inf"] == math.inf
    assert math.isnan(CONSTANTS["nan"])


def test_names_that_canonical_texts_make_up_are_known() -> None:
    text = parse("sin(x)*sin(x) + cos(y)*cos(y)").text
    assert [line.split(" = ")[0] for line in text.splitlines()[:-1]] == ["v1", "v2"]
    assert all(map(introduced, ("v1", "v2", "v10")))
    assert not any(map(introduced, ("v", "v1a", "av1", "V1")))
