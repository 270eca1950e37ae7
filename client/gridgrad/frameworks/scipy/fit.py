"""`gridgrad.scipy.fit`: parameters of a served model by least squares, of whose grid a few sums travel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import checked
from gridgrad.frameworks.scipy.fit_arguments import check_client, check_fit, start_values, weights_of
from gridgrad.frameworks.scipy.levenberg_marquardt import minimized
from gridgrad.requests.least_squares_terms import LeastSquaresTerms
from gridgrad_core.errors import RequestError

if TYPE_CHECKING:
    from gridgrad.arguments.inputs import Inputs
    from gridgrad.requests.request import FunctionLike
    from gridgrad.sync.client import Client

__all__ = ["FitProgress", "FitResult", "fit"]

Floats = NDArray[np.float64]
FitProgress = Callable[[int, Mapping[str, Any], float], object]
"""Called with the number of an iteration, the best parameters so far, and their sum of squares."""

_LEAST_EIGENVALUE = 1e-14
"""Of JᵀWJ scaled to a diagonal of ones, beside the largest: what is smaller is rounding."""


class FitResult(NamedTuple):
    """A fit.

    Args:
        parameters: name to value: a number, or an array where the start was one.
        absolute: name to standard error, the roots of the diagonal of covariance: 1/√W are the standard deviations.
        scaled: the same times √(rss / (n - p)): only ratios of weights count. nan where n is no more than p.
        covariance: (JᵀWJ)⁻¹, [p, p], not scaled; with a loss of the weights W·ρ′. inf where it has no inverse.
        rss: Σ W·r², without a factor of ½; with a loss C²·Σ ρ(W·r²/C²), twice scipy's cost.
        n: how many points were used.
        names: of the parameters in covariance, elements of arrays one by one.
        iterations: how many requests it took after the first.
        converged: whether no better place is near.
        message: why it ended, and what is wrong with it.
    """

    parameters: dict[str, Any]
    absolute: dict[str, Any]
    scaled: dict[str, Any]
    covariance: Floats
    rss: float
    n: int
    names: tuple[str, ...]
    iterations: int
    converged: bool
    message: str


def fit(
    client: Client,
    model: FunctionLike,
    inputs: Inputs,
    data: Any,
    start: Mapping[str, Any],
    *,
    sigma: Any = None,
    weights: Any = None,
    skip_nan: bool = False,
    loss: str = "linear",
    loss_scale: float = 1.0,
    most_iterations: int = 200,
    progress: FitProgress | None = None,
    **options: Any,
) -> FitResult:
    """Fits parameters of a model to data by least squares, with the method of Levenberg and Marquardt.

    Each iteration is one `Client.least_squares_terms`, bound: the grid and the Jacobian never leave the workers, and
    data and axes go there once. Ctrl-C ends it as it ends any call; `progress` was told the best parameters until then.

    Args:
        client: asks the server.
        model: as for `Client.gradient`, of one component.
        inputs: all that is not fitted, as for `Client.gradient`.
        data: as for `Client.least_squares_terms`.
        start: names of parameters to where they begin: numbers, or arrays of coefficients.
        sigma: standard deviations of the data, a number or an array as they are; weights are 1/sigma².
        weights: instead of sigma, W as for `Client.least_squares_terms`.
        skip_nan: whether points whose data are nan are left out, of n too.
        loss: as for `Client.least_squares_terms`: "soft_l1", "huber", "cauchy" or "arctan" for data with outliers.
        loss_scale: about how large a residual over sigma counts in full.
        most_iterations: after so many it gives up.
        progress: called after each iteration.
        options: `dtype`, `tier`, `unused`, `timeout` and constant `coefficients` as for `Client.least_squares_terms`.

    Returns:
        The parameters, with standard errors of both kinds.

    Raises:
        RequestError: both sigma and weights, nothing to fit, or to fit it to, or a model that is not finite at the
            start; or one of the arguments can't be meant.
        GridgradError: a request failed.
    """
    check_client(client, "bind_least_squares_terms")
    check_fit(most_iterations, progress, options)
    begin = start_values(start)
    given, weighing = checked(inputs), weights_of(sigma, weights)
    shapes = {name: values.shape for name, values in begin.items()}
    constant, timeout = options.pop("coefficients", None) or {}, options.pop("timeout", None)
    numbers = {name: float(values) for name, values in begin.items() if not values.shape}
    arrays = {name: values for name, values in begin.items() if values.shape}
    terms = client.bind_least_squares_terms(
        model, {**given, **numbers}, data, varying=list(shapes), wrt=list(shapes), weights=weighing, skip_nan=skip_nan,
        loss=loss, loss_scale=loss_scale, coefficients={**constant, **arrays} or None, **options)  # fmt: skip

    def split(at: Floats) -> dict[str, Any]:
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
        parts = np.split(at, ends[:-1])
        return {name: part.reshape(shapes[name]) if shapes[name] else float(part[0])
                for name, part in zip(shapes, parts, strict=True)}  # fmt: skip

    def terms_at(at: Floats) -> LeastSquaresTerms:
        return terms(split(at), timeout=timeout)

    def told(iteration: int, at: Floats, rss: float) -> None:
        if progress:
            progress(iteration, split(at), rss)

    first = np.concatenate([np.ravel(values) for values in begin.values()])
    at_start = terms_at(first)
    _check_start(at_start)
    found = minimized(terms_at, first, at_start, most_iterations, told)
    covariance = _covariance(found.terms.normal)
    errors = np.sqrt(np.diagonal(covariance))
    rss, n = float(found.terms.rss), int(found.terms.n)
    with np.errstate(invalid="ignore"):
        scaled = errors * np.sqrt(rss / (n - len(first)) if n > len(first) else np.nan)
    message = found.message
    if not np.isfinite(errors).all():
        message += "; parameters act only together, and have no errors of their own"
    return FitResult(split(found.parameters), split(errors), split(scaled), covariance, rss, n, found.terms.names,
                     found.iterations, found.converged, message)  # fmt: skip


def _check_start(terms: LeastSquaresTerms) -> None:
    if not terms.n:
        raise RequestError("data", "no observation", "give data along a dim, of which some are not nan")
    if not np.isfinite(terms.rss):
        found = f"a sum of squares of {float(terms.rss)}"
        remedy = "begin where the model is finite, with weights of 0 or more; skip_nan=True leaves out gaps in the data"
        raise RequestError("start", found, remedy)


def _covariance(normal: Floats) -> Floats:
    """The inverse of a normal matrix; inf where rounding alone would keep it from being singular."""
    scale = np.sqrt(np.diagonal(normal))
    nothing: Floats = np.full_like(normal, np.inf)
    if not (scale > 0).all() or not np.isfinite(normal).all():
        return nothing
    values, vectors = np.linalg.eigh(normal / np.outer(scale, scale))
    if values[0] <= _LEAST_EIGENVALUE * len(values) * values[-1]:
        return nothing
    inverse: Floats = (vectors / values) @ vectors.T / np.outer(scale, scale)
    return inverse
