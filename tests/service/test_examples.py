"""The examples: each runs as it stands, and what it computes is right at a reduced size."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import gridgrad
from examples import calibration, listed_options, manufactured, saturation, state_table, surface_fit, sweep
from tests.node import run_node
from tests.service.harness import Running

EXAMPLES = [
    *("calibration", "listed_options", "manufactured", "state_table", "sweep"),
    *(pytest.param(name, marks=pytest.mark.long) for name in ("saturation", "surface_fit")),
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_runs_as_it_stands(
    name: str, server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRIDGRAD_SERVER", server.address)
    monkeypatch.chdir(tmp_path)
    importlib.import_module(f"examples.{name}").main()
    assert capsys.readouterr().out


def test_the_state_table_is_that_of_the_equation(client: gridgrad.Client) -> None:
    p = state_table.table(client, side=20)
    dilute = p.value[:, -1] * p.inputs["v"][-1] / (state_table.R * p.inputs["T"])
    assert np.all(np.abs(dilute - 1) < 0.01)
    # Peng and Robinson's critical point, v = 0.307401 R Tc/pc, is one of inflection
    v = 0.30740131 * state_table.R * state_table.CRITICAL_K / state_table.CRITICAL_PA
    at = {name: float(values) for name, values in p.inputs.items() if not values.ndim} | {"T": state_table.CRITICAL_K}
    critical = client.gradient(state_table.PRESSURE, {**at, "v": [v]}, order=2)
    assert abs(critical.value[0] / state_table.CRITICAL_PA - 1) < 1e-6
    assert abs(critical.d["v"][0] * v / critical.value[0]) < 1e-6
    assert abs(critical.d["v", "v"][0] * v**2 / critical.value[0]) < 1e-5


def test_the_greeks_solve_the_equation_of_black_and_scholes(client: gridgrad.Client) -> None:
    book = listed_options.greeks(client, options=50, spots=5)
    assert (book.dims, book.value.shape) == (("option", "S"), (50, 5))
    spot, sigma = book.on_grid("S"), book.on_grid("sigma")
    drift = 0.03 * (spot * book.d["S"] - book.value) + sigma**2 * spot**2 * book.d["S", "S"] / 2
    np.testing.assert_allclose(book.d["T"], drift, rtol=1e-9, atol=1e-12)


def nitrogen(delta: Any, tau: Any) -> tuple[Any, Any]:
    """Pressure and chemical potential over R T, reduced, by mpmath's own derivative."""

    def energy(d: Any) -> Any:
        terms = [n * d**i * tau**j * mp.exp(-(d**power) if power else 0) for n, i, j, power in saturation.POLYNOMIAL.T]
        bells = (
            m * d**k * tau**q * mp.exp(-phi * (d - 1) ** 2 - beta * (tau - gamma) ** 2)
            for m, k, q, phi, beta, gamma in saturation.BELLS.T
        )
        return mp.fsum([*terms, *bells])

    slope = mp.diff(energy, delta)
    return delta * (1 + delta * slope), mp.log(delta) + energy(delta) + delta * slope


@pytest.mark.long
def test_densities_of_nitrogen_are_mpmaths(client: gridgrad.Client) -> None:
    found = client.gradient(saturation.density, {"T": [150.0], "p": [5e6]}, wrt=["T", "p"])

    def density(t: Any, p: Any) -> Any:
        reduced = p / (saturation.CRITICAL_MOL * saturation.R * t)
        root = mp.findroot(lambda d: nitrogen(d, saturation.CRITICAL_K / t)[0] - reduced, reduced)
        return saturation.CRITICAL_MOL * root

    with mp.workdps(30):
        right = [float(mp.diff(density, (150, 5000000), order)) for order in ((0, 0), (1, 0), (0, 1))]
    np.testing.assert_allclose([found.value[0, 0], found.d["T"][0, 0], found.d["p"][0, 0]], right, rtol=1e-12)


def test_the_saturation_curve_is_mpmaths(client: gridgrad.Client) -> None:
    found = client.gradient(saturation.saturation, {"T": [70.0, 100.0, 124.0]})
    assert found.info.not_converged == 0

    def curve(t: Any, which: int) -> Any:
        tau = saturation.CRITICAL_K / t

        def apart(*densities: Any) -> list[Any]:
            vapour, liquid = (nitrogen(d, tau) for d in densities)
            return [vapour[0] - liquid[0], vapour[1] - liquid[1]]

        vapour, liquid = mp.findroot(apart, tuple(found.value[:2, 1] / saturation.CRITICAL_MOL))
        return saturation.CRITICAL_MOL * (vapour, liquid, saturation.R * t * nitrogen(vapour, tau)[0])[which]

    with mp.workdps(30):
        right = [[float(mp.diff(lambda t, n=n: curve(t, n), 100, order)) for n in range(3)] for order in (0, 1)]
    np.testing.assert_allclose([found.value[:, 1], found.d["T"][:, 1]], right, rtol=1e-11)
    # The paper's table of the saturation curve has 0.77827 MPa at 100 K
    assert abs(found.value[2, 1] - 0.77827e6) < 20


def test_the_sweep_solves_the_logistic_equation(client: gridgrad.Client) -> None:
    population, growth = sweep.sweep(client, count=20, steps=10)
    inputs = list(sweep.draws(20, 10))
    rate, capacity = (np.array([[drawn[name]] for drawn in inputs]) for name in ("r", "K"))
    np.testing.assert_allclose(growth, rate * population * (1 - population / capacity), rtol=1e-12)


def test_the_discrete_operator_is_of_second_order(client: gridgrad.Client) -> None:
    coarse, fine = (manufactured.residual(client, side) for side in (65, 129))
    assert 1.9 < np.log2(coarse / fine) < 2.1


def test_the_calibration_finds_what_the_counts_were_made_with(client: gridgrad.Client) -> None:
    t, counts = calibration.measured(400)
    found = calibration.fit(client, t, counts, start=np.array([50.0, 1.0, 50.0, 0.1]))
    assert found.success
    np.testing.assert_allclose(found.x, calibration.TRUTH, rtol=0.05)


def test_the_surface_is_what_scipy_finds(client: gridgrad.Client) -> None:
    axes, data = surface_fit.measured(40)
    found, theirs = surface_fit.fitted(client, axes, data), surface_fit.fitted_by_scipy(client, axes, data)
    assert found.converged
    np.testing.assert_allclose([*found.parameters.values()], theirs.x, rtol=1e-6)
    np.testing.assert_allclose(theirs.x, [*surface_fit.TRUTH.values()], rtol=0.1)


def test_a_client_in_node_needs_the_schema_alone(server: Running) -> None:
    lines = run_node(["example.mjs", server.address]).splitlines()
    assert lines[:5] == [
        "shape 3 × 2",
        "f         10 21 20 42 40 84",
        "∂f/∂t     10 21 10 21 10 21",
        "∂f/∂k     9 13 18 26 36 52",
        "∂²f/∂t∂k  9 13 9 13 9 13",
    ]
    assert lines[5] == "u, v on 1000 × 1000 slopes to 1e-15: true"
    assert lines[6].startswith("ERROR_REASON_EXPRESSION function.expression: line 1, column 2")
