"""Running error analysis: numbers beside a bound of their rounding, of one point or of many at a time.

The bound is in units of the last place, 2**-53 of a number in float64 (Higham, "Accuracy and Stability of Numerical
Algorithms", 2nd ed. (2002), section 3.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # helpers, which plan, need none of it
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RunningError"]

_T = TypeVar("_T", float, "NDArray[np.float64]")


class RunningError:
    """Sums, products and quotients of numbers, each a value and the bound of its rounding in units.

    Args:
        unit: what rounding may make of 1.
        smallest: what an operation loses below the normal numbers, in units.
    """

    def __init__(self, unit: float, smallest: float) -> None:
        self.unit = unit
        self._smallest = smallest

    def add(self, x: tuple[_T, _T], y: tuple[_T, _T]) -> tuple[_T, _T]:
        """A sum."""
        total = x[0] + y[0]
        return total, x[1] + y[1] + abs(total)

    def sub(self, x: tuple[_T, _T], y: tuple[_T, _T]) -> tuple[_T, _T]:
        """A difference."""
        total = x[0] - y[0]
        return total, x[1] + y[1] + abs(total)

    def neg(self, x: tuple[_T, _T]) -> tuple[_T, _T]:
        """A number of the other sign."""
        return -x[0], x[1]

    def mul(self, x: tuple[_T, _T], y: tuple[_T, _T]) -> tuple[_T, _T]:
        """A product."""
        product = x[0] * y[0]
        size = abs(y[0]) + self.unit * y[1]
        return product, abs(x[0]) * y[1] + size * x[1] + abs(product) + self._smallest

    def least(self, x: tuple[_T, _T]) -> _T:
        """How small a number may be, whatever its sign; 0 or less if it may be 0."""
        return abs(x[0]) - self.unit * x[1]

    def div(self, x: tuple[_T, _T], y: tuple[_T, _T], least: _T) -> tuple[_T, _T]:
        """A quotient.

        Args:
            x, y: of these.
            least: of y, and positive where the bound is to hold.
        """
        quotient = x[0] / y[0]
        return quotient, (x[1] + abs(quotient) * y[1]) / least + abs(quotient) + self._smallest
