"""Programs at a point, against mpmath's values of the functions and what IEEE 754 says."""

from __future__ import annotations

import math

import mpmath as mp
import pytest

from gridgrad.checks.mpmath_functions import call
from gridgrad_core.lang.algebra.float_values import float_values
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse

POINTS = [(0.3, 0.7), (-0.6, 1.25), (2.5, -0.4), (0.0, 1.0), (1.0, 0.0), (-1.0, 2.0)]
UNKNOWN = {"gamma", "lgamma", "langevin", "floor"}


@pytest.mark.parametrize("name", sorted(name for name, f in FUNCTIONS.items() if f.group != "operator" and not f.kinds))
def test_functions_are_those_of_the_table(name: str) -> None:
    params = FUNCTIONS[name].params
    program = parse(f"{name}({', '.join(params)})")
    for point in POINTS:
        given = (*point, 3.0, 0.5)[: len(params)]
        (value,) = float_values(program, dict(zip(params, given, strict=True)))
        if value is None:
            continue
        want = float(call(name, *map(mp.mpf, given)))
        if math.isfinite(want):
            assert value == pytest.approx(want, rel=1e-13, abs=1e-15), point
        else:
            assert not math.isfinite(value), point


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("x/0", math.inf),
        ("-x/0", -math.inf),
        ("0/(x - 2)", math.nan),
        ("(x - 2)**-1", math.inf),
        ("(x - 2)**-2", math.inf),
        ("-(x - 2)**0.5", 0.0),
        ("(-x)**0.5", math.nan),
        ("log(x - 2)", -math.inf),
        ("log(-x)", math.nan),
        ("exp(1000*x)", math.inf),
        ("where(x > 1 and not x == 3, x, log(-x))", 2.0),
        ("x if x <= 1 or x >= 3 else sqrt(-x)", math.nan),
        ("max(x, 0/(x - 2))", math.nan),
        ("sech(1000*x)", 0.0),
        ("sigmoid(-1000*x)", 0.0),
        ("direction(0*x, 0*x)", 0.0),
    ],
)
def test_awkward_points(text: str, want: float) -> None:
    (value,) = float_values(parse(text), {"x": 2.0})
    assert value == want or (value is not None and math.isnan(value) and math.isnan(want))


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_what_is_not_computed_is_told_apart(name: str) -> None:
    assert float_values(parse(f"x, 2*{name}(x), {name}(x) if x > 2 else x"), {"x": 1.5}) == [1.5, None, 1.5]
