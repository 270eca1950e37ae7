from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse
from tests.core.lang.evaluator import evaluate


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("piecewise((x < 0, 0), 1)", "where(x < 0, 0, 1)"),
        ("piecewise((x < 0, 0), (x < 1, x), 1)", "where(x < 0, 0, where(x < 1, x, 1))"),
        ("piecewise((x, y), (x > y, 2*x), nan,)", "where(x != 0, y, where(x > y, 2*x, nan))"),
        ("2*piecewise((x < 0, piecewise((y < 0, 1), 2)), 3)**2", "2*where(x < 0, where(y < 0, 1, 2), 3)**2"),
        ("piecewise = 2; piecewise + piecewise((x < 0, y), x)", "2 + where(x < 0, y, x)"),
        ("diff(piecewise((x < 0, x**2), (x < 1, y), x), x)", "where(x < 0, 2*x, where(x < 1, 0, 1))"),
    ],
)
def test_the_first_pair_whose_condition_holds_is_taken(text: str, expanded: str) -> None:
    assert parse(text) == parse(expanded)
    assert parse(text).digest == parse(expanded).digest


def test_what_is_not_chosen_has_no_part() -> None:
    program = parse("piecewise((x <= 0, 1), (x < 2, log(x)), 1/(x - 2))")
    assert [evaluate(program, x=x)[0] for x in (-1.0, 1.0, 4.0)] == [1.0, 0.0, 0.5]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("1 + piecewise()", 5, "a piecewise without an expression after its pairs; write pairs, and last what it is"),
        ("piecewise((x < 1, 2))", 1, "a piecewise without an expression after its pairs"),
        ("piecewise((x < 1, 2), (x < 2, 3))", 23, "as in piecewise((x < 0, 0), (x < 1, x), 1); nan leaves it open"),
        ("piecewise(x < 1, 2)", 11, "no pair of a condition and an expression; write (condition, expression)"),
        ("piecewise((x < 1, 2, 3), 2)", 11, "no pair of a condition and an expression"),
        ("piecewise((x, x < 1), 2)", 11, "a pair with its condition last; write (condition, expression)"),
        ("piecewise((x < 1, (1, 2)), 2)", 19, "a tuple inside an expression"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert f"line 1, column {column}: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("lambertw(x)", "lambertw(x)"),
        ("lambertw(x, 0)", "lambertw(x)"),
        ("lambertw(x, -1)", "lambertw_m1(x)"),
        ("k = 1 - 2; lambertw(2*x, k)", "lambertw_m1(2*x)"),
    ],
)
def test_a_branch_is_a_function_by_itself(text: str, row: str) -> None:
    assert parse(text) == parse(row)


@pytest.mark.parametrize("branch", ["1", "-2", "0.5", "x", "(0, 1)"])
def test_a_branch_that_is_not_real_is_refused(branch: str) -> None:
    with pytest.raises(ExpressionError, match=r"a branch of lambertw that is not real.*write 0 or -1, as in"):
        parse(f"lambertw(x, {branch})")


def test_further_arguments_are_too_many() -> None:
    with pytest.raises(ExpressionError, match="lambertw"):
        parse("lambertw(x, 0, 1)")
