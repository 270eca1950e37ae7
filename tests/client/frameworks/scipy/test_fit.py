"""What a fit makes of the sums that it is given: here those of a decay, made by numpy in place of a server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.frameworks.scipy.fit import FitResult, fit
from gridgrad.requests.least_squares_terms import LeastSquaresTerms

T = np.arange(6.0)
Y = np.array([2.8, 1.9, 1.45, 1.05, 0.9, 0.75])
SIGMA = np.array([0.05, 0.05, 0.1, 0.1, 0.2, 0.2])
START = {"a": 2.0, "k": 1.0, "c": 0.0}


class Binding(ABC):
    """Stands for a client that binds calls whose server sums residuals."""

    @abstractmethod
    def sums(self, model: str, inputs: dict[str, Any], data: Any, **options: Any) -> LeastSquaresTerms:
        """What the server would sum."""

    def bind_least_squares_terms(
        self, model: str, inputs: dict[str, Any], data: Any, *, varying: list[str], coefficients: Any, **options: Any
    ) -> Callable[..., LeastSquaresTerms]:
        def call(values: dict[str, Any], *, timeout: float | None) -> LeastSquaresTerms:
            assert list(values) == varying
            arrays = {name: value for name, value in values.items() if name in (coefficients or {})}
            given = {name: values.get(name, value) for name, value in inputs.items()}
            asked = {**options, "timeout": timeout, "coefficients": {**(coefficients or {}), **arrays} or None}
            return self.sums(model, given, data, **asked)

        return call


class Decays(Binding):
    """Of residuals of n[0]*exp(-n[1]*t) + c."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def sums(
        self, model: str, inputs: dict[str, Any], data: Any, *, weights: Any = None, **options: Any
    ) -> LeastSquaresTerms:
        self.asked.append({"model": model, "inputs": inputs, **options})
        a, k = (options["coefficients"] or {}).get("n", (inputs.get("a"), inputs.get("k")))
        fall = np.exp(-k * T)
        residual = a * fall + inputs["c"] - data
        jacobian = np.stack([fall, -a * T * fall, np.ones(6)])
        weighed = jacobian * (1.0 if weights is None else weights)
        return LeastSquaresTerms(
            np.array(residual @ (residual * (1.0 if weights is None else weights))),
            weighed @ residual,
            weighed @ jacobian.T,
            np.array(np.isfinite(data).any() * 6),
            ("a", "k", "c"),
        )


def fitted(data: Any = Y, start: Any = START, client: Any = None, **options: Any) -> FitResult:
    client = client or Decays()
    return fit(client, "decay", options.pop("inputs", {"t": T}), data, start, **options)


def test_both_kinds_of_errors() -> None:
    client = Decays()
    found = fitted(client=client)
    assert found.converged
    assert len(client.asked) == 1 + found.iterations
    assert_allclose([*found.parameters.values()], [2.2268165770415, 0.48809361891403, 0.56540438447368], rtol=1e-10)
    assert_allclose([*found.absolute.values()], [1.7215058352901, 0.9797857285492, 1.7141106468683], rtol=1e-10)
    assert_allclose([*found.scaled.values()], [0.066932506104125, 0.038094273578691, 0.066644979635123], rtol=1e-10)
    assert found.rss == pytest.approx(0.004535011878861, rel=1e-12)
    assert (found.n, found.names) == (6, ("a", "k", "c"))


@pytest.mark.parametrize("given", [{"sigma": SIGMA}, {"weights": 1 / SIGMA**2}], ids=["sigma", "weights"])
def test_weights_are_squares_of_what_errors_are_of(given: Any) -> None:
    found = fitted(**given)
    assert_allclose([*found.parameters.values()], [2.1857049027019, 0.51838569695075, 0.61117185876378], rtol=1e-10)
    assert_allclose([*found.absolute.values()], [0.20175805034525, 0.091853237678044, 0.20522330829418], rtol=1e-9)
    assert_allclose([*found.scaled.values()], [0.086170620788557, 0.039230407404372, 0.087650628293295], rtol=1e-9)
    assert found.rss == pytest.approx(0.54724014974997, rel=1e-11)


def test_all_sigmas_times_ten_are_ten_times_the_absolute_errors_alone() -> None:
    found, wider = fitted(sigma=SIGMA), fitted(sigma=10 * SIGMA)
    assert_allclose([*wider.parameters.values()], [*found.parameters.values()], rtol=1e-10)
    assert_allclose([*wider.absolute.values()], 10 * np.array([*found.absolute.values()]), rtol=1e-9)
    assert_allclose([*wider.scaled.values()], [*found.scaled.values()], rtol=1e-9)


def test_arrays_are_fitted_as_arrays() -> None:
    found = fitted(start={"n": np.array([2.0, 1.0]), "c": 0.0}, coefficients={"m": [1.0]})
    assert_allclose(found.parameters["n"], [2.2268165770415, 0.48809361891403], rtol=1e-10)
    assert found.scaled["n"].shape == (2,)


def test_it_tells_the_best_so_far() -> None:
    told: list[tuple[int, Any, float]] = []
    found = fitted(progress=lambda *news: told.append(news))
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1].keys() == START.keys()
    assert told[-1][2] == pytest.approx(found.rss, rel=1e-12)


def test_parameters_that_act_only_together_have_no_errors() -> None:
    class Products(Binding):
        def sums(self, model: str, inputs: dict[str, Any], data: Any, **options: Any) -> LeastSquaresTerms:
            del model, options
            a, b = inputs["a"], inputs["b"]
            jacobian = np.stack([b * T, a * T])
            residual = a * b * T - data
            sums = residual @ residual, jacobian @ residual, jacobian @ jacobian.T
            return LeastSquaresTerms(np.array(sums[0]), *sums[1:], np.array(6), ("a", "b"))

    client: Any = Products()
    found = fit(client, "a*b*t", {"t": T}, Y, {"a": 1.0, "b": 1.0})
    assert np.isinf(list(found.absolute.values())).all()
    assert np.isinf(found.covariance).all()
    assert "act only together" in found.message


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"start": {}}, "no parameters"),
        ({"start": [2.0, 1.0, 0.0]}, "start: a list; name what to fit"),
        ({"inputs": T}, "give names with their values"),
        ({"sigma": 1.0, "weights": 1.0}, "both sigma and weights"),
        ({"bounds": (0.0, 1.0)}, "bounds: no option of fit.*scipy.optimize.least_squares"),
        ({"data": np.full(6, np.nan), "skip_nan": True}, "no observation; give data along a dim"),
        ({"data": np.where(T == 2, np.nan, Y)}, "skip_nan=True leaves out gaps"),
    ],
)
def test_what_can_not_be_fitted_is_refused(given: Any, told: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=told):
        fitted(**given)
