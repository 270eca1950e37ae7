"""Subplots: lines and heat maps as matplotlib holds them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gridgrad.results.display.scales import Spacing, value_range

pytest.importorskip("matplotlib")

from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure

from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.display.subplots import ODD, Coordinates, Panel, draw_lines, draw_map

X, Y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])


def along(centers: FloatArray, label: str = "x", *, log: bool = False) -> Spacing:
    return Spacing(label, centers, 1, None, log)


def panel(*grids: FloatArray, centred: bool = False) -> Panel:
    values = np.concatenate([grid.reshape(-1) for grid in grids])
    named = {f"c{number}": grid for number, grid in enumerate(grids)}
    return Panel("title", named, centred, value_range(values, centred=centred))


@pytest.fixture
def axes() -> Axes:
    return Figure().subplots()


def test_each_component_is_a_line_with_markers_where_they_are_few(axes: Axes) -> None:
    draw_lines(axes, panel(X, 2 * X, centred=True), along(X))
    first, second, zero = axes.lines
    assert_array_equal(second.get_ydata(), 2 * X)
    assert (first.get_marker(), first.get_label(), zero.get_ydata()) == (".", "c0", [0, 0])
    assert first.get_color() != second.get_color()
    many = Figure().subplots()
    draw_lines(many, panel(np.arange(100.0)), along(np.arange(100.0)))
    assert many.lines[0].get_marker() == "None"
    assert many.get_legend() is None


def test_what_is_not_finite_is_marked_at_the_foot_and_counted(axes: Axes) -> None:
    draw_lines(axes, panel(np.array([1.0, np.nan, np.inf])), along(X))
    assert_array_equal(axes.lines[-1].get_xdata(), [1, 2])
    assert axes.get_title(loc="right") == "2 not finite"


def test_even_cells_are_an_image_and_others_a_mesh(axes: Axes) -> None:
    grid = np.arange(9.0).reshape(3, 3)
    image = draw_map(axes, panel(grid), [along(X), along(X, "y")])
    assert_array_equal(image.get_array(), grid.T)
    uneven = Figure().subplots()
    mesh = draw_map(uneven, panel(grid), [along(X), along(Y, "y")])
    assert isinstance(mesh, QuadMesh)
    assert_allclose(np.asarray(mesh.get_coordinates(), float)[:, 0, 1], [-0.5, 0.5, 2.5, 5.5])
    assert (uneven.get_xlabel(), uneven.get_ylabel()) == ("x", "y")


def test_a_curvilinear_grid_is_drawn_at_its_coordinates(axes: Axes) -> None:
    r, angle = np.meshgrid([1.0, 2.0], [0.0, 0.5, 1.0], indexing="ij")
    curved = Coordinates(("x", "y"), r * np.cos(angle), r * np.sin(angle))
    holes = np.where(angle == 0.5, np.nan, r)
    mesh = draw_map(axes, panel(holes), [along(X[:2]), along(X)], curved)
    assert isinstance(mesh, QuadMesh)
    marks = np.asarray(axes.collections[-1].get_offsets(), float)
    assert_allclose(marks, [[np.cos(0.5), np.sin(0.5)], [2 * np.cos(0.5), 2 * np.sin(0.5)]])
    assert axes.get_aspect() == 1


def test_colours_say_what_is_not_finite(axes: Axes) -> None:
    image = draw_map(axes, panel(np.array([[1.0, -2.0], [np.nan, 0.0]]), centred=True), [along(X[:2]), along(X[:2])])
    assert isinstance(image.norm, Normalize)
    assert image.get_clim() == (-2, 2)
    assert to_hex(image.to_rgba(np.ma.masked_invalid([np.nan]))[0]) == ODD


def test_a_long_title_and_a_note_stand_above_each_other(axes: Axes) -> None:
    long = "∂²residual_pressure/∂temperature∂density, x = 300"
    values = np.array([1.0, np.nan, 2.0])
    draw_lines(axes, panel(values)._replace(title=long), along(X))
    title, note = axes.get_title(loc="left"), axes.get_title(loc="right")
    assert title == "∂²residual_pressure/\n∂temperature∂density, x = 300\n"
    assert max(map(len, title.split("\n"))) <= 36
    assert note == "1 not finite"
    assert isinstance(axes.figure, Figure)
    axes.figure.draw_without_rendering()
    upper, lower = (text.get_window_extent() for text in (axes._left_title, axes._right_title))  # type: ignore[attr-defined]
    lines = title.split("\n")
    height = upper.height / len(lines)
    assert lines[-1] == ""
    assert lower.y1 <= upper.y0 + height + 1
