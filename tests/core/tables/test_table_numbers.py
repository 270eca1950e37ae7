from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import ARRAY, MAX_ARRAY, TableSpec
from gridgrad_core.tables.table_numbers import MAX_COEFFICIENTS, MAX_TABLE_NUMBERS, TableNumbers

X = np.array([0.0, 1.0, 2.0, 4.0])
Y = np.array([1.0, 2.0, 0.0, 1.0])


def made(
    values: Any = Y, *knots: Any, method: Any = "cubic", outside: Any = "nan", boundary: Any = "not-a-knot"
) -> Any:
    given = tuple(np.asarray(each, float) for each in knots or (X,))
    return TableNumbers(np.asarray(values, float), given, method, outside, boundary)


def test_a_table_says_what_it_is() -> None:
    assert made().checked("t").spec("V") == TableSpec("V", 1, 3, "nan", 0)
    both = made(np.ones((4, 4, 2)), X, X, method="linear", outside="clamp").checked("t")
    assert both.spec("T") == TableSpec("T", 2, 1, "clamp", 2)


def test_an_array_is_its_values_alone_whatever_they_are() -> None:
    array = TableNumbers(np.array([1.0, np.nan]), (), ARRAY, "", "not-a-knot")
    assert array.checked("t").spec("n") == TableSpec("n", 0, 0, "")
    assert TableSpec("n", 0, 0, "").is_array
    for wrong in (np.ones((2, 2)), np.ones(MAX_ARRAY + 1), np.ones(0)):
        with pytest.raises(RequestError, match="give 1 to 4,096 numbers along one dim"):
            array._replace(values=wrong).checked("t")


def test_descending_knots_are_turned_round_with_their_values() -> None:
    values = np.arange(12.0).reshape(4, 3)
    turned = made(values, X[::-1], [3.0, 2.0, 1.0], method="linear").checked("t")
    assert [each.tolist() for each in turned.knots] == [X.tolist(), [1.0, 2.0, 3.0]]
    assert turned.values.tolist() == values[::-1, ::-1].tolist()


@pytest.mark.parametrize(
    ("table", "found", "remedy"),
    [
        (
            made(method="spline"),
            "method='spline'",
            "say one of 'linear', 'cubic', 'akima', 'pchip', 'hermite', 'quintic'",
        ),
        (made(outside=None), "outside=None", "say one of 'extrapolate', 'nan', 'clamp', 'periodic'"),
        (made([1, 2, 3]), "values of shape [3] for 4 knots", "give values of shape [4]"),
        (made(np.ones((4, 2, 2))), "values of shape [4, 2, 2] for 4 knots", "one more dim for several components"),
        (made(Y, X, X, X, X), "4 axes of knots", "give 1 to 3: x=, y=, z="),
        (made(Y, [0, 1, 1, 2]), "the knot 1.0 of x twice, at 1 and 2", "give each knot once"),
        (
            made(Y, [0, 2, 1, 3]),
            "the knot 2.0 of x before 1.0, at 1 and 2",
            "in ascending order or in descending order",
        ),
        (made(Y, [0, 1, np.nan, 3]), "nan among the knots of x, at 2", "give finite knots"),
        (made([0, np.inf, 1, 2]), "inf among its values, at [1]", "leave such points out"),
        (made([1], [0]), "1 knots of x, where method='cubic' takes at least 2", "give 2 knots or more"),
        (made(method="quintic"), "4 knots of x, where method='quintic' takes at least 6", "or say method='linear'"),
        (made(np.ones((2, 3)), method="hermite"), "values of shape [2, 3] for 4 knots", "shape [2, 4]"),
        (made(np.ones((4, 2)), method="hermite"), "shape [4, 2] for 1 arguments", "of shape [2, 4]"),
        (made(np.ones((2, 4, 4)), X, X, method="hermite"), "for 2 arguments by method='hermite'", "one argument"),
        (made(np.ones((4, 4)), X, X, method="pchip"), "method='pchip' with 2 arguments", "say method='cubic'"),
        (made(boundary="open"), "boundary='open'", "say one of 'not-a-knot', 'natural', 'clamped', 'periodic'"),
        (made(method="linear", boundary="natural"), "boundary='natural' with method='linear'", "leave it out"),
        (made(boundary=((3, 0.0), (1, 0.0))), "boundary=((3, 0.0), (1, 0.0))", "say the order, 1 or 2"),
        (made(boundary=((1, 0.0),)), "boundary=((1, 0.0),)", "at either end: ((1, 0.0), (2, 0.0))"),
        (made(np.ones((4, 4)), X, X, boundary=((1, 0.0), (1, 0.0))), "with 2 arguments", "of one argument say"),
        (made([1, 2, 3, 4], outside="periodic"), "whose first and last values differ, by 3", "numpy.append(values"),
        (made([1, 2, 3, 4], boundary="periodic"), "whose first and last values differ", "one period further on"),
        (made(np.zeros((0,)), []), "no knots of x", "give two or more"),
    ],
)
def test_bad_tables_are_refused_with_what_to_do(table: TableNumbers, found: str, remedy: str) -> None:
    with pytest.raises(RequestError) as caught:
        table.checked("inputs['V']")
    assert caught.value.field == "inputs['V']"
    assert found in caught.value.found
    assert remedy in caught.value.remedy


def test_what_takes_too_much_memory_is_refused() -> None:
    many = np.arange(MAX_TABLE_NUMBERS + 1.0)
    with pytest.raises(RequestError, match="give at most 1,048,576"):
        made(many, many).checked("t")
    side = np.arange(1.0 + round((MAX_COEFFICIENTS // 64) ** (1 / 3)))
    with pytest.raises(RequestError, match="say method='linear'"):
        made(np.zeros((len(side),) * 3), side, side, side).checked("t")
    long = np.arange(20_000.0)
    with pytest.raises(RequestError, match="say method='cubic'"):
        made(long, long, method="quintic").checked("t")
