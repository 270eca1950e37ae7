"""5,000 listed options against 41 spots: inputs that share a dim are read side by side.

Each option has its own strike, maturity and volatility, all along the dim "option"; the spot is an axis. One request
gives price and Greeks of all of them at all spots, [option, spot].
"""

from __future__ import annotations

import numpy as np

import gridgrad

CALL = """
    d1 = (log(S/K) + (r + 0.5*sigma**2)*T) / (sigma*sqrt(T))
    d2 = d1 - sigma*sqrt(T)
    S*norm_cdf(d1) - K*exp(-r*T)*norm_cdf(d2)
"""


def greeks(client: gridgrad.Client, options: int = 5000, spots: int = 41) -> gridgrad.Result:
    """Price, delta, gamma, vega and theta's opposite, ∂/∂T."""
    random = np.random.default_rng(1)
    return client.gradient(
        CALL,
        {
            "K": ("option", random.uniform(60, 140, options).round()),
            "T": ("option", random.integers(1, 24, options) / 12),
            "sigma": ("option", random.uniform(0.1, 0.6, options)),
            "S": np.linspace(80, 120, spots),
            "r": 0.03,
        },
        derivatives=["S", ("S", "S"), "sigma", "T"],
    )


def main() -> None:
    """Prints what a book of one of each is worth, and how that moves, at some spots."""
    with gridgrad.Client() as client:
        book = greeks(client)
    print(f"{book.value.size} prices with four Greeks in {1e3 * book.info.compute_s:.1f} ms of computing")
    print("spot      value     delta     gamma")
    for number in range(0, book.value.shape[1], 10):
        value, delta, gamma = (grid[:, number].sum() for grid in (book.value, book.d["S"], book.d["S", "S"]))
        print(f"{book.inputs['S'][number]:4.0f} {value:10.0f} {delta:9.1f} {gamma:9.2f}")


if __name__ == "__main__":
    main()
