"""Units: text that goes along, and what that of a partial is."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.arguments.units import check_known, check_units, unit_of, units_of
from gridgrad.frameworks.testing import FakeClient
from gridgrad.requests.prepare import prepare
from gridgrad_core.errors import RequestError

UNITS = {"p": "Pa", "T": "K", "n": "mol", "rho": "kg / m**3"}


@pytest.mark.parametrize(
    ("wrt", "unit"),
    [
        ((), "Pa"),
        (("T",), "Pa / K"),
        (("T", "T"), "Pa / K**2"),
        (("T", "n"), "Pa / (K * mol)"),
        (("T", "n", "T"), "Pa / (K**2 * mol)"),
        (("rho",), "Pa / (kg / m**3)"),
        (("rho", "rho"), "Pa / (kg / m**3)**2"),
        (("T", "x"), ""),
    ],
)
def test_the_unit_of_a_partial(wrt: tuple[str, ...], unit: str) -> None:
    assert unit_of(UNITS, ("p",), wrt) == unit


def test_a_component_goes_by_any_of_its_names() -> None:
    assert unit_of({"p": "Pa"}, ("f", "p"), ()) == "Pa"
    assert unit_of({"T": "K"}, ("f", "p"), ()) == ""
    assert unit_of({"T": "K"}, ("f",), ("T",)) == ""


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ("K", 'a str; give names with their units: {"T": "K", "p": "Pa"}'),
        ({"T": 1.0}, "1.0, a float; give text"),
        ({"T": " "}, "give text"),
        ({"T": None}, "None, a NoneType"),
    ],
)
def test_what_is_no_unit(units: object, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_units(units)
    assert said in str(caught.value)


def test_a_unit_of_nothing_is_refused_before_anything_is_computed() -> None:
    inputs = {"T": [300.0], "rho": 1.0}
    with pytest.raises(RequestError, match=r"'t', which is neither an input nor a component; give units of T, rho, p$"):
        prepare(gridgrad.Request("p = rho*T\n(p,)", inputs, units={"t": "K"}))
    for function in ("p = rho*T\n(p,)", lambda T, rho: {"p": rho * T}):  # noqa: N803 - the field's names
        prepare(gridgrad.Request(function, inputs, units={"T": "K", "p": "Pa", "rho": "kg"}))
    prepare(gridgrad.Request("rho*T", inputs, units={"f": "Pa"}))
    prepare(gridgrad.Request(gridgrad.registered("p"), inputs, units={"anything": "Pa"}))
    check_known({}, [], [])


def test_the_units_of_labelled_arrays_count_until_others_are_given() -> None:
    xarray = pytest.importorskip("xarray")
    warm = xarray.DataArray([300.0, 310.0], dims="T", attrs={"units": "K", "standard_name": "air_temperature"})
    assert units_of({"T": warm, "rho": [1.0], "x": xarray.DataArray(1.0, attrs={"units": 3})}) == {"T": "K"}
    with FakeClient({}, fill=1.0) as client:
        found = client.gradient("rho*T", {"T": warm, "rho": 1.0}, units={"f": "Pa"})
    assert found.units == {"T": "K", "f": "Pa"}
    assert found.to_xarray().df_dT.attrs["units"] == "Pa / K"
