"""Draws docs/images/nitrogen.png: an equation of state with five partials, and how far they are off.

make figures
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import gridgrad
from benchmarks.peers.nitrogen import (
    TEXT,
    WANTED,
    Grid,
    axes,
    exact_grids,
    finite_differences,
    in_numpy,
    relative_error,
)
from gridgrad.results.display.scales import spacing, value_range
from gridgrad.results.display.subplots import Panel, draw_map
from gridgrad.results.labels import pretty
from gridgrad.testing import local_server

__all__ = ["draw"]

PICTURE = Path(__file__).parents[1] / "images" / "nitrogen.png"
SIDE = 256
EVERY = 4
"""Errors are taken at every fourth point of each axis: 40 digits take their time."""
ERRORS = LogNorm(1e-17, 1e-5)
HEADING = "f(δ, τ): residual Helmholtz energy of nitrogen above the critical temperature, 36 terms, {0} × {0} points"


def main() -> None:
    """Computes, compares and draws."""
    with local_server() as server, gridgrad.Client(server.address) as client:
        figure = draw(client, SIDE, EVERY)
    figure.savefig(PICTURE, dpi=100)


def draw(client: gridgrad.Client, side: int, every: int) -> Figure:
    """Six maps on side² points, and two of errors at some of them; prints the errors."""
    result = client.gradient(TEXT, axes(side), order=2)
    coarse = {name: values[::every] for name, values in axes(side).items()}
    exact = exact_grids(coarse)
    errors = {
        "served": relative_error([np.asarray(result.d[wrt][::every, ::every], float) for wrt in WANTED], exact),
        "finite differences": relative_error(finite_differences(coarse, in_numpy()), exact),
    }
    figure = Figure(figsize=(13.6, 5.4), layout="constrained")
    places = figure.subplots(2, 4, sharex=True, sharey=True)
    for wrt, place in zip(WANTED, places[:, :3].flat, strict=True):
        _draw_grid(figure, place, result, wrt)
    for (name, error), place in zip(errors.items(), places[:, 3], strict=True):
        print(f"relative error, {name}: median {np.median(error):.1e}, greatest {error.max():.1e}")
        _draw_error(figure, place, coarse, error, f"relative error, {name}")
    for place in places.flat:
        place.set(xlabel="δ = ρ/ρc", ylabel="τ = Tc/T")
        place.label_outer()
    figure.suptitle(HEADING.format(side), x=0.01, ha="left", size="large")
    return figure


def _draw_grid(figure: Figure, place: Axes, result: gridgrad.Result, wrt: tuple[str, ...]) -> None:
    grid = result.d[wrt]
    panel = Panel(pretty("f", wrt), {"f": grid}, bool(wrt), value_range(grid, centred=bool(wrt)))
    mesh = draw_map(place, panel, [spacing(result, dim) for dim in result.dims])
    figure.colorbar(mesh, ax=place, aspect=15).outline.set_visible(False)


def _draw_error(figure: Figure, place: Axes, coarse: dict[str, Grid], error: Grid, title: str) -> None:
    mesh = place.pcolormesh(coarse["delta"], coarse["tau"], error.T, cmap="magma", norm=ERRORS, rasterized=True)
    place.set_title(title, loc="left")
    figure.colorbar(mesh, ax=place, aspect=15, extend="both").outline.set_visible(False)


if __name__ == "__main__":
    main()
