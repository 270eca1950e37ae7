"""A calibration in an inner loop: six parameters of a surface, of whose 40,000 points each step brings 28 numbers.

`gridgrad.scipy.fit` binds the sums of squares; the same is timed with JAX in this process, if it is installed, and with
`scipy.optimize.least_squares`, for which the residuals and their Jacobian travel.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

import gridgrad
from gridgrad.scipy import FitResult, fit, residuals

Array = NDArray[np.floating]
MODEL = "a*exp(-b*t - c*k)*cos(d*t*k) + e*t + g"
TRUTH = {"a": 2.1, "b": 0.72, "c": 0.31, "d": 1.08, "e": 0.19, "g": 0.51}
START = {"a": 1.0, "b": 1.0, "c": 0.5, "d": 1.0, "e": 0.0, "g": 0.0}
STEPS = 20
PATIENCE_S = 10.0
"""For compiled code, which is made once steps prove to be many."""


def measured(side: int = 200) -> tuple[dict[str, Array], Array]:
    """Axes, and a surface over them with noise of 0.01."""
    t, k = np.linspace(0.0, 3.0, side), np.linspace(0.0, 2.0, side)
    noise = np.random.default_rng(7).normal(0.0, 0.01, (side, side))
    return {"t": t, "k": k}, surface(np, TRUTH, t, k) + noise


def surface(xp: Any, at: Mapping[str, Any], t: Any, k: Any) -> Any:
    """What MODEL is, by numpy or JAX."""
    t = t[:, None]
    return at["a"] * xp.exp(-at["b"] * t - at["c"] * k) * xp.cos(at["d"] * t * k) + at["e"] * t + at["g"]


def fitted(client: gridgrad.Client, axes: Mapping[str, Array], data: Array) -> FitResult:
    """The fit by sums that are made at the server."""
    return fit(client, MODEL, axes, data, START)


def fitted_by_scipy(client: gridgrad.Client, axes: Mapping[str, Array], data: Array) -> Any:
    """The same by scipy's own loop, for which the Jacobian comes here."""
    served = residuals(client, MODEL, axes, data, [*START])
    return least_squares(served, [*START.values()], jac=served.jacobian, method="lm", x_scale="jac")


def jax_step(axes: Mapping[str, Array], data: Array) -> Callable[[Array], Any]:
    """Σr², Jᵀr and JᵀJ by `jax.jit` in this process."""
    import jax

    jax.config.update("jax_enable_x64", True)

    def residuals_at(at: Any) -> Any:
        named = dict(zip(START, at, strict=True))
        return (surface(jax.numpy, named, **axes) - data).ravel()

    def step(at: Any) -> Any:
        r, jacobian = residuals_at(at), jax.jacfwd(residuals_at)(at)
        return r @ r, jacobian.T @ r, jacobian.T @ jacobian

    compiled = jax.jit(step)
    return lambda at: [np.asarray(each) for each in compiled(at)]


def milliseconds(call: Callable[[int], object]) -> float:
    """The median of some calls, each of which is given its number."""
    taken = []
    for number in range(STEPS):
        started_at = time.perf_counter()
        call(number)
        taken.append(time.perf_counter() - started_at)
    return 1e3 * float(np.median(taken))


def main() -> None:
    """Fits, prints the parameters with their standard errors, and times a step of each way."""
    axes, data = measured()
    with gridgrad.Client() as client:
        found = fitted(client, axes, data)
        theirs = fitted_by_scipy(client, axes, data)
        names = [*START]
        terms = client.bind_least_squares_terms(MODEL, {**axes, **START}, data, varying=names, wrt=names)
        taken = [milliseconds(lambda number: terms({**START, "a": 1.0 + 1e-6 * number}))]
        started_at = time.monotonic()
        while time.monotonic() - started_at < PATIENCE_S:
            taken.append(milliseconds(lambda number: terms({**START, "a": 1.0 + 1e-6 * number})))
    print(f"after {found.iterations} steps: {found.message}")
    for (name, value), truth, other in zip(found.parameters.items(), TRUTH.values(), theirs.x, strict=True):
        print(f"{name} = {value:.5f} ± {found.scaled[name]:.5f}   (made with {truth}; scipy's loop {other:.5f})")
    print(f"a step takes {taken[0]:.2f} ms at first, and {min(taken):.2f} ms once its code is compiled")
    try:
        step = jax_step(axes, data)
    except ImportError:
        print("with JAX in this process: pip install jax, and run this again")
        return
    at = np.array([*START.values()])
    step(at)
    print(f"a step takes {milliseconds(lambda number: step(at + 1e-6 * number)):.2f} ms with JAX in this process")


if __name__ == "__main__":
    main()
