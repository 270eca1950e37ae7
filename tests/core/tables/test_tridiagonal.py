from __future__ import annotations

import numpy as np
import pytest

from gridgrad_core.tables.tridiagonal import solve_banded, solve_tridiagonal

DRAW = np.random.default_rng(3)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 9, 33, 100])
@pytest.mark.parametrize("columns", [(), (2,), (2, 3)])
def test_tridiagonal_systems_are_solved(n: int, columns: tuple[int, ...]) -> None:
    lower, upper = DRAW.uniform(0.1, 1, (2, n))
    diagonal = 2.1 + DRAW.uniform(0, 1, n)
    right = DRAW.normal(size=(n, *columns))
    matrix = np.diag(diagonal) + np.diag(lower[1:], -1) + np.diag(upper[:-1], 1)
    expected = np.linalg.solve(matrix, right.reshape(n, -1)).reshape(right.shape)
    np.testing.assert_allclose(solve_tridiagonal(lower, diagonal, upper, right), expected, rtol=1e-13, atol=1e-14)


def test_what_is_given_stays_as_it_was() -> None:
    given = [*DRAW.uniform(0.1, 1, (2, 9)), np.full(9, 3.0), DRAW.normal(size=9)]
    before = [each.copy() for each in given]
    solve_tridiagonal(given[0], given[2], given[1], given[3])
    assert all(np.array_equal(*each) for each in zip(given, before, strict=True))


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("columns", [(), (3, 2)])
def test_banded_systems_are_solved(width: int, columns: tuple[int, ...]) -> None:
    n = 14
    matrix = np.zeros((n, n))
    bands = np.zeros((2 * width + 1, n))
    for i in range(n):
        for j in range(max(0, i - width), min(n, i + width + 1)):
            matrix[i, j] = bands[width + i - j, j] = DRAW.uniform(0.1, 1) + 4 * width * (i == j)
    right = DRAW.normal(size=(n, *columns))
    expected = np.linalg.solve(matrix, right.reshape(n, -1)).reshape(right.shape)
    np.testing.assert_allclose(solve_banded(bands, right), expected, rtol=1e-12, atol=1e-14)
