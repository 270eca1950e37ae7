"""Interpolants: a table's polynomial, called as scipy's RegularGridInterpolator is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.scipy.measured import MeasuredError
from gridgrad_core.errors import RequestError

__all__ = ["Interpolant"]


@dataclass(frozen=True, eq=False, repr=False)
class Interpolant:
    """A tensor product of piecewise cubics with the function's values and partials at the points of a table.

    It and its first derivatives are continuous. Without a server: it needs none once it is there.

    Args:
        names: the axes, in order.
        grid: the coordinates of each, increasing.
        components: the names of the components, for a function that is a tuple; else empty.
        polynomial: the `scipy.interpolate.NdPPoly`, which can be integrated too.
        error: how far it is from the function, as measured; None if that was not asked for.
        bounds_error: whether points outside the table are an error; else the result there is nan.
    """

    names: tuple[str, ...]
    grid: tuple[FloatArray, ...]
    components: tuple[str, ...]
    polynomial: Any
    error: MeasuredError | None
    bounds_error: bool

    def __call__(self, xi: ArrayLike | tuple[ArrayLike, ...], nu: int | Sequence[int] | None = None) -> FloatArray:
        """The interpolant or a derivative of it.

        Args:
            xi: points [..., axes], or a tuple with an array for each axis, broadcast together; for one axis also [n].
            nu: the order of the derivative by each axis; by default the value. Above the first they jump at the
                table's coordinates, and above the third they are zero.

        Returns:
            [...], or [..., components] for a function that is a tuple. A single point [axes] gives [1], as in scipy.

        Raises:
            RequestError: points outside the table, with `bounds_error`; or something of the wrong shape.
        """
        points = _points(xi, self.names)
        if self.bounds_error:
            self._refuse_outside(points)
        found: FloatArray = self.polynomial(points.reshape(-1, len(self.names)), self._orders(nu), extrapolate=False)
        return found.reshape([*points.shape[:-1], *found.shape[1:]])

    def __repr__(self) -> str:
        axes = ", ".join(
            f"{name} in [{axis[0]:g}, {axis[-1]:g}] ({len(axis)})"
            for name, axis in zip(self.names, self.grid, strict=True)
        )
        components = f"; components {', '.join(self.components)}" if self.components else ""
        error = f"; measured error {np.max(self.error.max_abs):.2g}" if self.error else ""
        return f"<Interpolant of {axes}{components}{error}>"

    def _orders(self, nu: int | Sequence[int] | None) -> tuple[int, ...]:
        if nu is None:
            return (0,) * len(self.names)
        orders = np.atleast_1d(np.asarray(nu))
        if orders.shape != (len(self.names),) or orders.dtype.kind not in "iu" or (orders < 0).any():
            remedy = f"give an order, 0 or more, for each of {', '.join(self.names)}: nu={(1,) * len(self.names)}"
            raise RequestError("nu", f"{nu!r}", remedy)
        return tuple(orders.tolist())

    def _refuse_outside(self, points: FloatArray) -> None:
        for number, (name, axis) in enumerate(zip(self.names, self.grid, strict=True)):
            coordinates = points[..., number]
            outside = coordinates[(coordinates < axis[0]) | (coordinates > axis[-1])]
            if outside.size:
                raise RequestError(
                    "xi",
                    f"{name} = {outside[0]:g}, outside of the table's {axis[0]:g} to {axis[-1]:g}",
                    "make a larger table, or make it with bounds_error=False, which gives nan there",
                )


def _points(xi: Any, names: tuple[str, ...]) -> FloatArray:
    """[..., axes], read as scipy's RegularGridInterpolator does."""
    try:
        given = np.stack(np.broadcast_arrays(*xi), axis=-1) if isinstance(xi, tuple) else np.asarray(xi)
        points = given.astype(np.float64)
    except (TypeError, ValueError) as error:
        remedy = f"give arrays of numbers for {', '.join(names)} that broadcast together, or one [..., {len(names)}]"
        raise RequestError("xi", f"no points ({error})", remedy) from error
    if points.ndim == 0:
        points = points.reshape(1)
    elif points.ndim == 1 and not isinstance(xi, tuple) and points.size % len(names) == 0:
        points = points.reshape(-1, len(names))
    if points.shape[-1] != len(names):
        remedy = f"let the last dim have a length of {len(names)}, for {', '.join(names)}"
        raise RequestError("xi", f"points of shape {list(points.shape)}", remedy)
    return points
