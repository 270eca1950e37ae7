"""Powers of one base in the derivatives of roots: their exponents are added up, and nothing else changes."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("x*sqrt(x)", "sqrt(x) + 0.5*sqrt(x)"),
        ("sqrt(x)*sqrt(x)", "1"),
        ("x**2*x**1.5", "2*x*x**1.5 + 1.5*(x**0.5*x**2)"),
        ("cbrt(x)**6", "2*x"),
        ("cbrt(x)**4", "4/3*cbrt(x)"),
        ("hypot(x, y)**2", "2*x"),
        ("sqrt(x**2 + y)**2", "2*x"),
        ("sqrt(x)*y", "0.5/sqrt(x)*y"),
        ("sqrt(x)/x", "(0.5/sqrt(x) - sqrt(x)/x)/x"),
        ("y**1.5*sqrt(x)", "0.5/sqrt(x)*y**1.5"),
    ],
)
def test_slopes_are_written_with_one_power(text: str, slope: str) -> None:
    wanted = parse(slope, ["x", "y"])
    found = derive(parse(text), [("x",)]).alone(("x",))
    for x, y in ((0.25, 3.0), (2.0, 0.5)):
        inputs = {"x": x, "y": y}
        assert evaluate(found, **inputs) == pytest.approx(evaluate(wanted, **inputs), rel=1e-14)
    operations, most = ([node.op for node in program.nodes if node.args] for program in (found, wanted))
    assert len(operations) <= len(most)


@pytest.mark.parametrize(
    "text", ["x*sqrt(x)", "x**3*x**0.25", "cbrt(x)*x", "(x**2)**0.75*x", "sqrt(x**2 + 4)*x*sqrt(x)"]
)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_are_the_limits_of_differences(text: str, order: int) -> None:
    """Of the derivative before, in the middle of the domain where all is smooth."""
    before, after = ("x",) * (order - 1), ("x",) * order
    derived = derive(parse(text), [before, after])
    h = 2.0**-17
    above, below = (evaluate(derived.alone(before), x=1.75 + step)[0] for step in (h, -h))
    assert evaluate(derived.alone(after), x=1.75)[0] == pytest.approx((above - below) / (2 * h), rel=1e-8)
