"""Figures: what is drawn where, on which scales, and what is refused."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from gridgrad.results.display import scales
from tests.client.made_results import result_from

pytest.importorskip("matplotlib")

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

X, Y = np.linspace(0, 4, 5), np.linspace(-1, 1, 3)
x, y = np.meshgrid(X, Y, indexing="ij")


def result_on(inputs: Mapping[str, Any], **grids: Any) -> gridgrad.Result:
    """`value`, and derivatives such as `d_x` or `d_x_x`."""
    named: dict[tuple[str, ...], Any] = {tuple(name.split("_")[1:]): grid for name, grid in grids.items()}
    return result_from("f", inputs, named)


def panels(figure: Figure) -> dict[str, Axes]:
    """The pictures of a figure by title, without their colour bars."""
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}


def image(axes: Axes) -> Any:
    return axes.images[0] if axes.images else axes.collections[0]


def test_two_dims_are_a_heat_map_for_each_array() -> None:
    figure = result_on({"x": X, "sigma": Y, "c": 2.5}, value=x, d_x=np.ones_like(x), d_x_sigma=x * y).plot()
    drawn = panels(figure)
    assert list(drawn) == ["f", "∂f/∂x", "∂²f/∂x∂σ"]
    assert (drawn["f"].get_xlabel(), drawn["f"].get_ylabel()) == ("x", "σ")
    assert_array_equal(image(drawn["f"]).get_array(), x.T)
    assert_allclose(image(drawn["f"]).get_extent(), [-0.5, 4.5, -1.5, 1.5])
    assert image(drawn["f"]).origin == "lower"
    assert drawn["∂f/∂x"].get_title(loc="right") == "1 everywhere"
    assert figure.get_suptitle() == "f\nc = 2.5"
    assert len(figure.axes) == 6


def test_colours_of_derivatives_are_centred_on_zero() -> None:
    drawn = panels(result_on({"x": X, "y": Y}, value=x + 7, d_x=x - 1).plot())
    assert image(drawn["f"]).get_clim() == (7, 11)
    assert image(drawn["∂f/∂x"]).get_clim() == (-3, 3)
    assert image(drawn["∂f/∂x"]).cmap.name == "RdBu_r"


def test_a_few_values_that_dwarf_the_others_get_a_logarithmic_scale() -> None:
    values = np.ones((40, 40))
    values[3, 4] = -1e4
    axes = {"x": np.arange(40.0), "y": np.arange(40.0)}
    drawn = panels(result_from("f", axes, {(): values}).plot())
    assert type(image(drawn["f"]).norm).__name__ == "AsinhNorm"


def test_what_is_not_finite_is_coloured_marked_and_counted() -> None:
    values = x.copy()
    values[1, 2], values[3, 0] = np.nan, np.inf
    (axes,) = panels(result_on({"x": X, "y": Y}, value=values).plot()).values()
    assert axes.get_title(loc="right") == "2 not finite"
    assert_array_equal(axes.collections[0].get_offsets(), [[1, 1], [3, -1]])
    assert to_hex(image(axes).cmap.get_bad()) == "#ff00c8"
    assert image(axes).get_clim() == (0, 4)
    (axes,) = panels(result_on({"x": X, "y": Y}, value=np.nan).plot()).values()
    assert axes.get_title(loc="right") == "nothing finite"


def test_over_one_dim_each_component_has_axes_of_its_own() -> None:
    grids: dict[tuple[str, ...], Any] = {(): [X, [1, 2, np.nan, 4, 5]], ("x",): [0 * X, X]}
    drawn = panels(result_from("u, v", {"x": X}, grids, ("u", "v")).plot())
    assert list(drawn) == ["u", "∂u/∂x", "v", "∂v/∂x"]
    assert drawn["u"].get_title(loc="right") == ""
    axes = drawn["v"]
    assert_array_equal(axes.lines[0].get_ydata(), [1, 2, np.nan, 4, 5])
    assert_array_equal(axes.lines[1].get_xdata(), [2])
    assert axes.get_title(loc="right") == "1 not finite"


def test_three_dims_are_slices_with_one_scale() -> None:
    t = np.array([0.0, 1.0, 10.0, 3.0])  # unsorted on purpose
    grid = t[:, None, None] * np.ones((4, 5, 3))
    drawn = panels(result_on({"t": t, "x": X, "y": Y}, value=grid, d_t=1).plot())
    assert list(drawn)[:3] == ["f, t = 0", "f, t = 3", "f, t = 10"]
    assert {image(axes).get_clim() for axes in list(drawn.values())[:3]} == {(0, 10)}
    assert_array_equal(image(drawn["f, t = 3"]).get_array(), np.full((3, 5), 3))


def test_dims_can_be_fixed() -> None:
    grid = np.arange(60.0).reshape(4, 5, 3)
    result = result_on({"t": [0.0, 1.0, 10.0, 3.0], "x": X, "y": Y}, value=grid)
    figure = result.plot(at={"t": 2.6, "y": 0.2})
    assert figure.get_suptitle() == "f\nt = 3, y = 0"
    assert_array_equal(panels(figure)["f"].lines[0].get_ydata(), grid[3, :, 1])
    with pytest.raises(gridgrad.RequestError, match="at: 'z', which is no dim; use dims of t, x, y"):
        result.plot(at={"z": 1.0})


def test_axes_unsorted_uneven_logarithmic_and_missing() -> None:
    unsorted = result_on({"x": [3.0, 1.0, 2.0], "y": Y}, value=np.array([[3.0], [1.0], [2.0]]))
    (axes,) = panels(unsorted.plot()).values()
    assert_array_equal(image(axes).get_array()[0], [1, 2, 3])
    (axes,) = panels(result_on({"x": np.geomspace(1, 100, 5), "y": Y}, value=x).plot()).values()
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    (axes,) = panels(result_on({"x": [0.0, 1.0, 5.0, 6.0, 7.0], "y": ("p", Y)}, value=x).plot()).values()
    assert (axes.get_xscale(), axes.get_ylabel()) == ("linear", "p (index)")
    assert image(axes).get_coordinates()[0, :, 0].tolist() == [-0.5, 0.5, 3, 5.5, 6.5, 7.5]
    single = result_on({"x": [2.0], "y": Y}, value=1.0)
    assert image(panels(single.plot())["f"]).get_extent()[:2] == [1.5, 2.5]


def test_a_curvilinear_grid_is_drawn_where_it_lies() -> None:
    inputs = {"a": (("i", "j"), x * np.cos(y)), "b": (("j", "i"), (x * np.sin(y)).T)}
    (axes,) = panels(result_on(inputs, value=x).plot()).values()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    assert_array_equal(np.ravel(image(axes).get_array()), x.ravel())
    assert axes.get_aspect() == 1


def test_large_grids_are_thinned_and_lose_no_hole() -> None:
    values = np.zeros((2000, 30))
    values[1999, 7] = np.nan
    large = result_on({"x": np.arange(2000.0), "y": np.arange(30.0)}, value=values)
    (axes,) = panels(large.plot()).values()
    assert image(axes).get_array().shape[1] <= scales.MOST_CELLS
    assert axes.get_title(loc="right") == "1 not finite"


def test_some_derivatives_into_a_given_figure(tmp_path: Path) -> None:
    given = Figure()
    result = result_on({"x": X, "y": Y}, value=x, d_x=x, d_y=y, d_x_y=x)
    figure = result.plot(derivatives=["y", ("y", "x")], figure=given)
    assert figure is given
    assert list(panels(figure)) == ["f", "∂f/∂y", "∂²f/∂y∂x"]
    with pytest.raises(KeyError, match="was not asked for"):
        result.plot(derivatives=[("x", "x")])
    for name in ("out.png", "out.svg", "out.pdf"):
        figure.savefig(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000


def test_notebooks_get_a_picture() -> None:
    figure: Any = result_on({"x": X}, value=X).plot()
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"c": 1.0}, "a single point; plot results on a grid"),
        ({"x": [], "y": [1.0]}, "a grid without points"),
        ({name: [1.0, 2.0] for name in "abcde"}, r'5 dims; fix all but three of them: at=\{"a": ..., "b": ...\}'),
    ],
)
def test_what_can_not_be_drawn(inputs: dict[str, Any], said: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=said):
        result_on(inputs, value=0).plot()


def test_too_many_subplots_are_refused() -> None:
    components = tuple(f"c{n}" for n in range(60))
    result = result_from("f", {"x": X, "y": Y}, {(): x, ("x",): x}, components)
    with pytest.raises(gridgrad.RequestError, match="120 subplots for one figure; choose some: derivatives="):
        result.plot()
    result.plot(derivatives=[])


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        gridgrad.MissingExtraError, match=r"matplotlib: is not installed; pip install 'gridgrad\[plot\]'"
    ):
        result_on({"x": X}, value=X).plot()


def test_the_figure_of_a_result_can_be_written_to_memory() -> None:
    file = io.BytesIO()
    result_on({"x": X, "y": Y}, value=x, d_x=y).plot().savefig(file, format="svg")
    assert b"<svg" in file.getvalue()
