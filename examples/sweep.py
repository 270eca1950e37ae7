"""A sweep over thousands of parameter sets, as a stream of small grids.

`client.map` packs many grids into a message and yields results in order, while few of them are held at a time. Here
logistic growth with uncertain rate and capacity: the band of populations over time, and when each grows fastest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gridgrad

GROWTH = "K/(1 + (K/start - 1)*exp(-r*t))"
Curves = NDArray[np.float64]


def draws(count: int, steps: int) -> Iterator[dict[str, Any]]:
    """The inputs of each grid, made while others are computed."""
    random = np.random.default_rng(1)
    time = np.linspace(0.0, 10.0, steps)
    for _ in range(count):
        yield {"t": time, "K": random.normal(100, 10), "r": random.normal(1.0, 0.1), "start": 2.0}


def sweep(client: gridgrad.Client, count: int = 5000, steps: int = 200) -> tuple[Curves, Curves]:
    """The populations [draw, t], and how fast they grow."""
    curves = np.empty((2, count, steps))
    for number, result in enumerate(client.map(GROWTH, draws(count, steps))):
        curves[:, number] = result.value, result.d["t"]
    return curves[0], curves[1]


def main() -> None:
    """Prints what came of it."""
    with gridgrad.Client() as client:
        population, growth = sweep(client)
    low, high = np.percentile(population[:, population.shape[1] // 2], [5, 95])
    print(f"{len(population)} curves; half way nine in ten are between {low:.1f} and {high:.1f}")
    fastest = growth.argmax(axis=1) * 10.0 / (growth.shape[1] - 1)
    print(f"they grow fastest at t = {fastest.mean():.2f} ± {fastest.std():.2f}")


if __name__ == "__main__":
    main()
