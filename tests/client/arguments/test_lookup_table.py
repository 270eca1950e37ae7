from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.arguments.inputs import FLOAT32, FLOAT64, computing_dtype, read_inputs
from gridgrad.arguments.lookup_table import split_tables
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.v1 import gridgrad_pb2 as pb

X, Y = [0.0, 1.0, 3.0], [1.0, 2.0, 0.0]


def test_a_table_is_what_was_given() -> None:
    made = gridgrad.table(Y, x=X, method="linear", outside="clamp")
    assert made.spec("V") == TableSpec("V", 1, 1, "clamp")
    assert repr(made) == "<gridgrad.table of 3 knots, linear, outside='clamp'>"
    two = gridgrad.table(np.ones((3, 4, 2)), x=X, y=gridgrad.linspace(0, 1, 4))
    assert two.spec("T") == TableSpec("T", 2, 3, "nan", 2)
    assert two.numbers.knots[1].tolist() == np.linspace(0, 1, 4).tolist()


def test_what_changes_later_is_not_in_it() -> None:
    values = np.array(Y)
    made = gridgrad.table(values, x=X)
    before = made.message
    values[0] = 9
    assert made.message == before


@pytest.mark.parametrize(
    ("options", "boundary"),
    [
        ({}, "not-a-knot"),
        ({"outside": "periodic"}, "periodic"),
        ({"outside": "periodic", "method": "linear"}, "not-a-knot"),
        ({"boundary": "natural"}, "natural"),
        ({"boundary": [[1, 2], (2, 0)]}, ((1, 2.0), (2, 0.0))),
    ],
)
def test_the_conditions_at_the_ends_follow_what_is_said(options: Any, boundary: Any) -> None:
    assert gridgrad.table([1.0, 2.0, 1.0], x=X, **options).numbers.boundary == boundary


@pytest.mark.parametrize(
    ("arguments", "options", "found", "remedy"),
    [
        ((Y, [0, 1, 1]), {}, "the knot 1.0 of x twice", "give each knot once"),
        ((Y, [X]), {}, "knots of x of shape [1, 3]", "give x as a list of numbers"),
        ((Y, ["a", "b", "c"]), {}, "<U1 for its knots of x", "give real numbers"),
        (([1j, 2, 3], X), {}, "complex128 for its values", "give real numbers"),
        ((Y, X), {"z": X}, "knots of z without knots of y", "give the axes in order"),
        ((Y, X), {"boundary": 7}, "boundary='7'", "say one of 'not-a-knot'"),
        ((Y, X), {"method": "makima"}, "method='makima'", "say one of 'linear'"),
    ],
)
def test_what_is_no_table_is_refused(arguments: Any, options: Any, found: str, remedy: str) -> None:
    with pytest.raises(gridgrad.RequestError) as caught:
        gridgrad.table(*arguments, **options)
    assert found in caught.value.found
    assert remedy in caught.value.remedy


def test_tables_are_told_from_other_inputs() -> None:
    made = gridgrad.table(Y, x=X)
    inputs = {"V": made, "x": [1.0]}
    plain, (given,) = split_tables(inputs)
    assert (plain, given.name, given.table) == ({"x": [1.0]}, "V", made)
    assert split_tables(plain)[0] is plain
    with pytest.raises(gridgrad.RequestError, match="name tables by text"):
        split_tables({1: made})


def test_a_table_travels_as_an_input_of_its_name() -> None:
    made = gridgrad.table(Y, x=X)
    sent = pb.GridGradientRequest.FromString(made.field("V") + made.field("W")).inputs
    assert [each.name for each in sent] == ["V", "W"]
    assert all(each.table.SerializeToString(deterministic=True) == made.message for each in sent)
    assert made.field("W") is made.field("W")


def test_the_dtype_is_that_of_arrays_and_tables_together() -> None:
    single = gridgrad.table(np.array(Y, "f4"), x=X)
    inputs = read_inputs({"x": np.array([1.0], "f4")})
    for table, dtype in ((single, FLOAT32), (gridgrad.table(Y, x=X), FLOAT64)):
        assert computing_dtype(inputs, None, split_tables({"V": table})[1]) == dtype
