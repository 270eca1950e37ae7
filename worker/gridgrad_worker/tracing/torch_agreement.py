"""The comparison of what was traced, a program or layers, with torch, before the server serves by it.

Both are computed at the points of the check of derivatives and at drawn ones, the author's samples or none: zeros,
ties and large arguments among them. Values must be the same, infinities included. Where torch has a derivative that is
a number the program must have it too; where torch has nan or infinity, as at the centre of a root of squares, the
program may have the limit, and is compared with finite differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.grid import MAX_ORDER
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.registered.derivative_check import check_order, fewer, partials_of
from gridgrad_worker.registered.partial_comparison import (
    FindingError,
    differing,
    partial_name,
    point_name,
    usual_size,
)
from gridgrad_worker.registered.point_values import PointValues, by_torch
from gridgrad_worker.registered.registration import Registration
from gridgrad_worker.registered.sample_points import sample_points
from gridgrad_worker.tracing.ties import tie_points

__all__ = ["Difference", "agrees_in_float32", "by_program", "differences", "order_of_agreement"]

Array = NDArray[np.float64]

_NEEDED_ORDER = 2
_RELATIVE, _RELATIVE_HIGH = 1e-8, 1e-6
_ABSOLUTE, _ABSOLUTE_HIGH = 1e-10, 1e-8
_LEAST = 1e-4
"""Of what a derivative usually is where it is not 0, as that counts of one that is 0 at most points."""
_ROUNDING = 1e-13
_SINGLE = 1e-3
_MOST_COMPARED = 3000


def order_of_agreement(
    registered: Registration,
    values: PointValues,
    device: Device,
    by: str = "its program",
    program: Program | None = None,
) -> int:
    """The highest order of derivatives to which what was traced is what torch computes for a function.

    Args:
        registered: the function, with the order to which it is served.
        values: computes what it was traced to.
        device: where torch computes it.
        by: what the other is, in a message.
        program: what it was traced to, whose ties are points too; None for layers.

    Raises:
        FindingError: they differ in values, or in derivatives of order 1 or 2.
    """
    points = _points(registered)
    if program is not None:
        points = np.concatenate([tie_points(program, [each.name for each in registered.inputs], points), points])
    most = MAX_ORDER if registered.order is None else registered.order
    for order in range(most + 1):
        try:
            _compare(registered, values, device, points, order, by)
            if registered.check and 0 < order <= _NEEDED_ORDER:
                check_order(registered, values, sample_points(registered), order, by, where_defined=True)
        except FindingError:
            if order <= _NEEDED_ORDER:
                raise
            return order - 1
    return most


def agrees_in_float32(registered: Registration, computed: PointValues, device: Device) -> bool:
    """Whether what was traced is what torch computes in float32 too, within what rounding to that leaves."""
    points = sample_points(registered)
    wanted: list[Derivative] = [(), *((place,) for place in range(len(registered.inputs)))][: 1 + _served(registered)]
    try:
        torch_values = by_torch(registered, device).at(points, wanted, "float32")
        values = computed.at(points, wanted, "float32")
    except FindingError:
        return False
    none = np.zeros((len(registered.components), 1))
    return all(not _differs(torch_values[each], values[each], _SINGLE, _SINGLE, none).any() for each in wanted)


def _served(registered: Registration) -> int:
    """How many first partials are compared: all, unless only values are served."""
    return 0 if registered.order == 0 else len(registered.inputs)


def _points(registered: Registration) -> Array:
    drawn = sample_points(registered._replace(samples={}))
    return np.concatenate([sample_points(registered), drawn]) if registered.samples else drawn


def by_program(registered: Registration, program: Program, device: Device) -> PointValues:
    """What a program computes for a function.

    Args:
        registered: the function.
        program: what it was traced to.
        device: where it is computed.
    """
    dims = {each.name: (0,) for each in registered.inputs}

    def engine(wanted: Sequence[Derivative], dtype: str) -> StructuredEngine:
        torch_dtype = torch.float32 if dtype == "float32" else torch.float64
        return StructuredEngine(program, dims, 1, wanted, torch_dtype, device)

    return PointValues(registered, engine)


def _compare(registered: Registration, values: PointValues, device: Device, points: Array, order: int, by: str) -> None:
    wanted = partials_of(len(registered.inputs), order) if order else [()]
    points = fewer(points, _MOST_COMPARED // len(wanted))
    for difference in differences(registered, values, device, points, wanted):
        component, partial, point, got, right = difference
        raise FindingError(
            f"{partial_name(registered, partial, component)} at {point_name(registered, point)} is "
            f"{differing(got, right, by)} by torch",
            "",
        )


class Difference(NamedTuple):
    """Where what was traced is not what torch computes.

    Args:
        component: of the function.
        partial: of it.
        point: the values of the inputs.
        got: what the other gives.
        right: what torch does.
    """

    component: int
    partial: Derivative
    point: Array
    got: float
    right: float


def differences(
    registered: Registration, values: PointValues, device: Device, points: Array, wanted: Sequence[Derivative]
) -> Iterator[Difference]:
    """The first point, for each partial and component, at which what was traced differs from torch.

    Args:
        registered: the function.
        values: computes what it was traced to.
        device: where torch computes it.
        points: [points, inputs].
        wanted: the partials, all of one order.
    """
    expected = by_torch(registered, device).at(points, [(), *wanted])
    found = values.at(points, wanted)
    order = len(wanted[0])
    relative, absolute = (_RELATIVE, _ABSOLUTE) if order <= _NEEDED_ORDER else (_RELATIVE_HIGH, _ABSOLUTE_HIGH)
    rounded = np.array([[_ROUNDING * _middle(each)] for each in expected[()]])
    for partial in wanted:
        wrong = _differs(expected[partial], found[partial], relative, absolute, rounded, of_values=not order)
        wrong &= np.isfinite(expected[()]) | (not order)
        for component in np.flatnonzero(wrong.any(axis=1)):
            place = np.flatnonzero(wrong[component])[0]
            numbers = (float(each[partial][component, place]) for each in (found, expected))
            yield Difference(int(component), partial, points[place], *numbers)


def _middle(numbers: Array) -> float:
    """The median size of numbers that are neither 0 nor infinite."""
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    return float(np.median(sizes)) if sizes.size else 0.0


def _differs(
    expected: Array, found: Array, relative: float, absolute: float, rounded: Array, *, of_values: bool = False
) -> NDArray[np.bool_]:
    """Where numbers [components, points] differ from those of torch that are finite; of values, also from others.

    What rounding leaves of a derivative that is 0 is no difference: `rounded`, of each component.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        usual = np.array([max(usual_size(each), _LEAST * usual_size(each[each != 0])) for each in expected])[:, None]
        near = np.abs(found - expected) <= relative * np.abs(expected) + absolute * usual + rounded
    finite = np.isfinite(expected)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    return np.where(finite, ~near, ~same if of_values else False)
