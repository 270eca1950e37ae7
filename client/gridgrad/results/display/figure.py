"""Figures of results with matplotlib: lines over one dim, heat maps over two, slices through three.

Drawn without pyplot, so that nothing is kept alive and no backend is chosen.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from gridgrad.arguments.derivatives import DerivativeLike, read_selection
from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.components import ComponentGrid, component_grid, component_names, leading_dims
from gridgrad.results.display.scales import MOST_CELLS, MOST_POINTS, Spacing, arranged, spacing, value_range
from gridgrad.results.display.subplots import Coordinates, Panel, draw_lines, draw_map
from gridgrad.results.labels import pretty, pretty_name, spelling, with_unit
from gridgrad.results.result_data import ResultData
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative

__all__ = ["plot"]

MOST_PANELS = 96
POWERS = (-3, 4)
"""Powers of ten beyond which a colour bar writes one exponent for all its numbers."""


class View(NamedTuple):
    """A part of the grid that one subplot shows.

    Args:
        spacings: where the cells along each of its one or two dims lie.
        part: what takes that part of an array [*grid].
        curved: where its points lie if two inputs say so.
        title: which slice it is; empty if the grid has no third dim.
    """

    spacings: tuple[Spacing, ...]
    part: tuple[int | slice, ...]
    curved: Coordinates | None
    title: str

    def take(self, grid: FloatArray) -> FloatArray:
        """The cells of an array [*grid] that are drawn."""
        return arranged(grid[self.part], self.spacings)


class NotebookFigure(Figure):
    """A figure that notebooks show, whatever their backend."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def plot(
    result: ResultData,
    *,
    derivatives: Iterable[DerivativeLike] | None = None,
    at: Mapping[str, float] | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draws a result; see `Result.plot`."""
    if 0 in result.shape:
        raise RequestError("plot", "a grid without points", "give every axis a value")
    listed = _drawable(result, derivatives)
    fixed = {dim: _nearest(result, dim, value) for dim, value in (at or {}).items()}
    views = _views(result, {dim: place for dim, (place, _) in fixed.items()})
    rows = list(_rows(result, views, [(), *(wrt for wrt in listed if wrt)]))
    columns = max(map(len, rows))
    _check_count(len(rows) * columns)
    if figure is None:
        figure = NotebookFigure(figsize=(3.4 * columns + 0.2, 2.7 * len(rows) + 0.5))
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    for row, axes in zip(rows, figure.subplots(len(rows), columns, squeeze=False), strict=True):
        _draw(figure, row, axes, views)
    heading = _heading(result, [text for _, text in fixed.values()], 34 * columns)
    figure.suptitle(heading, x=0.01, ha="left", size="medium", parse_math=False)
    return figure


def _check_count(count: int) -> None:
    if count > MOST_PANELS:
        found = f"{count} subplots for one figure"
        raise RequestError("derivatives", found, 'choose some: derivatives=["t", ("t", "t")]')


def _drawable(result: ResultData, derivatives: Iterable[DerivativeLike] | None) -> Sequence[Derivative]:
    """Those asked for, or all by inputs of the grid; those by arrays of coefficients would be many subplots each."""
    if derivatives is None:
        return [wrt for wrt in result.d if not leading_dims(result, wrt)]
    listed = read_selection(None, None, derivatives).derivatives or ()
    for wrt in listed:
        if leading_dims(result, wrt):
            found = f"{spelling(wrt)}, with a grid for each coefficient"
            raise RequestError("derivatives", found, "draw derivatives by inputs on the grid")
    return listed


def _nearest(result: ResultData, dim: str, value: float) -> tuple[int, str]:
    """The place along a dim of the coordinate nearest to a value, and what to call it."""
    if dim not in result.dims:
        raise RequestError("at", f"{dim!r}, which is no dim", f"use dims of {', '.join(result.dims) or '(none)'}")
    along = spacing(result, dim)
    place = int(np.argmin(np.abs(along.centers - value)))
    text = f"{along.label} = {along.centers[place]:.4g}"
    return place if along.order is None else int(along.order[place]), text


def _views(result: ResultData, fixed: Mapping[str, int]) -> list[View]:
    dims = [dim for dim in result.dims if dim not in fixed]
    _check_dims(dims)
    if len(dims) < 3:
        return [_view(result, fixed, "")]
    along = spacing(result, dims[0])
    places = sorted({0, along.centers.size // 2, along.centers.size - 1})
    order = range(along.centers.size) if along.order is None else along.order
    return [
        _view(result, {**fixed, dims[0]: int(order[place])}, f"{along.label} = {along.centers[place]:.4g}")
        for place in places
    ]


def _check_dims(dims: Sequence[str]) -> None:
    if not dims:
        raise RequestError("plot", "a single point", "plot results on a grid of one dim or more")
    if len(dims) > 3:
        more = ", ".join(f'"{dim}": ...' for dim in dims[: len(dims) - 3])
        raise RequestError("plot", f"{len(dims)} dims", f"fix all but three of them: at={{{more}}}")


def _view(result: ResultData, fixed: Mapping[str, int], title: str) -> View:
    dims = [dim for dim in result.dims if dim not in fixed]
    most = MOST_POINTS if len(dims) == 1 else MOST_CELLS
    spacings = tuple(spacing(result, dim, most) for dim in dims)
    part = tuple(fixed.get(dim, slice(None)) for dim in result.dims)
    return View(spacings, part, _curved(result, dims, part, spacings), title)


def _curved(
    result: ResultData, dims: Sequence[str], part: tuple[int | slice, ...], spacings: Sequence[Spacing]
) -> Coordinates | None:
    """The first two inputs over both dims, where neither dim has an axis of its own."""
    over = [name for name, own in result.input_dims.items() if len(dims) == 2 and set(own) == set(dims)]
    if len(over) < 2 or any(dim in result.inputs for dim in dims):
        return None
    across, up = (arranged(result.on_grid(name)[part], spacings) for name in over[:2])
    return Coordinates((pretty_name(over[0]), pretty_name(over[1])), across, up)


def _rows(result: ResultData, views: Sequence[View], wanted: Sequence[Derivative]) -> Iterator[list[Panel]]:
    names = component_names(result)
    parts = [{name: component_grid(result, number, wrt) for number, name in enumerate(names)} for wrt in wanted]
    for name in names:  # each with axes of its own: a pressure beside a density would be a line at 0
        panels = [[_panel(part[name], view) for view in views] for part in parts]
        yield from map(_on_one_scale, panels) if len(views) > 1 else _wrapped([panel for (panel,) in panels])


def _panel(part: ComponentGrid, view: View) -> Panel:
    name, grid = pretty(part.component, part.wrt), view.take(part.grid)
    title = ", ".join([with_unit(name, part.unit)] + [view.title] * bool(view.title))
    centred = bool(part.wrt)
    limits = value_range(grid.reshape(-1), centred=centred and len(view.spacings) == 2)
    return Panel(title, {name: grid}, centred, limits)


def _on_one_scale(panels: Sequence[Panel]) -> list[Panel]:
    """The same subplots with colours that mean the same in all of them."""
    every = np.concatenate([grid.reshape(-1) for panel in panels for grid in panel.grids.values()])
    shared = value_range(every, centred=panels[0].centred)
    return [panel._replace(limits=shared) for panel in panels]


def _wrapped(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    """Rows of up to four subplots, as even as may be."""
    count = len(panels)
    columns = count if count <= 4 else 3 if count in (5, 6, 9) else 4
    for start in range(0, count, columns):
        yield list(panels[start : start + columns])


def _draw(figure: Figure, row: Sequence[Panel], places: Sequence[Axes], views: Sequence[View]) -> None:
    for unused in places[len(row) :]:
        unused.remove()
    for number, (panel, axes) in enumerate(zip(row, places, strict=False)):
        view = views[number if len(views) > 1 else 0]
        if len(view.spacings) == 1:
            draw_lines(axes, panel, view.spacings[0])
            continue
        mesh = draw_map(axes, panel, view.spacings, view.curved)
        if number:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        if len(views) == 1 or number == len(views) - 1:
            _add_bar(figure, mesh, [axes] if len(views) == 1 else places, panel.limits.decades)


def _add_bar(figure: Figure, mesh: ScalarMappable, places: Sequence[Axes], ticks: Sequence[float]) -> None:
    bar = figure.colorbar(mesh, ax=list(places), pad=0.02, aspect=15)
    if ticks:
        bar.set_ticks(ticks)
        bar.minorticks_off()
    bar.outline.set_visible(False)
    if isinstance(bar.formatter, ScalarFormatter):
        bar.formatter.set_powerlimits(POWERS)


def _heading(result: ResultData, fixed: Sequence[str], width: int) -> str:
    """The function, and on a line of their own its parameters and what dims are fixed at."""
    _, text = result.function
    lines = textwrap.wrap(" ".join(text.split()), width, max_lines=2, placeholder=" …", break_on_hyphens=False)
    units = result.units
    numbers = [
        f"{pretty_name(name)} = {values:.6g} {units.get(name, '')}".rstrip()
        for name, values in result.inputs.items()
        if not values.ndim
    ]
    return "\n".join([*lines, ", ".join([*fixed, *numbers])]).strip()
