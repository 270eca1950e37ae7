"""How a derivative is written: for Python, in tables, reports and figures, and as the name of a variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gridgrad_core.grid import Derivative

__all__ = ["fraction", "pretty", "pretty_name", "spelling", "symbol", "variable", "with_unit"]

SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
GREEK: Mapping[str, str] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip


class _Powers(NamedTuple):
    """∂²f/∂t∂k taken apart.

    Args:
        order: the order as text, empty for the first.
        below: each input with its power, empty for the first.
    """

    order: str
    below: tuple[tuple[str, str], ...]


def spelling(derivative: Derivative) -> str:
    """As a user writes it: "t", or ("t", "k")."""
    quoted = [f'"{name}"' for name in derivative]
    return quoted[0] if len(quoted) == 1 else f"({', '.join(quoted)})"


def fraction(name: str, wrt: Derivative) -> str:
    """For tables: df/dt, d2f/(dt dk), d2f/dt2."""
    if not wrt:
        return name
    order, powers = _powers(wrt)
    below = " ".join(f"d{each}{power}" for each, power in powers)
    return f"d{order}{name}/{below}" if len(powers) == 1 else f"d{order}{name}/({below})"


def variable(name: str, wrt: Derivative) -> str:
    """As a Python name: df_dt, d2f_dt_dk, d2f_dt2."""
    if not wrt:
        return name
    order, powers = _powers(wrt)
    return "_".join([f"d{order}{name}", *(f"d{each}{power}" for each, power in powers)])


def symbol(name: str, wrt: Derivative) -> str:
    """For reports: ∂f/∂t, ∂²f/∂t∂k, ∂²f/∂t²."""
    if not wrt:
        return name
    order, powers = _powers(wrt)
    below = "".join(f"∂{each}{_raised(power)}" for each, power in powers)
    return f"∂{_raised(order)}{name}/{below}"


def pretty(name: str, wrt: Derivative) -> str:
    """For figures: the symbol with Greek letters, ∂²f/∂τ∂δ."""
    return symbol(pretty_name(name), tuple(map(pretty_name, wrt)))


def with_unit(label: str, unit: str) -> str:
    """A label with the unit of what it is of, if that is known: p [Pa]."""
    return f"{label} [{unit}]" if unit else label


def pretty_name(name: str) -> str:
    """A name for figures: that of a Greek letter is the letter."""
    return GREEK.get(name, name)


def _powers(wrt: Derivative) -> _Powers:
    counts = {name: wrt.count(name) for name in wrt}
    return _Powers(_power(len(wrt)), tuple((name, _power(count)) for name, count in counts.items()))


def _power(count: int) -> str:
    return str(count) if count > 1 else ""


def _raised(digits: str) -> str:
    return "".join(SUPERSCRIPTS[int(digit)] for digit in digits)
