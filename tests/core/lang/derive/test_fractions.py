"""Saturated fractions: found where the denominator has the numerator as a term, and derived without the difference."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.derive.fractions import Fractions
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.steps import finished


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("x**2/(1 + x**2)", "v1 = 1 + x**2\n2*x/v1/v1"),
        ("x/(y + x)", "x = x\nv1 = y + x\ny/v1/v1"),
        ("3*x/(y + x)", "x = x\nv1 = y + x\n3*(y/v1/v1)"),
        ("x/sqrt(1 + x**2)", "v1 = 1 + x**2\n1/v1**0.5/v1"),
        ("x*y/(1 + x)", "v1 = 1 + x\ny*(1/v1/v1)"),
        ("x/(2 + y)", "1/(2 + y)"),
    ],
)
def test_what_both_parts_have_in_common_is_cancelled(text: str, slope: str) -> None:
    assert derive(parse(text), [("x",)]).alone(("x",)).text == slope


@pytest.mark.parametrize(
    ("text", "exponent"),
    [
        ("x/(1 + x)", 1),
        ("-x/(y - x)", 1),
        ("2*x**3/(y + x**3 + x)", 1),
        ("x/sqrt(y + x**2)", 0.5),
        ("x**2/(1 + x)**2", 2),
        ("y**x/(1 + y**x)", 1),
        ("(1 + x)/(2 + x)", None),
        ("x/(1 + x**2)", None),
        ("x/(1 + x)**2", None),
        ("x/y", None),
        ("x/(1 + x + y + 2*y**2 + y**3 + y**4 + y**5 + y**6)", None),
    ],
)
def test_only_powers_of_a_term_are_saturated(text: str, exponent: float | None) -> None:
    builder, program = Builder(), parse(text)
    for node in program.nodes:
        builder.take(node)
    algebra = ChainRule(builder)
    finished(algebra.reading())
    quotient = program.outputs[0]
    found = Fractions(algebra, builder.nodes).get(quotient)
    assert (found.exponent if found else None) == exponent
