"""Fluids of files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridgrad.fluids.ancillary import saturated_density_text
from gridgrad.fluids.file_value import FileValue
from gridgrad.fluids.ideal import ideal_text
from gridgrad.fluids.properties import PROPERTIES
from gridgrad.fluids.residual import residual_text
from gridgrad.fluids.term_text import number
from gridgrad_core.errors import RequestError

__all__ = ["Fluid", "read_fluid"]

_LARGEST = 4 * 2**20
_TOP = {"EOS", "INFO", "STATES", "ANCILLARIES", "TRANSPORT"}
_EQUATION = {
    *("BibTeX_CP0", "BibTeX_EOS", "STATES", "T_max", "T_max_units", "Ttriple", "Ttriple_units", "acentric"),
    *("acentric_units", "acentric_note", "alpha0", "alphar", "gas_constant", "gas_constant_units", "molar_mass"),
    *("molar_mass_units", "p_max", "p_max_units", "pseudo_pure", "SUPERANCILLARY", "critical_region_splines"),
    *("rhoLtriple", "rhoLtriple_units", "rhoVtriple", "rhoVtriple_units"),
}


@dataclass(frozen=True)
class Fluid:
    """An equation of state: texts that every method of the client takes as its function.

    Args:
        name: what the file calls it.
        residual: the residual Helmholtz energy over R·T, as text in `delta` and `tau`.
        ideal: its ideal part, so too.
        reducing_temperature: in K; `tau` is it over T.
        reducing_density: in mol/m³; `delta` is the density over it.
        gas_constant: in J/(mol·K), as the file has it.
        molar_mass: in kg/mol.
        saturated: about how dense vapour and liquid are at saturation, in mol/m³, as texts in `T`; empty if the
            file has no ancillary equations for it.
    """

    name: str
    residual: str
    ideal: str
    reducing_temperature: float
    reducing_density: float
    gas_constant: float
    molar_mass: float
    saturated: tuple[str, ...] = ()

    def property(self, *names: str) -> str:
        """The text of properties in `T` in K and `rho` in mol/m³; of several, they are components.

        Args:
            names: of `PROPERTIES`, whose units they have.

        Returns:
            The text, of inputs `T` and `rho`.

        Raises:
            RequestError: no such property, or none.
        """
        unknown = [name if isinstance(name, str) else repr(name) for name in names if name not in [*PROPERTIES]]
        if unknown or not names:
            raise RequestError("names", f"{', '.join(unknown) or 'none'}", f"give some of {', '.join(PROPERTIES)}")
        lines = [*self._temperature(), f"M = {number(self.molar_mass)}", *self._residual("rho")]
        lines += [f"a0 = {self.ideal}", *(f"{name} = {PROPERTIES[name].formula}" for name in names)]
        return "\n".join([*lines, ", ".join(names)])

    def density(self, lower: str | float, upper: str | float | None = None) -> str:
        """The text of the density in mol/m³ at `T` in K and `p` in Pa.

        Args:
            lower: a guess in mol/m³, as a number or text in T and p; or with `upper` a bound.
            upper: the other bound. Bounds find one root for sure where one phase alone lies between them.

        Returns:
            The text, of inputs `T` and `p`.
        """
        given = ", ".join(f"{bound}" for bound in (lower, upper) if bound is not None)
        lines = [
            *self._temperature(),
            *self._residual("density"),
            "p_density = density*R*T*(1 + delta*diff(ar, delta))",
        ]
        return "\n".join([*lines, f"solve(p_density - p, density, {given})"])

    def saturation(self, vapour: str | float = "", liquid: str | float = "") -> str:
        """The text of saturation at `T` in K: as components the densities `vapour` and `liquid` in mol/m³.

        Both phases have one pressure and one Gibbs energy there.

        Args:
            vapour: a guess of the density of the vapour in mol/m³, as a number or text in T; by default the file's.
            liquid: one of that of the liquid.

        Returns:
            The text, of the input `T`.

        Raises:
            RequestError: the file has no guess, and none is given.
        """
        if not self.saturated and "" in (vapour, liquid):
            raise RequestError("vapour, liquid", "no guess, here or in the file", "give both densities in mol/m³")
        vapour, liquid = (given or own for given, own in zip((vapour, liquid), self.saturated or ("", ""), strict=True))
        lines = self._temperature()
        for phase in ("vapour", "liquid"):
            lines += [line.replace("delta", f"delta_{phase}") for line in self._residual(phase)]
            lines[-1] = lines[-1].replace("ar = ", f"ar_{phase} = ", 1)
            part = f"delta_{phase}*diff(ar_{phase}, delta_{phase})"
            lines += [
                f"p_{phase} = delta_{phase}*(1 + {part})",
                f"g_{phase} = log(delta_{phase}) + ar_{phase} + {part}",
            ]
        equations = "(p_vapour - p_liquid, g_vapour - g_liquid)"
        return "\n".join([*lines, f"solve({equations}, (vapour, liquid), ({vapour}, {liquid}))"])

    def virials(self) -> str:
        """The text of the second and third virial coefficients in `T` in K, as components in m³/mol and m⁶/mol²."""
        density = self.reducing_density
        lines = [*self._temperature(), "delta = 0*T", f"ar = {self.residual}", f"B = diff(ar, delta)/{number(density)}"]
        return "\n".join([*lines, f"C = diff(ar, delta, 2)/{number(density**2)}", "B, C"])

    def _temperature(self) -> list[str]:
        return [f"R = {number(self.gas_constant)}", f"tau = {number(self.reducing_temperature)}/T"]

    def _residual(self, density: str) -> list[str]:
        return [f"delta = {density}/{number(self.reducing_density)}", f"ar = {self.residual}"]


def read_fluid(source: str | os.PathLike[str] | Mapping[str, Any]) -> Fluid:
    """A fluid of a JSON file as CoolProp and teqp have them.

    Args:
        source: the path of the file, or what it holds.

    Returns:
        Its equation of state, the first where there are several.

    Raises:
        RequestError: it is no such file, or has what is not known; the message has the path and the key.
    """
    if isinstance(source, str | os.PathLike):
        place = os.fspath(source)
        loaded = _loaded(Path(source), place)
    else:
        place, loaded = "fluid", dict(source) if isinstance(source, Mapping) else source
    if isinstance(loaded, list) and len(loaded) == 1:  # as CoolProp hands them out
        (loaded,) = loaded
    whole = FileValue(loaded, place)
    equation = whole["EOS"].items()[0]
    whole.check_keys(_TOP)
    equation["alphar"], equation["alpha0"]
    equation.check_keys(_EQUATION)
    reducing = equation["STATES"]["reducing"]
    for of, key, unit in _UNITS:
        (reducing if of == "reducing" else equation).check_unit(f"{key}_units", unit)
    name = loaded.get("INFO", {}).get("NAME", "") if isinstance(loaded.get("INFO"), dict) else ""
    return Fluid(
        name=str(name),
        residual=residual_text(equation["alphar"]),
        ideal=ideal_text(equation["alpha0"]),
        reducing_temperature=_positive(reducing["T"]),
        reducing_density=_positive(reducing["rhomolar"]),
        gas_constant=_positive(equation["gas_constant"]),
        molar_mass=_positive(equation["molar_mass"]),
        saturated=_saturated(whole),
    )


def _saturated(whole: FileValue) -> tuple[str, ...]:
    if "ANCILLARIES" not in whole.value:
        return ()
    equations = whole["ANCILLARIES"]
    return tuple(saturated_density_text(equations[phase]) for phase in ("rhoV", "rhoL"))


_UNITS = (
    ("reducing", "T", "K"),
    ("reducing", "rhomolar", "mol/m^3"),
    ("equation", "gas_constant", "J/mol/K"),
    ("equation", "molar_mass", "kg/mol"),
)


def _positive(value: FileValue) -> float:
    number_ = value.number()
    if number_ <= 0:
        raise value.refused(f"is {number_:g}", "give a positive number")
    return number_


def _loaded(path: Path, place: str) -> Any:
    try:
        if path.stat().st_size > _LARGEST:
            raise RequestError(place, f"has {path.stat().st_size:,} bytes", f"at most {_LARGEST:,} are read")
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_Constant)
    except OSError as error:
        raise RequestError(place, f"{error.strerror}", "give the path of a fluid's JSON file") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(place, f"no JSON: {error}", "give a fluid's JSON file") from None


class _Constant(str):
    """nan or an infinity, which JSON has not: `FileValue` refuses it where it stands."""

    __slots__ = ()
