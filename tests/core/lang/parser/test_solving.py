"""`solve` in a text: what it comes to, its canonical text, and what to write instead."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    "text",
    [
        "solve(x**2 - p, x, 1)",
        "solve(x**2 - p, x, 0, p + 1)*p",
        "f = x**2 - p\ng = f*sin(f)\n3*solve(g, x, q)",
        "solve((x**2 + y**2 - p, x*y - q), (x, y), (0.9, 2.1))",
        "solve((x - y*z, y*x - q, z - p), (x, y, z), (1, 2, 3), z)",
        "solve(solve(y**3 - x*p, y, x) - q, x, q)",
        "x = solve(x**2 - p, x, 1)\nx, p*x",
        "diff(solve(x**2 - p*x, x, 1), p)",
        "solve(where(p > 0, x - p, x**3 - 2), x, 1)",
        "v1 = solve(v2 - p, v2, 1)\nv1 + v1*p",
    ],
)
def test_canonical_texts_parse_back_to_the_same(text: str) -> None:
    program = parse(text)
    assert parse(str(program), program.inputs) == program


def test_the_unknown_is_no_input() -> None:
    assert parse("f = E - ec*sin(E) - M\nsolve(f, E, M)").inputs == ("ec", "M")


def test_lines_before_may_be_made_of_the_unknown() -> None:
    assert parse("f = x**2\ng = f - p\nsolve(g, x, 1)") == parse("solve(x**2 - p, x, 1)")


def test_definitions_are_written_out_inside_and_outside() -> None:
    assert parse("f(x) = x**2 - p\nsolve(f(u), u, 1)") == parse("solve(u**2 - p, u, 1)")
    assert parse("r(a) = solve(x**2 - a, x, a)\nr(p) + r(2)") == parse("solve(x**2 - p, x, p) + solve(x**2 - 2, x, 2)")


def test_a_system_is_a_tuple_of_its_unknowns() -> None:
    assert parse("solve((x - p, y - x), (x, y), (1, 2))").components == ("x", "y")


@pytest.mark.parametrize(
    "text",
    [
        "solve(x**2 - 2, x, 0, 3)",
        "solve(x**2 - 4, x, 0, 2)",
        "solve(sin(pi*x), x, 1, 3)",  # a root at each bound, but for rounding of the same sign
        "solve(x**2 + p, x, 0, 3)",
        "solve(x**2 + 1, x, 0, p)",
        "solve(log(x), x, 0, 2)",
        "solve(gammainc(2, x) - 2, x, 0, 2)",  # of which plain floats know nothing
    ],
)
def test_bounds_that_may_have_a_root_between_them_are_taken(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "place", "found", "remedy"),
    [
        ("solve(x**2 - p, x, x)", "column 20", "in its own guess", "a guess of numbers and inputs"),
        ("solve(x - p, x, 0, x)", "column 20", "in its own bounds", "bounds of numbers and inputs"),
        ("solve(x**2 == p, x, 1)", "column 7", "a condition as a residual", "a - b for a == b"),
        ("solve((x - p, y > x), (x, y), (1, 1), x)", "column 15", "a condition as a residual", "what is to be 0"),
        ("solve(p, x, 1)", "column 10", "does not use its unknown x", "an expression of x"),
        ("solve(x - p, x, 2, 1)", "column 17", "bounds from 2 to 1", "the lower one first"),
        ("solve(x - p, x, 0, inf)", "column 20", "infinite", "a finite one, or a guess"),
        ("\nx*solve(x**2 - p, x, 1)", "line 2, column 19", "an input too", "call one of them otherwise"),
        ("solve(x - p, pi, 1)", "column 14", "a constant as the unknown", "write a name"),
        ("solve(x - p, x + 1, 1)", "column 14", "no name as the unknown", "write a name"),
        ("x = 2*p; solve(x - p, x, 1)", "column 23", "x, which is something else", "write a name"),
        ("f(x) = solve(x - p, x, 1); f(2)", "column 21", "x, which is something else already,", "write a name"),
        ("solve((x, y), (x, y), 1)", "column 23", "1 guesses for 2", "(x0, y0)"),
        ("solve((x - 1, y), x, 1)", "column 1", "2 residuals for 1", "one for each"),
        ("solve((x - 1, y - p), (x, y), (1, 2), p)", "column 39", "p as the result", "x, y"),
        ("solve(x - p)", "column 1", "3 or 4 arguments, not 1", "solve(f, x, guess)"),
        ("solve((a-p, b, c, d, f), (a, b, c, d, f), (1, 1, 1, 1, 1))", "column 1", "5 unknowns", "4 at most"),
        ("solve((x - 1, y - p), (x, y), (1, 2)) + 1", "column 1", "a tuple inside", "the whole last line"),
        (
            "solve(solve(solve(solve(d - c, d, 1) - b, c, 1) - a, b, 1) - p, a, 1)",
            "column 1",
            "4 deep",
            "as one system",
        ),
        ("+".join(["solve(x - p, x, 1)"] * 257), "column 4865", "more than 256 calls", "several requests"),
        ("solve((x - 1, x - p), (x, x), (1, 2))", "column 27", "the unknown x twice", "a name of its own"),
        ("solve(x - p, x, inf)", "column 17", "a guess that is infinite", "a finite one"),
        ("solve((x - p, y), (x, y), (nan, 1))", "column 28", "a guess that is nan", "a finite one"),
        ("solve(x - p, x, nan, 1)", "column 17", "a bound that is nan", "a finite one, or a guess"),
        ("p*solve(x**2 + 1, x, 0, 3)", "column 3", "without a change of sign: 1 at 0, 10 at 3", "between which"),
        ("solve(exp(x) - 9, x, 0, 2)", "column 1", "without a change of sign: -8 at 0, -1.6", "between which"),
        ("fsolve(x - p, x)", "column 1", "'fsolve' is no function", "solve(x**2 - p, x, 1)"),
    ],
)
def test_mistakes_say_where_and_what_to_write(text: str, place: str, found: str, remedy: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert place in refused.value.found
    assert found in refused.value.found
    assert remedy in refused.value.remedy
