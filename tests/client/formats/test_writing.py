"""Programs as texts of other notations: what `origin_answers` recorded of them, and that they are read again."""

from __future__ import annotations

import math

import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.formats import DIALECTS, read, write
from tests.client.formats.origin_answers import recorded
from tests.core.lang.evaluator import evaluate


def value(program: gridgrad.Program, at: dict[str, float]) -> float:
    (found,) = evaluate(program, **{name: at[name] for name in program.inputs})
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_written_means_the_same_there_and_when_it_is_read_again(dialect: str) -> None:
    cases = recorded(dialect, "written")
    assert len(cases) > 100
    for case in cases:
        ours = gridgrad.parse(case["ours"])
        assert write(ours, dialect) == case["text"]
        seen = value(ours, case["at"]), value(read(case["text"], dialect), case["at"])
        assert_allclose(seen, case["value"], rtol=1e-13, err_msg=case["text"])


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("lepton", "(-(v1^2)) + sin(v1); v1 = x*y - 1"),
        ("exprtk", "var v1 := x*y - 1; (-(v1^2)) + sin(v1)"),
        ("muparser", "(-((x*y - 1)^2)) + sin(x*y - 1)"),
        ("lammps", "(-((v_x*v_y - 1)^2)) + sin(v_x*v_y - 1)"),
        ("fparser", "v1 := x*y - 1; (-(v1^2)) + sin(v1)"),
    ],
)
def test_powers_and_signs_are_in_parentheses(dialect: str, text: str) -> None:
    assert write("u = x*y - 1\n-u**2 + sin(u)", dialect) == text


@pytest.mark.parametrize(
    ("function", "dialect", "said"),
    [
        ("gamma(x)", "lepton", "gamma, which lepton has not"),
        ("erf(x)", "muparser", "erf, which muparser has not"),
        ("(x, y)", "lepton", "2 components"),
        ("x + inf", "exprtk", "the number inf"),
        ("X + x", "exprtk", "differ by case alone"),
        ("sum(x**k, k, 0, 1000)", "muparser", "which muparser has not"),
    ],
)
def test_what_a_notation_has_not_is_refused(function: str, dialect: str, said: str) -> None:
    with pytest.raises(gridgrad.ExpressionError, match=said):
        write(function, dialect)


@pytest.mark.parametrize(
    ("name", "dialect"), [("_x", "exprtk"), ("epsilon", "exprtk"), ("e", "fparser"), ("_pi", "muparser")]
)
def test_a_name_that_means_something_else_there_is_refused(name: str, dialect: str) -> None:
    program = gridgrad.parse(f"2*{name}", [name])
    with pytest.raises(gridgrad.ExpressionError, match=f"input '{name}', which is no name of an input in {dialect}"):
        write(program, dialect)


def test_what_is_no_program_is_refused_with_how_to_make_one() -> None:
    with pytest.raises(gridgrad.RequestError, match=r"function: a function; .*gridgrad\.trace\(function\)"):
        write(lambda x: x, "lammps")  # type: ignore[arg-type]


def test_a_search_is_refused_by_its_name_alone() -> None:
    with pytest.raises(gridgrad.ExpressionError, match="program: solve, which lammps has not"):
        write("solve(x**2 - p, x, 1)", "lammps")


def test_an_unknown_notation_is_refused() -> None:
    with pytest.raises(gridgrad.RequestError, match="those that can be written: lepton"):
        write("x", "maple")


def test_a_program_that_is_long_without_definitions_is_refused() -> None:
    doubled = "\n".join(f"a{n + 1} = a{n}*a{n} + 1" for n in range(40))
    assert write(f"a0 = x\n{doubled}\na40", "fparser").count(":=") == 39
    with pytest.raises(gridgrad.ExpressionError, match="characters"):
        write(f"a0 = x\n{doubled}\na40", "muparser")


def test_numbers_are_read_again_to_the_bit() -> None:
    for number in (1e-300, 0.1, 2.0**60, math.pi * 1e20, 5e-324):
        for dialect in DIALECTS:
            assert value(read(write(f"x*{number!r}", dialect), dialect), {"x": 1.0}) == number
