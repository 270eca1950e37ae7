"""Properties of a fluid by derivatives of its Helmholtz energy, per mole.

R. Span, "Multiparameter Equations of State", Springer 2000, table 3.10.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROPERTIES", "Property"]


class Property(NamedTuple):
    """A property.

    Args:
        formula: in `T` in K, `rho` in mol/m³, `delta` and `tau`, with `ar` and `a0` for both parts of the Helmholtz
            energy over R·T, `R` in J/(mol·K) and `M` in kg/mol.
        unit: of its value.
        meaning: what it is.
    """

    formula: str
    unit: str
    meaning: str


_Z = "(1 + delta*diff(ar, delta))"
_SLOPE = "(1 + 2*delta*diff(ar, delta) + delta**2*diff(ar, delta, 2))"
_CROSS = "(1 + delta*diff(ar, delta) - delta*tau*diff(diff(ar, tau), delta))"
_CV = "(-tau**2*(diff(a0, tau, 2) + diff(ar, tau, 2)))"

PROPERTIES = {
    "p": Property(f"rho*R*T*{_Z}", "Pa", "pressure"),
    "cv": Property(f"R*{_CV}", "J/(mol K)", "isochoric heat capacity"),
    "cp": Property(f"R*({_CV} + {_CROSS}**2/{_SLOPE})", "J/(mol K)", "isobaric heat capacity"),
    "w": Property(f"sqrt(R*T/M*({_SLOPE} + {_CROSS}**2/{_CV}))", "m/s", "speed of sound"),
    "h": Property(f"R*T*({_Z} + tau*(diff(a0, tau) + diff(ar, tau)))", "J/mol", "enthalpy"),
    "u": Property("R*T*tau*(diff(a0, tau) + diff(ar, tau))", "J/mol", "internal energy"),
    "s": Property("R*(tau*(diff(a0, tau) + diff(ar, tau)) - a0 - ar)", "J/(mol K)", "entropy"),
    "g": Property(f"R*T*({_Z} + a0 + ar)", "J/mol", "Gibbs energy"),
    "fugacity": Property("rho*R*T*exp(ar + delta*diff(ar, delta))", "Pa", "fugacity"),
}
"""The properties by name."""
