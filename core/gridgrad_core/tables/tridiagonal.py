"""Systems of equations with few diagonals, for any number of right sides at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["solve_banded", "solve_tridiagonal"]

Values = NDArray[np.float64]


def solve_tridiagonal(lower: Values, diagonal: Values, upper: Values, right: Values) -> Values:
    """Solves a system whose unknowns meet their neighbours alone, by cyclic reduction.

    The equations of odd unknowns are put into those of even ones, again and again: some twenty steps of whole arrays
    for a million. It needs no pivots where the diagonal outweighs the rest, as it does for splines (Hockney, "A fast
    direct solution of Poisson's equation using Fourier analysis", J. ACM 12 (1965); Heller, "Some aspects of the cyclic
    reduction algorithm", SIAM J. Numer. Anal. 13 (1976)).

    Args:
        lower: what each unknown before has in the equations, [n]; the first is not read.
        diagonal: the unknowns themselves, [n].
        upper: those after, [n]; the last is not read.
        right: the right sides, [n, ...].

    Returns:
        The unknowns, [n, ...].
    """
    lower, upper = lower.copy(), upper.copy()
    lower[0] = upper[-1] = 0.0
    shape = (-1,) + (1,) * (right.ndim - 1)
    return _reduced(lower.reshape(shape), diagonal.reshape(shape), upper.reshape(shape), right)


def _reduced(lower: Values, diagonal: Values, upper: Values, right: Values) -> Values:
    n = len(diagonal)
    if n == 1:
        return right / diagonal
    odd = slice(1, None, 2)
    befores, afters = (n - 1) // 2, n // 2  # how many even ones have an odd neighbour before them, and after
    down = lower[2::2] / diagonal[odd][:befores]
    up = upper[0:-1:2] / diagonal[odd]
    even = [each[::2].copy() for each in (lower, diagonal, upper, right)]
    even[1][1:] -= down * upper[odd][:befores]
    even[3][1:] -= down * right[odd][:befores]
    even[0][1:] = -down * lower[odd][:befores]
    even[1][:afters] -= up * lower[odd]
    even[3][:afters] -= up * right[odd]
    even[2][:afters] = -up * upper[odd]
    even[2][afters:] = 0.0
    solved = np.empty_like(right)
    solved[::2] = _reduced(*even)
    after = np.zeros_like(solved[odd])
    after[: len(solved[2::2])] = solved[2::2]
    solved[odd] = (right[odd] - lower[odd] * solved[:-1:2] - upper[odd] * after) / diagonal[odd]
    return solved


def solve_banded(bands: Values, right: Values) -> Values:
    """Solves a system by elimination without pivots, which a totally positive matrix needs none of.

    C. de Boor, A. Pinkus, "Backward error analysis for totally positive linear systems", Numer. Math. 27 (1977).

    Args:
        bands: [2*width + 1, n], of unknown j in equation i at [width + i - j, j]. Overwritten.
        right: the right sides, [n, ...].

    Returns:
        The unknowns, [n, ...].
    """
    width, n = len(bands) // 2, bands.shape[1]
    solved = right.copy()
    for j in range(n):
        most = min(width, n - 1 - j)
        factors = bands[width + 1 : width + 1 + most, j] / bands[width, j]
        for ahead in range(1, most + 1):
            pivot = bands[width - ahead, j + ahead]
            if pivot:
                bands[width + 1 - ahead : width + 1 - ahead + most, j + ahead] -= factors * pivot
        solved[j + 1 : j + 1 + most] -= factors.reshape(-1, *[1] * (right.ndim - 1)) * solved[j]
    for j in range(n - 1, -1, -1):
        solved[j] /= bands[width, j]
        most = min(width, j)
        above = bands[width - most : width, j]
        solved[j - most : j] -= above.reshape(-1, *[1] * (right.ndim - 1)) * solved[j]
    return solved
