"""`gridgrad.scipy.residuals`: residuals and their Jacobian in one request, for loops of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgrad.arguments.inputs import FLOAT64, checked, real_numbers
from gridgrad.frameworks.scipy.fit_arguments import array_and_dims, check_client, parameter_names
from gridgrad_core.errors import RequestError

if TYPE_CHECKING:
    from gridgrad.arguments.inputs import Inputs
    from gridgrad.requests.request import FunctionLike
    from gridgrad.results.result import Result
    from gridgrad.sync.client import Client

__all__ = ["ServedResiduals", "residuals"]

Floats = NDArray[np.float64]


class ServedResiduals:
    """Residuals of a served model, and their derivatives; `residuals` makes one.

    Args:
        client: asks the server.
        model: as for `Client.gradient`, of one component.
        inputs: all but the parameters.
        names: of the parameters, which are numbers.
        data: of the grid's shape.
        dims: of the data, in order; None for the grid's.
        weights: of each point, of that shape or a number.
        options: for `Client.gradient`.

    Attributes:
        names: the same.
    """

    def __init__(
        self,
        client: Client,
        model: FunctionLike,
        inputs: Inputs,
        names: tuple[str, ...],
        data: Floats,
        dims: tuple[str, ...] | None,
        weights: Floats,
        options: dict[str, Any],
    ) -> None:
        self.names = names
        self._client, self._model, self._inputs, self._options = client, model, inputs, options
        self._data, self._dims, self._roots = data, dims, np.sqrt(np.broadcast_to(weights, data.shape))
        self._used = ~np.isnan(data)
        self._last: tuple[bytes, Floats, Floats] | None = None

    def __call__(self, parameters: ArrayLike) -> Floats:
        """sqrt(W)·(model - data) at the points whose data are no nan, [points]."""
        return self._at(parameters)[0]

    def jacobian(self, parameters: ArrayLike) -> Floats:
        """The derivatives of these by the parameters, [points, parameters]; asked for with the residuals."""
        return self._at(parameters)[1]

    def _at(self, parameters: ArrayLike) -> tuple[Floats, Floats]:
        at = np.atleast_1d(real_numbers("parameters", parameters).astype(FLOAT64, copy=False))
        if at.shape != (len(self.names),):
            remedy = f"give one number for each of {', '.join(map(repr, self.names))}"
            raise RequestError("parameters", f"shape {[*at.shape]}", remedy)
        key = at.tobytes()
        if self._last is None or self._last[0] != key:
            numbers = dict(zip(self.names, at.tolist(), strict=True))
            found = self._client.gradient(self._model, {**self._inputs, **numbers}, wrt=self.names, **self._options)
            self._check_grid(found)
            slopes = np.stack([self._weighed(found.d[name]) for name in self.names], -1)
            self._last = key, self._weighed(found.value - self._data), slopes
        return self._last[1:]

    def _check_grid(self, found: Result) -> None:
        if found.shape != self._data.shape or found.tuple_valued:
            shape = f"data of shape {[*self._data.shape]} for a model of shape {[*found.value.shape]}"
            raise RequestError("data", shape, "give data of the grid's shape, and a model of one component")
        if self._dims not in (None, found.dims):
            dims = f"dims {self._dims!r} for a model over {found.dims!r}"
            raise RequestError("data", dims, "give data, and weights, with their dims in this order")

    def _weighed(self, grid: Any) -> Floats:
        weighed: Floats = (grid * self._roots)[self._used].astype(np.float64)
        return weighed


def residuals(
    client: Client,
    model: FunctionLike,
    inputs: Inputs,
    data: Any,
    names: Sequence[str],
    *,
    weights: Any = 1.0,
    **options: Any,
) -> ServedResiduals:
    """Residuals for who keeps scipy's loop: `least_squares(r, start, jac=r.jacobian)` with `r = residuals(...)`.

    Residual and Jacobian at the same parameters are one request. Both travel; for `fit` only sums of them do.

    Args:
        client: asks the server.
        model: as for `Client.gradient`, of one component.
        inputs: all but the parameters, as for `Client.gradient`.
        data: an array of the grid's shape, with the names of its dims or without; points that are nan are left out.
        names: of the parameters, which are numbers.
        weights: W = 1/σ², of that shape or a number: residuals are multiplied by its root.
        options: for `Client.gradient`, such as `timeout` and `tier`.

    Returns:
        What is called with parameters, and has a method `jacobian`.

    Raises:
        RequestError: data or weights are no numbers or of different shapes, or there is no parameter.
    """
    check_client(client, "gradient")
    values, dims = array_and_dims("data", data)
    weighing, weighed_dims = array_and_dims("weights", weights)
    if weighing.ndim and weighing.shape != values.shape:
        found = f"shape {[*weighing.shape]} for data of shape {[*values.shape]}"
        raise RequestError("weights", found, "give a number, or an array of the shape of the data")
    if dims and weighed_dims and dims != weighed_dims:
        raise RequestError("weights", f"dims {weighed_dims!r} for data over {dims!r}", "give both in the same order")
    return ServedResiduals(
        client, model, checked(inputs), parameter_names(names), values, dims or weighed_dims, weighing, options
    )
