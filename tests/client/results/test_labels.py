"""How derivatives are written."""

from __future__ import annotations

import pytest

from gridgrad.results.labels import fraction, pretty, spelling, symbol, variable
from gridgrad_core.grid import Derivative


@pytest.mark.parametrize(
    ("wrt", "written"),
    [
        ((), ("()", "f", "f", "f")),
        (("t",), ('"t"', "df/dt", "df_dt", "∂f/∂t")),
        (("t", "t"), ('("t", "t")', "d2f/dt2", "d2f_dt2", "∂²f/∂t²")),
        (("t", "tau"), ('("t", "tau")', "d2f/(dt dtau)", "d2f_dt_dtau", "∂²f/∂t∂τ")),
        (("t", "k", "k"), ('("t", "k", "k")', "d3f/(dt dk2)", "d3f_dt_dk2", "∂³f/∂t∂k²")),
    ],
)
def test_every_way_of_writing(wrt: Derivative, written: tuple[str, ...]) -> None:
    assert (spelling(wrt), fraction("f", wrt), variable("f", wrt), pretty("f", wrt)) == written


def test_only_whole_names_are_greek() -> None:
    assert pretty("Gamma", ("tau_2",)) == "∂Γ/∂tau_2"


def test_reports_keep_names_as_they_are() -> None:
    assert symbol("f", ("tau", "t", "tau")) == "∂³f/∂tau²∂t"
    assert symbol("Gamma", ()) == "Gamma"
