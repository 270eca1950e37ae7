"""`interpolant`: asks a server for a table and makes an interpolant of it."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence

import numpy as np

from gridgrad.arguments.inputs import FloatArray, Input, Inputs, read_inputs
from gridgrad.arguments.linspace import Linspace
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.frameworks.scipy.hermite import coefficients
from gridgrad.frameworks.scipy.interpolant import Interpolant
from gridgrad.frameworks.scipy.measured import between, measure
from gridgrad.requests.request import FunctionLike, Tier
from gridgrad.results.result import Result
from gridgrad.sync.client import Client
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional
from gridgrad_core.grid import MAX_ORDER, Derivative

__all__ = ["interpolant"]


def interpolant(
    client: Client,
    function: FunctionLike,
    inputs: Inputs,
    *,
    parts: int = 2,
    bounds_error: bool = True,
    timeout: float | None = None,
    tier: Tier = "auto",
) -> Interpolant:
    """An interpolant of a function on a table of values and partials that the server computes.

    It is a cubic between two points of one axis, bicubic on two axes, and so on: with all mixed first partials of up
    to four axes. Its error falls with the fourth power of the spacing. One request asks for the table, and a second
    one for values between its points, to measure the error.

    Args:
        client: a connection to the server.
        function: an expression such as "t*k + 2*t*k**2", or whatever else `Client.gradient` takes.
        inputs: one to four axes of two or more points each, increasing or decreasing, and numbers, which stay as they
            are; spelled as for `Client.gradient`. All is computed in float64.
        parts: into how many parts each cell is divided along each axis to measure the error; 1 to measure none. With n
            axes, parts**n values are computed for each point of the table.
        bounds_error: whether evaluating outside the table is an error; else it gives nan. It never extrapolates.
        timeout: seconds for each of the two requests, retries included; None for the client's own.
        tier: "direct" or "compiled" to have it computed so and not otherwise.

    Returns:
        The interpolant, which needs the server no more. It holds 4**n float64 for each point of the table and each
        component.

    Raises:
        RequestError: something in the request is wrong, no table can be made of these inputs, or the function is not
            finite at a point of it.
        MissingExtraError: scipy is not installed.
        GridgradError: as for `Client.gradient`.
    """
    polynomials = optional("scipy.interpolate", "scipy")
    parts = _checked_parts(parts)
    table = _Table(client, function, read_inputs(unstacked(inputs)), timeout, tier)
    corners, components = table.corners()
    polynomial = polynomials.NdPPoly(coefficients(corners, table.grid), table.grid, extrapolate=False)
    error = None
    if parts > 1:
        finer = [between(axis, parts) for axis in table.grid]
        error = measure(polynomial, finer, table.values(finer), parts)
    return Interpolant(table.names, table.grid, components, polynomial, error, bounds_error)


class _Table:
    """A function on axes, with the other inputs as they are."""

    def __init__(
        self,
        client: Client,
        function: FunctionLike,
        inputs: Sequence[Input],
        timeout: float | None,
        tier: Tier,
    ) -> None:
        self._client, self._function, self._timeout, self._tier = client, function, timeout, tier
        self._numbers = {each.name: each.values for each in inputs if not each.dims}
        axes = [each for each in inputs if each.dims]
        _check_axes(axes)
        self.names = tuple([each.name for each in axes])
        self.grid = tuple([_increasing(each) for each in axes])

    def corners(self) -> tuple[FloatArray, tuple[str, ...]]:
        """What `coefficients` takes, with a last dim of components for a tuple; and their names."""
        every = [*itertools.product((0, 1), repeat=len(self.names))]
        derivatives = {orders: tuple(itertools.compress(self.names, orders)) for orders in every}
        result = self._ask(self.grid, [wrt for wrt in derivatives.values() if wrt])
        planes = {orders: self._finite(result, wrt, self.grid) for orders, wrt in derivatives.items()}
        corners = np.empty([2] * len(self.names) + [*planes[every[0]].shape])
        for orders, plane in planes.items():
            corners[orders] = plane
        return corners, result.components if result.tuple_valued else ()

    def values(self, coordinates: Sequence[FloatArray]) -> FloatArray:
        """The function, [*grid] or [*grid, components]."""
        return self._finite(self._ask(coordinates, []), (), coordinates)

    def _ask(self, coordinates: Sequence[FloatArray], derivatives: Sequence[Derivative]) -> Result:
        axes = {name: (name, along) for name, along in zip(self.names, coordinates, strict=True)}
        return self._client.gradient(
            self._function,
            {**axes, **self._numbers},
            derivatives=derivatives,
            dtype="float64",
            timeout=self._timeout,
            tier=self._tier,
        )

    def _finite(self, result: Result, wrt: Derivative, coordinates: Sequence[FloatArray]) -> FloatArray:
        plane = np.moveaxis(result.d[wrt], 0, -1) if result.tuple_valued else result.d[wrt]
        strange = np.argwhere(~np.isfinite(plane))
        if len(strange):
            place = zip(self.names, coordinates, strange[0], strict=False)  # a tuple has a dim more
            where = ", ".join(f"{name} = {along[index]:g}" for name, along, index in place)
            what = f"the derivative by {', '.join(wrt)}" if wrt else "a value"
            found = (
                f"{what} that is {plane[tuple(strange[0])]} at {where}; {len(strange)} of {plane.size} are not finite"
            )
            raise RequestError("function", found, "choose axes on which it and its partials are finite")
        return plane


def _checked_parts(parts: int) -> int:
    try:
        number = operator.index(parts)
    except TypeError:
        number = 0
    if number < 1:
        raise RequestError("parts", f"{parts!r}", "give a whole number: 2 or more, or 1 to measure no error")
    return number


def _check_axes(axes: Sequence[Input]) -> None:
    if not 1 <= len(axes) <= MAX_ORDER:
        remedy = f"give 1 to {MAX_ORDER}, since the mixed partial by all of them is needed; fix others as numbers"
        raise RequestError("inputs", f"{len(axes)} axes", remedy)
    dims = [each.dims for each in axes]
    for each in axes:
        if len(each.dims) != 1 or dims.count(each.dims) > 1:
            found = f"{each.name!r} with dims {list(each.dims)}, which is no axis of its own"
            raise RequestError("inputs", found, "a table needs an array [n] for each axis; fix others as numbers")


def _increasing(axis: Input) -> FloatArray:
    values = axis.values.values() if isinstance(axis.values, Linspace) else axis.values.astype(np.float64)
    if len(values) > 1 and values[0] > values[-1]:
        values = values[::-1]
    if len(values) < 2 or not np.isfinite(values).all() or not (np.diff(values) > 0).all():
        found = f"{len(values)} coordinates that are not two or more, finite, and strictly in order"
        raise RequestError(f"inputs[{axis.name!r}]", found, "sort them and drop repeated ones: numpy.unique(x)")
    return np.ascontiguousarray(values)
