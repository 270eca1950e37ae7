"""`gridgrad.scipy.residuals`: residuals and their Jacobian in one request, for loops of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.errors import RequestError

if TYPE_CHECKING:
    from gridgrad.arguments.inputs import Inputs
    from gridgrad.requests.request import FunctionLike
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
        names: Sequence[str],
        data: Floats,
        weights: Floats,
        options: dict[str, Any],
    ) -> None:
        self.names = tuple(names)
        self._client, self._model, self._inputs, self._options = client, model, inputs, options
        self._data, self._roots = data, np.sqrt(np.broadcast_to(weights, data.shape))
        self._used = ~np.isnan(data)
        self._last: tuple[bytes, Floats, Floats] | None = None

    def __call__(self, parameters: Sequence[float] | Floats) -> Floats:
        """sqrt(W)·(model - data) at the points whose data are no nan, [points]."""
        return self._at(parameters)[0]

    def jacobian(self, parameters: Sequence[float] | Floats) -> Floats:
        """The derivatives of these by the parameters, [points, parameters]; asked for with the residuals."""
        return self._at(parameters)[1]

    def _at(self, parameters: Sequence[float] | Floats) -> tuple[Floats, Floats]:
        at = np.asarray(parameters, np.float64)
        key = at.tobytes()
        if self._last is None or self._last[0] != key:
            numbers = dict(zip(self.names, at.tolist(), strict=True))
            found = self._client.gradient(self._model, {**self._inputs, **numbers}, wrt=self.names, **self._options)
            if found.shape != self._data.shape or found.tuple_valued:
                shape = f"data of shape {[*self._data.shape]} for a model of shape {[*found.value.shape]}"
                raise RequestError("data", shape, "give data of the grid's shape, and a model of one component")
            slopes = np.stack([self._weighed(found.d[name]) for name in self.names], -1)
            self._last = key, self._weighed(found.value - self._data), slopes
        return self._last[1:]

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
        data: an array of the grid's shape; points that are nan are left out.
        names: of the parameters, which are numbers.
        weights: W = 1/σ², of that shape or a number: residuals are multiplied by its root.
        options: for `Client.gradient`, such as `timeout` and `tier`.

    Returns:
        What is called with parameters, and has a method `jacobian`.
    """
    return ServedResiduals(
        client, model, inputs, names, np.asarray(data, np.float64), np.asarray(weights, np.float64), options
    )
