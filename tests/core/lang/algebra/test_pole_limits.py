"""Products that outgrow a pole are 0 at it, what they are derived to is decided anew, and others stay as they are."""

from __future__ import annotations

import math

import mpmath as mp
import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from tests.core.lang.evaluator import evaluate

VANISHING = {
    "sqrt(x - sin(x))": (1, lambda x: mp.sqrt(x - mp.sin(x))),
    "(x - sin(x))**1.5": (2, lambda x: (x - mp.sin(x)) ** 1.5),
    "x*sqrt(sin(x))": (1, lambda x: x * mp.sqrt(mp.sin(x))),
    "x**2*sqrt(log(1 + x))": (1, lambda x: x**2 * mp.sqrt(mp.log(1 + x))),
    "(x**2 + x**4)**1.5": (2, lambda x: (x**2 + x**4) ** 1.5),
    "(x**2 + 4*x**2 + 2)**1.5 - (5*x**2 + 2)**1.5": (2, lambda x: mp.mpf(0) * x),
}
"""Up to which order the derivatives at 0, from above, are 0, and the function on mpmath's numbers."""


@pytest.mark.parametrize("text", VANISHING)
def test_what_outgrows_a_pole_is_its_limit_there(text: str) -> None:
    order, function = VANISHING[text]
    with mp.workdps(80):
        beside = mp.diff(function, mp.mpf(10) ** -20, order, h=mp.mpf(10) ** -40)
    assert abs(beside) < 1e-9
    found = evaluate(derive(parse(text), [("x",) * order]).alone(("x",) * order), x=0.0)[0]
    assert found == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize(
    ("text", "wrt", "at"),
    [
        ("(x**2 + y**2 + z**2)**0.5", "x", "xyz"),  # a cone's edge, where no side is 0
        ("(x**2 + y**2 + z**2)**1.5", "xxx", "xyz"),
        ("(x**2 + y**2 + z**2)**1.5", "xxxx", "xyz"),
        ("(x**2 + y**2 + z**2)**-0.5", "x", "xyz"),
        ("(x**2 + y**2 + w**2/x)**1.5", "xx", "xyw"),
        ("sqrt(x - sin(x))", "xx", "x"),
        ("sqrt(x*y - sin(x))", "x", "xy"),
        ("cbrt(x - sin(x))", "x", "x"),
        ("sqrt(x**2 + x**3)", "x", "x"),
    ],
)
def test_what_does_not_stays_as_it_is(text: str, wrt: str, at: str) -> None:
    """Its limit is no number, depends on the direction, or is not known: better nan, of which results tell."""
    found = evaluate(derive(parse(text), [tuple(wrt)]).alone(tuple(wrt)), **dict.fromkeys(at, 0.0))[0]
    assert not math.isfinite(found)


@pytest.mark.parametrize("text", ["(x**2 + y**2 + 1)**1.5", "(x**2 + exp(y) + z**2)**1.5", "sqrt(1 + x**2)*y"])
def test_no_choice_is_written_where_there_is_no_such_pole(text: str) -> None:
    derived = derive(parse(text), [("x",), ("x", "x"), ("x", "y")])
    assert "where" not in {node.op for node in derived.program.nodes}


def test_beside_the_pole_it_is_the_product() -> None:
    derived = derive(parse("(x**2 + y**2 + z**2)**1.5"), [("x", "y"), ("x", "x", "y")])
    at = {"x": 3.0, "y": 4.0, "z": 12.0}
    assert evaluate(derived.alone(("x", "y")), **at)[0] == pytest.approx(3 * 12 / 13, rel=1e-15)
    assert evaluate(derived.alone(("x", "x", "y")), **at)[0] == pytest.approx(3 * 4 / 13 - 3 * 36 / 13**3, rel=1e-14)
