"""One subplot of a figure: lines over one dim, or a heat map over two."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import AsinhNorm, Colormap, Normalize

from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.display.scales import Spacing, ValueRange, corners
from gridgrad.results.display.thumbnails import NOT_FINITE

__all__ = ["Coordinates", "Panel", "draw_lines", "draw_map"]

MOST_MARKED_CELLS = 2000
"""Up to so many cells that are not finite get a mark each; more of them show by their colour."""
MOST_MARKED_POINTS = 40
"""A line of up to so many points gets a marker at each."""
ODD = f"#{NOT_FINITE}"
LINES = ("#2c728e", "#d6604d", "#5ec962", "#472d7b", "#b2182b")
ZERO_LINE = "0.7"
TITLE_LETTERS = 36
"""As many letters as stand above a subplot."""


class Panel(NamedTuple):
    """What one subplot shows.

    Args:
        title: what it shows.
        grids: the arrays in it by name; one, but for lines, which may be several components.
        centred: whether it is of a derivative, with zero in the middle.
        limits: which values its colours or its height span.
    """

    title: str
    grids: Mapping[str, FloatArray]
    centred: bool
    limits: ValueRange


class Coordinates(NamedTuple):
    """Where the points of a curvilinear grid lie.

    Args:
        labels: the names of the two inputs.
        across: the first, [n, m].
        up: the second, [n, m].
    """

    labels: tuple[str, str]
    across: FloatArray
    up: FloatArray


def draw_lines(axes: Axes, panel: Panel, along: Spacing) -> None:
    """Draws arrays of one dim, with a tick at the foot where one is not finite."""
    marker = "." if along.centers.size <= MOST_MARKED_POINTS else None
    for (name, grid), colour in zip(panel.grids.items(), itertools.cycle(LINES), strict=False):
        axes.plot(along.centers, grid, color=colour, label=name, marker=marker)
    if panel.centred:
        axes.axhline(0, color=ZERO_LINE, linewidth=0.8, zorder=0)
    _scale_height(axes, panel.limits)
    axes.set_xscale("log" if along.log else "linear")
    _mark_at_foot(axes, panel, along)
    if len(panel.grids) > 1:
        axes.legend(fontsize="small")
    axes.set_xlabel(along.label)
    _title(axes, panel)


def _scale_height(axes: Axes, limits: ValueRange) -> None:
    if limits.linear_to is not None:
        axes.set_yscale("asinh", linear_width=limits.linear_to)
        axes.set_yticks(limits.decades)
        axes.set_yticks([], minor=True)


def _mark_at_foot(axes: Axes, panel: Panel, along: Spacing) -> None:
    odd = np.logical_or.reduce([~np.isfinite(grid) for grid in panel.grids.values()])
    if odd.any():
        foot = axes.get_xaxis_transform()
        axes.plot(along.centers[odd], np.zeros(odd.sum()), "|", color=ODD, transform=foot, clip_on=False, zorder=3)


def draw_map(axes: Axes, panel: Panel, dims: Sequence[Spacing], curved: Coordinates | None = None) -> ScalarMappable:
    """Draws an array of two dims, the first to the right and the second upward, with what is not finite marked.

    Returns:
        What a colour bar is made from.
    """
    (grid,) = panel.grids.values()
    colours = colormaps["RdBu_r" if panel.centred else "viridis"].with_extremes(bad=ODD)
    norm = _norm(panel.limits)
    if curved is None:
        mesh = _rectangular_mesh(axes, grid, dims, colours, norm)
    else:
        sides = corners(curved.across), corners(curved.up)
        mesh = axes.pcolormesh(*sides, grid, cmap=colours, norm=norm, rasterized=True)
        axes.set_aspect("equal", adjustable="box")
    _mark(axes, grid, dims, curved)
    labels = [along.label for along in dims] if curved is None else curved.labels
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    _title(axes, panel)
    return mesh


def _rectangular_mesh(
    axes: Axes, grid: FloatArray, dims: Sequence[Spacing], colours: Colormap, norm: Normalize
) -> ScalarMappable:
    """The cells of a grid on two axes: an image where they are of one size, which files hold best."""
    across, up = dims
    if across.even and up.even:
        extent = (*across.edges[[0, -1]].tolist(), *up.edges[[0, -1]].tolist())
        return axes.imshow(grid.T, colours, norm, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
    mesh = axes.pcolormesh(across.edges, up.edges, grid.T, cmap=colours, norm=norm, rasterized=True)
    axes.set_xscale("log" if across.log else "linear")
    axes.set_yscale("log" if up.log else "linear")
    return mesh


def _norm(limits: ValueRange) -> Normalize:
    if limits.linear_to is None:
        return Normalize(limits.low, limits.high)
    return AsinhNorm(limits.linear_to, vmin=limits.low, vmax=limits.high)


def _mark(axes: Axes, grid: FloatArray, dims: Sequence[Spacing], curved: Coordinates | None) -> None:
    """A square on each cell that is not finite, where they are few: one cell alone is hard to see."""
    across, up = np.nonzero(~np.isfinite(grid))
    if not 0 < across.size <= MOST_MARKED_CELLS:
        return
    x = dims[0].centers[across] if curved is None else curved.across[across, up]
    y = dims[1].centers[up] if curved is None else curved.up[across, up]
    axes.scatter(x, y, marker="s", s=8, linewidths=0, color=ODD, clip_on=False, zorder=3)


def _title(axes: Axes, panel: Panel) -> None:
    """The title on the left, and on the right what is odd about the numbers: a line lower where both have no room."""
    note, colour = _note(panel)
    title = _folded(panel.title)
    below = "\n" if note and len(title.rpartition("\n")[2]) + len(note) > TITLE_LETTERS - 2 else ""
    axes.set_title(title + below, loc="left", parse_math=False)
    if note:
        axes.set_title(note, loc="right", color=colour, size="small")


def _folded(title: str) -> str:
    """A title in as many lines as it takes, the first of them up to the bar of a fraction."""
    if len(title) <= TITLE_LETTERS:
        return title
    above, bar, below = title.partition("/")
    return "\n".join(textwrap.fill(part, TITLE_LETTERS) for part in (above + bar, below) if part)


def _note(panel: Panel) -> tuple[str, str]:
    """What is odd about the numbers of a subplot, and its colour; empty if nothing is."""
    grids = panel.grids.values()
    odd = sum(int((~np.isfinite(grid)).sum()) for grid in grids)
    size = sum(grid.size for grid in grids)
    if odd:
        return f"{odd:,} not finite" if odd < size else "nothing finite", ODD
    return ("" if panel.limits.constant is None else f"{panel.limits.constant:.4g} everywhere"), "0.4"
