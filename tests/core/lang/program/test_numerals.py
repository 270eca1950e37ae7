"""Numbers as they are written: short, exact, and as Python reads them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.lang.program import limits, numerals
from gridgrad_core.lang.program.names import CONSTANTS


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (0.5, "0.5"), (1e15, "1000000000000000"), (-0.0, "-0.0")])
def test_numbers_are_written_short(value: float, text: str) -> None:
    assert numerals.written(value) == text


@given(st.floats())
def test_a_number_is_written_so_that_it_is_read_back(value: float) -> None:
    text = numerals.written(value)
    digits = text.lstrip("-")
    assert digits in CONSTANTS or numerals.problem(digits) is None
    read = float(text)
    assert math.isnan(value) if math.isnan(read) else read.hex() == value.hex()


@pytest.mark.parametrize(
    "number", ["0", "00", "1_000", "1.", ".5", "1e-3", "1_0.0_1e1_0", "9" * limits.MAX_NUMBER + "e-400"]
)
def test_what_python_reads_has_no_problem(number: str) -> None:
    assert (numerals.problem(number) is None) == (len(number) <= limits.MAX_NUMBER)


@pytest.mark.parametrize(
    ("number", "found", "remedy"),
    [
        ("007", "007 starts with a zero", "write 7"),
        ("0x1F", "0x1F is no decimal number", "write 31"),
        ("2j", "2j is a complex number", "write real numbers"),
        ("1if", "1if runs a number into a word", "write 1 if"),
        ("3e", "3e has no digits after e", "write 3e3 for a power of ten, 3*e for a product"),
        ("1__0", "1__0 has an underscore that is not between digits", "write 10"),
        ("1.2.3", "1.2.3 has two decimal points", "write one decimal point"),
        ("2x", "2x is a product without its sign", "write 2*x"),
        ("1e999", "1e999 is too large for a float64", "write inf if you mean infinity"),
        ("1" * 401, "a number of more than 400 characters", "write 17 digits"),
        ("1" * 400, f"{'1' * 20}...{'1' * 10} is too large for a float64", "write inf"),
    ],
)
def test_problems_say_what_to_write(number: str, found: str, remedy: str) -> None:
    problem = numerals.problem(number)
    assert problem is not None
    assert problem[0] == found
    assert problem[1].startswith(remedy)
