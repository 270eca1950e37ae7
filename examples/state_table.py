"""A table of an equation of state, with the partials that simulation codes interpolate and solve with.

Pressure of carbon dioxide by Peng and Robinson, Ind. Eng. Chem. Fundam. 15 (1976) 59: p(T, v) in Pa, its first and
second partials, and what follows from them: thermal expansion and isothermal compressibility.
"""

from __future__ import annotations

import numpy as np

import gridgrad

CRITICAL_K, CRITICAL_PA, ACENTRIC, R = 304.1282, 7.3773e6, 0.22394, 8.314462618  # R in J/(mol K)

PRESSURE = """
    a = 0.457235529*(R*Tc)**2/pc
    b = 0.0777960739*R*Tc/pc
    kappa = 0.37464 + 1.54226*omega - 0.26992*omega**2
    alpha = (1 + kappa*(1 - sqrt(T/Tc)))**2
    R*T/(v - b) - a*alpha/(v**2 + 2*b*v - b**2)
"""


def table(client: gridgrad.Client, side: int = 400) -> gridgrad.Result:
    """p and all partials to second order on side² temperatures in K and volumes in m³/mol."""
    axes = {"T": np.linspace(250.0, 600.0, side), "v": np.geomspace(6e-5, 3e-2, side)}
    fluid = {"Tc": CRITICAL_K, "pc": CRITICAL_PA, "omega": ACENTRIC, "R": R}
    units = {"f": "Pa", "T": "K", "v": "m**3 / mol", "Tc": "K", "pc": "Pa", "R": "J / (mol * K)"}
    return client.gradient(PRESSURE, {**axes, **fluid}, order=2, units=units)


def main() -> None:
    """Makes the table, derives from it and keeps it."""
    with gridgrad.Client() as client:
        p = table(client)
    stable = p.d["v"] < 0
    with np.errstate(divide="ignore"):
        expansion = -p.d["T"] / p.d["v"] / p.inputs["v"]
    print(f"{p.value.size} states, {p.nbytes / 1e6:.0f} MB; {stable.mean():.1%} are mechanically stable")
    print(f"thermal expansion of those: {expansion[stable].min():.2e} to {expansion[stable].max():.2e} 1/K")
    p.to_npz("carbon_dioxide.npz")


if __name__ == "__main__":
    main()
