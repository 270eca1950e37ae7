"""A manufactured solution on a curvilinear grid: the source term by `diff`, and the order at which a solver converges.

To verify a solver of ∇·(c ∇u) = s one chooses u, derives s, and sees how the discrete operator's residual falls as the
grid is refined; see Roache, J. Fluids Eng. 124 (2002) 4. Deriving s by hand is where the mistakes are made; here it is
written down as it stands. The grid is a ring sector, so coordinates are inputs with two dims, x(i, j) and y(i, j).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import gridgrad

SOLUTION = """
    u = sin(2*x)*exp(y/2) + x*y**2
    c = 1 + 0.3*cos(x)*y**2
    source = diff(c*diff(u, x), x) + diff(c*diff(u, y), y)
    u, c, source
"""
Grid = NDArray[np.float64]


def ring(side: int) -> tuple[Grid, Grid]:
    """The radii and angles of a quarter of a ring, [i, j] each."""
    radius, angle = np.meshgrid(np.linspace(1.0, 2.0, side), np.linspace(0.0, np.pi / 2, side), indexing="ij")
    return radius, angle


def residual(client: gridgrad.Client, side: int) -> float:
    """How far a discrete operator of second order is from the exact source, at most."""
    radius, angle = ring(side)
    points = {"x": (("i", "j"), radius * np.cos(angle)), "y": (("i", "j"), radius * np.sin(angle))}
    u, c, source = client.gradient(SOLUTION, points, order=0).value
    return float(np.abs(divergence(u, c, radius, angle) - source[1:-1, 1:-1]).max())


def divergence(u: Grid, c: Grid, radius: Grid, angle: Grid) -> Grid:
    """∇·(c ∇u) in polar coordinates by differences of fluxes, at the inner points."""
    dr, da = radius[1, 0] - radius[0, 0], angle[0, 1] - angle[0, 0]
    outward = (c[1:] + c[:-1]) / 2 * (radius[1:] + radius[:-1]) / 2 * np.diff(u, axis=0) / dr
    around = (c[:, 1:] + c[:, :-1]) / 2 * np.diff(u, axis=1) / da
    inner = radius[1:-1, 1:-1]
    across, along = np.diff(outward, axis=0)[:, 1:-1] / dr, np.diff(around, axis=1)[1:-1] / da
    both: Grid = across / inner + along / inner**2
    return both


def main() -> None:
    """Prints how the residual falls, and by which order."""
    sides = [33, 65, 129, 257]
    with gridgrad.Client() as client:
        residuals = [residual(client, side) for side in sides]
    orders = np.log2(np.divide(residuals[:-1], residuals[1:]))
    for side, value, order in zip(sides, residuals, ["", *(f"  order {each:.2f}" for each in orders)], strict=True):
        print(f"{side:4} × {side:<4} residual {value:.2e}{order}")


if __name__ == "__main__":
    main()
