"""Terms as text."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.fluids.file_value import FileValue
from gridgrad.fluids.term_text import joined, number, power, product, rows


def test_parts_of_terms() -> None:
    assert [number(value) for value in (2.0, -3.0, 0.25, 1e300)] == ["2", "-3", "0.25", "1e+300"]
    assert [power("x", value) for value in (0.0, 1.0, 2.0, -0.5)] == ["", "x", "x**2", "x**(-0.5)"]
    assert product("2", "", "x") == "2*x"
    assert product("", "") == "1"
    assert joined(["a", "-2*b", "c"]) == "a - 2*b + c"
    assert joined([]) == "0"


def test_lists_side_by_side() -> None:
    assert rows(FileValue({"n": [1, 2], "t": [3, 4]}, "here"), ("n", "t")) == [(1.0, 3.0), (2.0, 4.0)]
    with pytest.raises(gridgrad.RequestError, match=r"here.t: has 1 numbers, others have 2"):
        rows(FileValue({"n": [1, 2], "t": [3]}, "here"), ("n", "t"))
