"""What fits and residuals are given, checked before anything is asked of a server."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import FLOAT64, real_numbers, split_dims
from gridgrad_core.errors import RequestError

__all__ = ["array_and_dims", "check_client", "check_fit", "parameter_names", "start_values", "weights_of"]

Floats = NDArray[np.float64]

_OPTIONS = ("dtype", "tier", "unused", "timeout", "coefficients")
_SCIPY_S = "what else scipy's own fits take goes to these: scipy.optimize.least_squares(r, x0, jac=r.jacobian)"


def check_client(client: Any, method: str) -> None:
    """Raises a RequestError unless it is a client for threads, that has such a method."""
    asks = getattr(client, method, None)
    if asks is None:
        raise RequestError("client", f"a {type(client).__name__}", "give a gridgrad.Client, before the model")
    if inspect.iscoroutinefunction(asks):
        remedy = "give a gridgrad.Client, beside a loop in a thread: await asyncio.to_thread(...)"
        raise RequestError("client", "one of gridgrad.aio", remedy)


def check_fit(most_iterations: Any, progress: Any, options: Iterable[str]) -> None:
    """Raises a RequestError for what a fit can't do with these arguments of `fit`."""
    for name in options:
        if name not in _OPTIONS:
            remedy = f"use some of {', '.join(_OPTIONS)}; {_SCIPY_S} with r = gridgrad.scipy.residuals(...)"
            raise RequestError(name, "no option of fit", remedy)
    if not isinstance(most_iterations, int | np.integer) or most_iterations < 0:
        raise RequestError("most_iterations", f"{most_iterations!r}", "give a whole number, 0 for the start's errors")
    if progress is not None and not callable(progress):
        remedy = "give what is called with an iteration, its parameters and their sum of squares: progress=print"
        raise RequestError("progress", f"{progress!r}", remedy)


def start_values(start: Any) -> dict[str, Floats]:
    """Where parameters begin.

    Raises:
        RequestError: they have no names, or are no numbers.
    """
    if not isinstance(start, Mapping) or not start:
        found = f"a {type(start).__name__}" if not isinstance(start, Mapping) else "no parameters"
        raise RequestError("start", found, 'name what to fit, with where it begins: {"a": 1.0}')
    return {name: real_numbers(name, value).astype(FLOAT64, copy=False) for name, value in start.items()}


def weights_of(sigma: Any, weights: Any) -> Any:
    """The weights of either argument, as for `Client.least_squares_terms`.

    Raises:
        RequestError: both are given, or standard deviations that can be none.
    """
    if sigma is None:
        return weights
    if weights is not None:
        raise RequestError("sigma", "both sigma and weights", "give one of them: weights are 1/sigma²")
    if isinstance(sigma, str):
        raise RequestError("sigma", f"the text {sigma!r}", f"write weights='1/({sigma})**2', or give numbers")
    values, dims = array_and_dims("sigma", sigma)
    if (values <= 0).any():
        remedy = "give standard deviations greater than 0; inf leaves a point without weight"
        raise RequestError("sigma", f"{values.min()!s} among its values", remedy)
    return (dims, 1 / np.square(values)) if dims else 1 / np.square(values)


def parameter_names(names: Any) -> tuple[str, ...]:
    """The names of parameters, one or several.

    Raises:
        RequestError: there is none.
    """
    found = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Iterable) else ()
    if not found:
        raise RequestError("names", f"{names!r}", 'name the parameters, in their order: ["a", "k"]')
    return found


def array_and_dims(name: str, given: Any) -> tuple[Floats, tuple[str, ...] | None]:
    """Numbers with or without the names of their dims.

    Raises:
        RequestError: they are no real numbers, or mean more than these say, as masked ones do.
    """
    dims, values = split_dims(name, given)
    return real_numbers(name, values).astype(FLOAT64, copy=False), dims
