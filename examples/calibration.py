"""A calibration with scipy: the exact Jacobian by the coefficients comes with every value.

Two exponentials that decay are fitted to noisy counts. The function and the times are bound: however many steps the fit
takes, the server reads them once, and a step sends the coefficients alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

import gridgrad

Array = NDArray[np.floating]
TRUTH = np.array([90.0, 0.8, 30.0, 0.15])


@gridgrad.function
def decay(t: Array, n: Array) -> Any:
    """Two amplitudes and two rates."""
    return n[0] * np.exp(-n[1] * t) + n[2] * np.exp(-n[3] * t)


def fit(client: gridgrad.Client, t: Array, counts: Array, start: Array) -> Any:
    """The coefficients at which the sum of squares is least."""
    # Some dozens of steps: too few to wait for compiled code
    served = client.bind(decay, {"t": t}, varying="n", derivatives=["n"], coefficients={"n": start}, prepare=False)

    def residuals(n: Array) -> Array:
        return served(n=n).value - counts

    def jacobian(n: Array) -> Array:
        return served(n=n).d["n"].T  # [t, n] of [n, t]

    return least_squares(residuals, start, jacobian, x_scale="jac")


def measured(count: int) -> tuple[Array, Array]:
    """Times, and what a detector would have counted."""
    t = np.linspace(0.0, 20.0, count)
    exact = TRUTH[0] * np.exp(-TRUTH[1] * t) + TRUTH[2] * np.exp(-TRUTH[3] * t)
    return t, exact + np.random.default_rng(1).normal(0.0, 0.3, count)


def main() -> None:
    """Fits and prints the coefficients, with their standard errors from the Jacobian."""
    t, counts = measured(2000)
    with gridgrad.Client() as client:
        found = fit(client, t, counts, start=np.array([50.0, 1.0, 50.0, 0.1]))
    variance = 2 * found.cost / (len(t) - len(TRUTH))
    errors = np.sqrt(variance * np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    print(f"after {found.nfev} steps, {found.message}")
    for name, value, error, truth in zip(("n_0", "n_1", "n_2", "n_3"), found.x, errors, TRUTH, strict=True):
        print(f"{name} = {value:8.4f} ± {error:.4f}   (made with {truth})")


if __name__ == "__main__":
    main()
