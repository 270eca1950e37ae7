from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM, LOOKUPS, OUTSIDE, TableSpec
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_worker.torch_ops.lookups import VALUES, BoundTable, looking_up, sample_tables

KNOTS = np.array([0.0, 1.0, 1.5, 4.0])
CPU = torch.device("cpu")


def bound(dtype: torch.dtype = torch.float64) -> BoundTable:
    values = np.array([[0.0, 5.0], [1.0, 6.0], [3.0, 7.0], [0.0, 5.0]])
    return BoundTable.of(TableNumbers(values, (KNOTS,), "linear", "nan", "not-a-knot"), dtype, CPU)


def looked_up(op: str, *arguments: float | list[float]) -> list[float]:
    *integers, x = arguments
    with looking_up([bound()]):
        found: list[float] = VALUES[op](*integers, torch.tensor(x, dtype=torch.float64)).tolist()
    return found


def test_each_look_up_has_a_value() -> None:
    assert set(VALUES) == {*LOOKUPS, ARRAY_ITEM.name}


def test_a_place_is_in_the_cell_of_the_last_knot_that_is_not_right_of_it() -> None:
    places = [-1.0, 0.0, 0.5, 1.0, 1.2, 1.5, 3.0, 4.0, 9.0, -math.inf, math.inf]
    assert looked_up("table_cell", 0, 0, places) == [0, 0, 0, 1, 1, 2, 2, 2, 2, 0, 2]
    assert looked_up("table_knot", 0, 0, [0.0, 1.0, 2.0]) == [0, 1, 1.5]


def test_components_have_their_coefficients_one_after_another() -> None:
    assert looked_up("table_item_1", 0, 1, [0.0, 1.0, 2.0]) == [1, 4, -1.2]
    assert looked_up("table_item_1", 1, 0, [0.0, 1.0, 2.0]) == [5, 6, 7]
    assert looked_up("table_item_1", 1, 0, [-1.0, 7.0, math.nan]) == [5, 7, 5]


@pytest.mark.parametrize(
    ("outside", "places"),
    [
        ("nan", [math.nan, 0, 2, 4, math.nan]),
        ("clamp", [0, 0, 2, 4, 4]),
        ("periodic", [3, 0, 2, 0, 1]),
    ],
)
def test_what_is_outside_is_brought_in(outside: str, places: list[float]) -> None:
    found = looked_up("table_place", 0, 0, OUTSIDE.index(outside), [-1.0, 0.0, 2.0, 4.0, 5.0])
    np.testing.assert_array_equal(found, places)
    assert math.isnan(looked_up("table_place", 0, 0, OUTSIDE.index(outside), [math.nan])[0])


def test_tables_are_those_of_the_innermost_block() -> None:
    with looking_up([bound()]):
        with looking_up([bound(torch.float32), bound(torch.float32)]):
            assert VALUES["table_knot"](1, 0, torch.zeros(1)).dtype == torch.float32
        assert VALUES["table_knot"](0, 0, torch.zeros(1, dtype=torch.float64)).dtype == torch.float64
        with pytest.raises(IndexError):
            VALUES["table_knot"](1, 0, torch.zeros(1))


def test_samples_are_of_the_kinds_that_are_asked_for() -> None:
    specs = [TableSpec("a", 1, 5, "nan"), TableSpec("b", 3, 1, "clamp", 2)]
    quintic, linear = sample_tables(specs, torch.float32)
    assert (quintic.powers, len(quintic.knots), len(quintic.coefficients)) == (6, 1, 1)
    assert (linear.powers, len(linear.knots), len(linear.coefficients)) == (8, 3, 2)
    assert linear.nbytes == 4 * (3 * 16 + 2 * 15**3 * 8)
