"""Exponentials of sums as products: which are, and what they come to."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.adjoint.dim_sums import Masks
from gridgrad_core.lang.adjoint.exponentials import with_products
from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from tests.core.lang.evaluator import evaluate

AT = {"t": 0.3, "k": 0.7, "x": 1.1, "a": 0.4}
MASKS = {"t": 1, "k": 2, "x": 4, "a": 0}


@pytest.mark.parametrize(
    ("exponent", "factors"),
    [
        ("t + k", 2),
        ("-(t - a)**2 - 2*(k - t*0 - x) + a", 0),
        ("-2*(t**2 - 3*k) + a", 2),
        ("t*k + x", 2),
        ("t - k - x + a", 3),
        ("t*k*x", 0),
        ("t + a", 0),
    ],
)
def test_products_are_the_same(exponent: str, factors: int) -> None:
    program, builder = parse(f"exp({exponent}) + t*0*k*x*a"), Builder()
    algebra, masks = Algebra(builder), Masks(builder, MASKS)
    outputs, watched = with_products(program, builder, algebra, masks)
    nodes, places = finished(collecting(builder.nodes, outputs))
    made = Program(tuple(nodes), tuple(places[each] for each in outputs), ("f",), False, program.inputs)
    (found,) = evaluate(made, **AT)
    (expected,) = evaluate(program, **AT)
    assert float(found) == pytest.approx(float(expected), rel=1e-14)
    assert math.isfinite(float(found))
    assert len(watched) == factors or factors == 0
