"""What is said to write for a function of another language is in this one, and means the same."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.functions.table import lookup
from gridgrad_core.lang.parser.foreign_functions import FOREIGN_FUNCTIONS
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize("name", FOREIGN_FUNCTIONS)
def test_a_foreign_name_is_refused_with_what_to_write(name: str) -> None:
    assert lookup(name) is None, "the language has it by now"
    with pytest.raises(ExpressionError) as caught:
        parse(f"2*{name}(x)")
    assert f"'{name}' is no function here" in str(caught.value)
    for written in FOREIGN_FUNCTIONS[name].written:
        assert written in caught.value.remedy


@pytest.mark.parametrize("written", sorted({w for each in FOREIGN_FUNCTIONS.values() for w in each.written}))
def test_what_to_write_is_in_the_language(written: str) -> None:
    parse(written.replace("diff(u, x)", "diff(x**2, x)"))


@pytest.mark.parametrize(
    ("name", "value", "x"),
    [
        ("asec", 1.0471975511965979, 2.0),  # mpmath 1.3: asec(2.0) and so on
        ("acsc", 0.5235987755982989, 2.0),
        ("acot", 0.46364760900080615, 2.0),
        ("asech", 1.3169578969248166, 0.5),
        ("acsch", 0.48121182505960347, 2.0),
        ("acoth", 0.5493061443340549, 2.0),
    ],
)
def test_reciprocals_are_what_they_are_elsewhere(name: str, value: float, x: float) -> None:
    python = FOREIGN_FUNCTIONS[name].written[0]
    for ours, theirs in (("arccos", "acos"), ("arcsin", "asin"), ("arctan", "atan")):
        python = python.replace(f"{ours}(", f"{theirs}(").replace(f"{ours}h(", f"{theirs}h(")
    python = python.replace("arccosh(", "acosh(").replace("arcsinh(", "asinh(").replace("arctanh(", "atanh(")
    found = eval(python, {**vars(math), "x": x})  # noqa: S307 - our own table
    assert found == pytest.approx(value, rel=1e-15)
