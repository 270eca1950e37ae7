"""Results with derivatives by arrays of coefficients: exported, kept, shown, and left out of fields and figures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.arguments.inputs import Input
from gridgrad.results.planes import PlaneIndex
from gridgrad.results.result_data import ResultOrigin, ResultSchema
from tests.client.made_results import INFO

X, N = np.array([1.0, 2.0, 4.0, 8.0]), np.array([[5.0, 6.0, 7.0]])


def cubic(components: tuple[str, ...] = ()) -> gridgrad.Result:
    """a_0_0 + a_0_1 x + a_0_2 x² with ∂/∂x, ∂/∂a and ∂²/∂x∂a; of two components the second is the first negated."""
    powers = np.stack([X**0, X, X**2])
    slopes = np.stack([0 * X, X**0, 2 * X])
    planes = np.concatenate([[N[0] @ powers], [N[0] @ slopes], powers, slopes])
    if components:
        planes = np.stack([planes, -planes], axis=1)
    text = "a_0_0 + a_0_1*x + a_0_2*x**2"
    index: PlaneIndex = {(): 0, ("x",): 1, ("a",): np.array([[2, 3, 4]]), ("x", "a"): np.array([[5, 6, 7]])}
    schema = ResultSchema(index, ("x", "a"), ("x",), components or ("f",), bool(components), ("expression", text))
    request = gridgrad.Request(text, {"x": X}, coefficients={"a": N})
    shown = (Input("x", ("x",), X), Input("a", ("a_0", "a_1"), N))
    return gridgrad.Result(planes, schema, INFO, ResultOrigin(request, shown))


def test_a_dataset_has_the_dims_of_the_coefficients_in_front() -> None:
    pytest.importorskip("xarray")
    data = cubic(("u", "v")).to_xarray()
    assert data.u.dims == ("x",)
    assert data.dv_da.dims == ("a_0", "a_1", "x")
    assert data.coords["a"].dims == ("a_0", "a_1")
    assert_array_equal(data.d2v_dx_da[0, 2], -2 * X)


def test_columns_are_those_of_each_coefficient() -> None:
    columns = cubic().to_dict(flat=True)
    assert {column.shape for column in columns.values()} == {(4,)}
    assert [name for name in columns if name.startswith("df_da")] == ["df_da_0_0", "df_da_0_1", "df_da_0_2"]
    assert_array_equal(columns["df_da_0_2"], X**2)
    assert_array_equal(columns["a_0_1"], [6, 6, 6, 6])


@pytest.mark.parametrize("components", [(), ("u", "v")])
def test_an_archive_keeps_them(components: tuple[str, ...]) -> None:
    file, result = io.BytesIO(), cubic(components)
    result.to_npz(file)
    file.seek(0)
    back = gridgrad.Result.from_npz(file)
    assert list(back.d) == list(result.d)
    for wrt in result.d:
        assert_array_equal(back.d[wrt], result.d[wrt])
    assert back.request.coefficients is not None
    assert_array_equal(back.request.coefficients["a"], N)
    assert list(back.request.inputs) == ["x"]


def test_they_are_shown_and_left_out_of_figures() -> None:
    assert "\n  df/da        1 to 64\n" in repr(cubic())
    assert cubic()._repr_html_().count("<figure") == 4
    pytest.importorskip("matplotlib")
    titles = [axes.get_title(loc="left") for axes in cubic().plot().axes]
    assert titles == ["f", "∂f/∂x"]
    with pytest.raises(gridgrad.RequestError, match='"a", with a grid for each coefficient'):
        cubic().plot(derivatives=["a"])


def test_fields_are_by_inputs_on_the_grid() -> None:
    assert_array_equal(cubic().gradient_norm(), np.abs(cubic().d["x"]))
    with pytest.raises(gridgrad.RequestError, match="'a', an array of coefficients; name inputs on the grid"):
        cubic().jacobian(["x", "a"])
    with pytest.raises(gridgrad.RequestError, match=r"take it whole: result\.inputs\[name\]"):
        cubic().on_grid("a")
