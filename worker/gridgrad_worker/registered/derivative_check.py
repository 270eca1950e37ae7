"""The check of registered functions: their partials against finite differences, before they are served.

First partials are compared with differences of values, second ones with differences of first ones, and so on.
A point where differences do not converge, such as a kink or the edge of the domain, says nothing
and is left out; a partial that could be compared at no point is not served unchecked.
"""

from __future__ import annotations

import itertools
import logging

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.grid import MAX_ORDER
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.registered.partial_comparison import (
    Compared,
    FindingError,
    apart,
    compare,
    usual_size,
)
from gridgrad_worker.registered.point_values import PointValues, by_torch
from gridgrad_worker.registered.registration import FunctionError, Registration
from gridgrad_worker.registered.sample_points import sample_points

__all__ = ["check", "check_order", "fewer", "partials_of"]

_log = logging.getLogger(__name__)

Array = NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)
_NEEDED_ORDER = 2  # where no order= is given, a function must be right to this one
_MOST_PARTIALS = 100
_MOST_COMPARED = 3000


def check(registered: Registration, device: Device) -> Registration:
    """Compares partials by all inputs with finite differences.

    Of many inputs, partials of order 3 and 4 are compared where they are by one input or two neighbours.

    Returns:
        The function with the order and the dtypes in which it may be served.

    Raises:
        FunctionError: a derivative differs, or can't be compared, or the function fails or returns what it must not.
    """
    points = sample_points(registered)
    function = by_torch(registered, device)
    try:
        function.at(points, [()])
        order, why_no_more = _right_order(registered, function, points)
    except FindingError as finding:
        raise FunctionError(f"the function {registered.name!r} is refused: {finding.found}; {finding.remedy}") from None
    why_no_float32 = _why_no_float32(registered, function, points[:1], order)
    return registered._replace(order=order, why_no_more=why_no_more, why_no_float32=why_no_float32)


def _right_order(registered: Registration, function: PointValues, points: Array) -> tuple[int, str]:
    """The order to which all is right, and why no more is.

    Raises:
        FindingError: that is less than what was asked for.
    """
    most = MAX_ORDER if registered.order is None else registered.order
    for order in range(1, most + 1):
        try:
            check_order(registered, function, points, order)
        except FindingError as finding:
            if registered.order is not None or order <= _NEEDED_ORDER:
                finding.remedy += f", or order={order - 1} to serve no derivatives of order {order}"
                raise
            _log.info("the function %r is served to order %d: %s", registered.name, order - 1, finding.found)
            return order - 1, finding.found
    return most, ""


def _why_no_float32(registered: Registration, function: PointValues, points: Array, order: int) -> str:
    """Why it can't be computed in float32 though it can in float64; empty if it can."""
    firsts: list[Derivative] = [(i,) for i in range(len(registered.inputs))] if order else []
    try:
        function.at(points, [(), *firsts], "float32")
    except FindingError as finding:
        _log.info("the function %r is served in float64 alone: %s", registered.name, finding.found)
        return finding.found
    return ""


def check_order(
    registered: Registration,
    function: PointValues,
    points: Array,
    order: int,
    by: str = "torch",
    *,
    where_defined: bool = False,
) -> None:
    """Compares partials of an order with finite differences of those of the order below.

    Args:
        registered: the function.
        function: computes it.
        points: [points, inputs]; of many, some.
        order: 1 or more.
        by: what computes it, in a message.
        where_defined: whether a partial that is nan or infinite is left out.

    Raises:
        FindingError: one differs, or can't be compared.
    """
    wanted = partials_of(len(registered.inputs), order)
    points = fewer(points, _MOST_COMPARED // len(wanted))
    lowers = list(dict.fromkeys(partial[:-1] for partial in wanted))
    exact = function.at(points, [*dict.fromkeys(((), *lowers, *wanted))])
    signs = 8 * _EPS * np.where(np.arange(points.shape[1]) % 2, -1, 1)
    moved = [
        function.at(points * (1 + sign * signs), wanted) for sign in (-1, 1)
    ]  # errors at a point alone stay errors
    for last in range(len(registered.inputs)):
        mine = [partial for partial in wanted if partial[-1] == last]
        near = function.beside(points, last, list(dict.fromkeys(partial[:-1] for partial in mine)))
        for partial, component in itertools.product(mine, range(len(registered.components))):
            value, lower, got = (exact[each][component] for each in ((), partial[:-1], partial))
            blurred = apart(moved[0][partial][component], moved[1][partial][component])
            rounded_at = max(
                usual_size(lower), usual_size(value) / usual_size(points) ** (order - 1) if order > 1 else 0.0
            )
            if where_defined:
                lower = np.where(np.isfinite(got), lower, np.nan)
            compared = Compared(points[:, last], lower, got, blurred, near[partial[:-1]][:, :, component], rounded_at)
            compare(registered, points, partial, component, compared, by)


def fewer(points: Array, most: int) -> Array:
    """At most so many of the points, from everywhere among them: of many inputs there are many points and partials."""
    chosen = np.random.default_rng(0).permutation(len(points))[:most]
    return points[np.sort(chosen)]


def partials_of(inputs: int, order: int) -> list[Derivative]:
    """The partials of an order that are compared: all, or of many those by one input or two neighbours."""
    every = itertools.combinations_with_replacement(range(inputs), order)
    found = list(itertools.islice(every, _MOST_PARTIALS + 1))
    if order <= _NEEDED_ORDER or len(found) <= _MOST_PARTIALS:
        return [*found, *every]
    pairs = zip(range(inputs - 1), range(1, inputs), strict=True)
    listed = (each for pair in pairs for each in itertools.combinations_with_replacement(pair, order))
    return list(dict.fromkeys(listed))
