"""Determinants against numpy's."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from gridgrad_core.lang.local.determinant import determinant, without


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_determinants_are_numpys(size: int) -> None:
    matrix = np.random.default_rng(size).normal(size=(size, size))
    found = determinant(matrix.tolist(), operator.add, operator.mul, operator.neg)
    assert found == pytest.approx(np.linalg.det(matrix), rel=1e-12)


def test_zeros_are_left_out() -> None:
    rows = [[None, 2.0], [3.0, None]]
    assert determinant(rows, operator.add, operator.mul, operator.neg) == -6.0
    assert determinant([[None, 2.0], [None, 1.0]], operator.add, operator.mul, operator.neg) is None


def test_a_matrix_without_rows_has_the_determinant_one() -> None:
    assert determinant(without([[5.0]], 0, 0), operator.add, operator.mul, operator.neg, 1.0) == 1.0
