"""Densities of nitrogen from temperature and pressure, and its saturation curve, by its reference equation of state.

R. Span, E. W. Lemmon, R. T. Jacobsen, W. Wagner and A. Yokozeki, J. Phys. Chem. Ref. Data 29 (2000) 1361: the residual
Helmholtz energy over R T, of the reduced density and the inverse reduced temperature. All is written as in the paper;
what is solved has exact derivatives, so that heat of evaporation and compressibility come with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import gridgrad

CRITICAL_K, CRITICAL_PA, CRITICAL_MOL, R = 126.192, 3.3958e6, 11183.9, 8.31451  # mol/m³, J/(mol K)

POLYNOMIAL = np.array([
    [0.924803575275, 1, 0.25, 0], [-0.492448489428, 1, 0.875, 0], [0.661883336938, 2, 0.5, 0],
    [-1.92902649201, 2, 0.875, 0], [-0.0622469309629, 3, 0.375, 0], [0.349943957581, 3, 0.75, 0],
    [0.564857472498, 1, 0.5, 1], [-1.61720005987, 1, 0.75, 1], [-0.481395031883, 1, 2, 1],
    [0.421150636384, 3, 1.25, 1], [-0.0161962230825, 3, 3.5, 1], [0.172100994165, 4, 1, 1],
    [0.00735448924933, 6, 0.5, 1], [0.0168077305479, 6, 3, 1], [-0.00107626664179, 7, 0, 1],
    [-0.0137318088513, 7, 2.75, 1], [0.000635466899859, 8, 0.75, 1], [0.00304432279419, 8, 2.5, 1],
    [-0.0435762336045, 1, 4, 2], [-0.0723174889316, 2, 6, 2], [0.0389644315272, 3, 6, 2],
    [-0.021220136391, 4, 3, 2], [0.00408822981509, 5, 3, 2], [-5.51990017984e-05, 8, 6, 2],
    [-0.0462016716479, 4, 16, 3], [-0.00300311716011, 5, 11, 3], [0.0368825891208, 5, 15, 3],
    [-0.0025585684622, 8, 12, 3], [0.00896915264558, 3, 12, 4], [-0.0044151337035, 5, 7, 4],
    [0.00133722924858, 6, 4, 4], [0.000264832491957, 9, 16, 4],
]).T  # fmt: skip
"""n, i, j, l of the terms n δ^i τ^j exp(-δ^l); those with l = 0 have no exponential."""

BELLS = np.array([
    [19.6688194015, 1, 0, 20, 325, 1.16], [-20.911560073, 1, 1, 20, 325, 1.16],
    [0.0167788306989, 3, 2, 15, 300, 1.13], [2627.67566274, 2, 3, 25, 275, 1.25],
]).T  # fmt: skip
"""n, i, j, φ, β, γ of the terms n δ^i τ^j exp(-φ (δ - 1)² - β (τ - γ)²)."""


def residual(delta: Any, tau: Any) -> Any:
    """The residual Helmholtz energy over R T."""
    n, i, j, power = POLYNOMIAL
    decay = np.where(power > 0, np.exp(-(delta ** np.maximum(power, 1))), 1.0)
    m, k, q, phi, beta, gamma = BELLS
    bells = m * delta**k * tau**q * np.exp(-phi * (delta - 1) ** 2 - beta * (tau - gamma) ** 2)
    return np.sum(n * delta**i * tau**j * decay) + np.sum(bells)


def pressure(delta: Any, tau: Any) -> Any:
    """The pressure over that of an ideal gas at the critical density and this temperature."""
    return delta * (1 + delta * gridgrad.diff(residual(delta, tau), delta))


def density(T: Any, p: Any) -> Any:  # noqa: N803 - temperatures are called T
    """The density in mol/m³ at a temperature in K above the critical one, and a pressure in Pa."""
    reduced = p / (CRITICAL_MOL * R * T)
    return CRITICAL_MOL * gridgrad.solve(lambda delta: pressure(delta, CRITICAL_K / T) - reduced, reduced)


def saturation(T: Any) -> dict[str, Any]:  # noqa: N803
    """Vapour and liquid in equilibrium at a temperature in K: densities in mol/m³, and the pressure in Pa."""
    tau, distance = CRITICAL_K / T, 1 - T / CRITICAL_K
    # Both have one pressure and one chemical potential; the guess is of the right size down to the triple point
    guess = np.exp(-0.8 - 6.9 * distance / (1 - distance)), 1 + 2.2 * distance**0.4

    def apart(vapour: Any, liquid: Any) -> tuple[Any, Any]:
        pressures, potentials = zip(*[(pressure(d, tau), potential(d)) for d in (vapour, liquid)], strict=True)
        return pressures[0] - pressures[1], potentials[0] - potentials[1]

    def potential(delta: Any) -> Any:
        energy = residual(delta, tau)
        return np.log(delta) + energy + delta * gridgrad.diff(energy, delta)

    vapour, liquid = gridgrad.solve(apart, guess)
    return {
        "vapour": CRITICAL_MOL * vapour,
        "liquid": CRITICAL_MOL * liquid,
        "pressure": CRITICAL_MOL * R * T * pressure(vapour, tau),
    }


def main() -> None:
    """Prints both."""
    with gridgrad.Client() as client:
        fluid = client.gradient(density, {"T": np.linspace(130.0, 300.0, 18), "p": np.geomspace(1e5, 5e7, 28)})
        curve = client.gradient(saturation, {"T": np.linspace(66.0, 124.0, 8)})
    compressibility = fluid.d["p"] / fluid.value
    print(f"{fluid.value.size} densities from {fluid.value.min():.0f} to {fluid.value.max():.0f} mol/m³,")
    print(f"compressibility from {compressibility.min():.1e} to {compressibility.max():.1e} 1/Pa")
    vapour, liquid, p = curve.value
    heat = curve.inputs["T"] * curve.d["T"][2] * (1 / vapour - 1 / liquid)  # Clausius and Clapeyron
    for t, each, h in zip(curve.inputs["T"], p, heat, strict=True):
        print(f"{t:5.1f} K: {each:9.3e} Pa, {h:6.0f} J/mol to evaporate")


if __name__ == "__main__":
    main()
