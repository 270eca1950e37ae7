"""The check itself, without I/O: requests come out, results go in, a report is what it ends with."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from gridgrad.checks.expected import Expectations, Expected, by_differences, by_mpmath, has_mpmath
from gridgrad.checks.report import CheckReport, Disagreement
from gridgrad.checks.sample import Sample, as_sent, draw
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad.results.labels import symbol
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative
from gridgrad_core.lang.derive.remarks import remarks

__all__ = ["checking"]

_TOLERANCES = {"float32": 1e-3, "float64": 1e-6}
_NOISE = 1e-6  # of the largest value: a derivative below that is compared as if it were that large

Array = NDArray[np.float64]


def checking(
    request: Request, *, points: int, tolerance: float | None, seed: int
) -> Generator[Request, Result, CheckReport]:
    """Checks what is served for a request.

    Args:
        request: the function, its inputs and derivatives.
        points: at how many points of the grid.
        tolerance: as for `Client.check`.
        seed: of the random numbers that choose the points.

    Yields:
        Requests to be answered with their results.

    Raises:
        RequestError: an argument that can't be meant, or something in the request is wrong.
    """
    if not isinstance(points, int) or points < 1:
        raise RequestError("points", f"{points!r}", "give how many points to compare, 1 or more")
    if tolerance is not None and not 0 < tolerance < math.inf:
        raise RequestError("tolerance", f"{tolerance!r}", "give a relative difference, such as 1e-6")
    call = prepare(request)
    sent = as_sent(call)
    precise = call.function[0] == "expression" and has_mpmath()
    if not (precise or call.template.derivatives):
        remedy = "ask for order=1 or more; for expressions, pip install 'gridgrad[check]' compares values too"
        raise RequestError("derivatives", "none, and a value alone can't be checked by differences", remedy)
    result = yield sent
    sample = draw(sent, result, points, seed)
    found = by_mpmath(sample) if precise else (yield from by_differences(sample))
    allowed = tolerance if tolerance is not None else _TOLERANCES[call.template.dtype.name]
    return _report(sample, found, allowed)._replace(remarks=tuple(_remarks(sample)))


def _remarks(sample: Sample) -> Iterator[str]:
    if isinstance(sample.function, str):
        yield from remarks(sample.program(), sample.served)
    for derivative, served in sample.served.items():
        for component, values, own in zip(sample.components, sample.served[()], served, strict=True):
            missing = int((np.isnan(own) & np.isfinite(values)).sum())
            if missing:
                name = symbol(component, derivative)
                yield f"{name} is nan at {missing} of {sample.points} points where the value is finite"


def _report(sample: Sample, found: Expectations, tolerance: float) -> CheckReport:
    compared: dict[tuple[str, Derivative], int] = {}
    disagreements: list[Disagreement] = []
    for derivative, expected in found.expected.items():
        for number, component in enumerate(sample.components):
            mine = Expected(*(each[number] for each in expected))
            bounds = tolerance * _sizes(sample, derivative, number, mine.values) + mine.errors
            compared[component, derivative] = int(np.isfinite(mine.values).sum())
            disagreements += _differing(sample, derivative, component, mine, bounds)
    return CheckReport(tuple(disagreements), compared, sample.points, found.method, tolerance)


def _sizes(sample: Sample, derivative: Derivative, component: int, expected: Array) -> Array:
    """What differences are relative to: the expected value, or where it vanishes a millionth of the largest."""
    largest = np.nanmax([sample.size(derivative, component), *np.abs(expected)])
    sizes: Array = np.maximum(np.abs(expected), _NOISE * largest)
    return sizes


def _differing(
    sample: Sample, derivative: Derivative, component: str, expected: Expected, bounds: Array
) -> Iterator[Disagreement]:
    comparable = np.isfinite(expected.values)
    wrong = comparable & ~(np.abs(expected.served - np.where(comparable, expected.values, 0.0)) <= bounds)
    for number in np.flatnonzero(wrong).tolist():
        yield Disagreement(
            derivative,
            component,
            sample.point(number),
            tuple(sample.positions[:, number].tolist()),
            float(expected.served[number]),
            float(expected.values[number]),
            float(bounds[number]),
        )
