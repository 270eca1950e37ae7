"""Units of inputs and components: text that goes along and is never converted, and that of a partial made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative

__all__ = ["Units", "check_known", "check_units", "unit_of", "units_of"]

Units: TypeAlias = Mapping[str, str]
"""Names of inputs and components to their units."""

_ONE = re.compile(r"[^\s*/·()]+")
"""A unit of one word, which needs no parentheses in a denominator."""


def check_units(units: object) -> None:
    """Looks whether they are names with text.

    Raises:
        RequestError: they are not.
    """
    if not isinstance(units, Mapping):
        raise RequestError("units", f"a {type(units).__name__}", 'give names with their units: {"T": "K", "p": "Pa"}')
    for name, unit in units.items():
        if not isinstance(unit, str) or not unit.strip():
            remedy = f'give text, as in {{"{name}": "K"}}, or leave it out; str(unit) for that of another package'
            raise RequestError(f"units[{name!r}]", f"{unit!r}, a {type(unit).__name__}", remedy)


def check_known(units: Units, inputs: Iterable[str], components: Iterable[str]) -> None:
    """Looks whether each belongs to something.

    Raises:
        RequestError: one is of neither an input nor a component.
    """
    known = [*inputs, *components]
    strange = [name for name in units if name not in known]
    if strange:
        remedy = f"give units of {', '.join(dict.fromkeys(known))}"
        raise RequestError("units", f"{strange[0]!r}, which is neither an input nor a component", remedy)


def units_of(inputs: Mapping[Any, Any]) -> dict[str, str]:
    """The units that DataArrays among the inputs say of themselves, by xarray's attribute `units`."""
    said = {name: getattr(value, "attrs", None) for name, value in inputs.items()}
    units = {name: attributes.get("units") for name, attributes in said.items() if isinstance(attributes, Mapping)}
    return {name: unit for name, unit in units.items() if isinstance(name, str) and isinstance(unit, str) and unit}


def unit_of(units: Units, components: Iterable[str], wrt: Derivative) -> str:
    """The unit of a component or of its derivative.

    Args:
        units: those that were given.
        components: what the component is called; the first that has a unit counts.
        wrt: the derivative, () for the value.

    Returns:
        Text such as "Pa", "Pa / K", "Pa / K**2" or "Pa / (K * mol)"; empty where not all of it is known.
    """
    own = next((units[name] for name in components if name in units), "")
    if not wrt:
        return own
    if not own or any(name not in units for name in wrt):
        return ""
    powers = {name: wrt.count(name) for name in wrt}
    below = [_power(units[name], count) for name, count in powers.items()]
    return f"{own} / {below[0]}" if len(below) == 1 else f"{own} / ({' * '.join(below)})"


def _power(unit: str, count: int) -> str:
    base = unit if _ONE.fullmatch(unit) else f"({unit})"
    return base if count == 1 else f"{base}**{count}"
