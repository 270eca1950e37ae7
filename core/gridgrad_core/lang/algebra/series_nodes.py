"""Power series as nodes: polynomials, and up to where they are right to the last digit."""

from __future__ import annotations

from gridgrad_core.lang.algebra.power_series import PowerSeries
from gridgrad_core.lang.algebra.simplify import Algebra

__all__ = ["polynomial", "range_of"]

_RANGES = (1.0, 0.5, 0.25, 0.125, 0.0625)
_CUT = 2.0**-56  # of the first term
_LAST = 4  # terms, by which what is cut off is judged


def range_of(series: PowerSeries) -> float:
    """Up to which number a series may be used: what is cut off is less than rounding there. 0 if only at 0."""
    power = len(series.coefficients) - _LAST
    if power < 1:
        return 0.0
    first, cut = abs(series.coefficients[0]), max(map(abs, series.coefficients[power:]))
    return next((near for near in _RANGES if cut * near**power <= _CUT * first), 0.0)


def polynomial(algebra: Algebra, series: PowerSeries, base: int, near: float) -> int:
    """A power series, as far as it counts, by Horner's rule.

    Args:
        algebra: writes nodes.
        series: what to write.
        base: the variable.
        near: up to which number it is used.
    """
    least = _CUT * max(abs(c) * near**k for k, c in enumerate(series.coefficients))
    kept = [c if abs(c) * near**k > least else 0.0 for k, c in enumerate(series.coefficients)]
    step = 1 if any(kept[1::2]) else 2
    kept = kept[::step]
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    power = algebra.op("pow", base, algebra.const(2.0)) if step == 2 and len(kept) > 1 else base
    total = algebra.const(kept[-1])
    for c in kept[-2::-1]:
        total = algebra.mul(power, total)
        total = algebra.add(algebra.const(c), total) if c else total
    return algebra.mul(total, algebra.pow(base, algebra.const(float(series.low)))) if series.low else total
