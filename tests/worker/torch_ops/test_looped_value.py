"""Loops on tensors: of any shape, and each number as if it were alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from gridgrad_core.lang.functions.tabulated import ARRAY, TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_worker.torch_ops.evaluate import torch_function
from gridgrad_worker.torch_ops.lookups import BoundTable, looking_up
from gridgrad_worker.torch_ops.looped_value import rounding_of
from gridgrad_worker.torch_ops.table import VALUES
from tests.core.lang.loops.searching import operation

pytestmark = pytest.mark.processor

ROOT = operation("solve(exp(x) + x**2 - p, x, 1)")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 64), (2, 1, 7), (0,)])
def test_arguments_of_any_shape_are_solved_for(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    right = torch.linspace(2, 9, torch.Size(shape).numel(), dtype=dtype).reshape(shape)
    found = VALUES[ROOT](torch.ones((), dtype=dtype), right)
    assert found.shape == right.shape
    assert found.dtype == dtype
    torch.testing.assert_close(found.exp() + found**2, right)


def test_a_number_has_the_same_bits_among_any_others() -> None:
    right = torch.cat([torch.linspace(1.5, 1e6, 5000), torch.full((4,), -1.0), torch.full((372,), torch.nan)]).double()
    together = VALUES[ROOT](torch.ones(()).double(), right)
    for first in range(0, len(right) - 64, 640):
        part = right[first : first + 64]
        torch.testing.assert_close(
            VALUES[ROOT](torch.ones(()).double(), part), together[first : first + 64], rtol=0, atol=0, equal_nan=True
        )
    alone = VALUES[ROOT](torch.ones(()).double(), right[7])
    assert alone == together[7]


def test_rounding_is_that_of_the_dtype() -> None:
    assert rounding_of(torch.float32) == (2.0**-23, 2.0**-126)


def test_no_other_operation_has_a_value() -> None:
    with pytest.raises(KeyError):
        VALUES["solve"]


def array(numbers: object) -> BoundTable:
    table = TableNumbers(np.asarray(numbers, float), (), ARRAY, "", "not-a-knot")
    return BoundTable.of(table, torch.float64, torch.device("cpu"))


@pytest.mark.parametrize(("count", "points"), [(1, 1), (3, 2), (700, 1), (700, 97), (5, 40_000)])
def test_terms_are_added_in_order_however_many_are_computed_at_once(count: int, points: int) -> None:
    draw = np.random.default_rng(count)
    numbers, x = draw.normal(size=count), draw.normal(size=points)
    function = torch_function(parse("sum(n*x)", (), [TableSpec("n", 0, 0, "")]), ["x"], torch.float64)
    with looking_up([array(numbers)]):
        (found,) = function(torch.from_numpy(x))
    right = np.zeros(points)
    for number in numbers:
        right = right + number * x
    assert_array_equal(found.numpy(), right)


def test_what_depends_on_no_input_is_a_number() -> None:
    function = torch_function(parse("sum(n**2) + 0*len(n)", (), [TableSpec("n", 0, 0, "")]), [], torch.float64)
    with looking_up([array([1, 2, 3])]):
        assert function()[0].item() == 14
