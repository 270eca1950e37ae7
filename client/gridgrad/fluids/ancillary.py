"""Ancillary equations: about how dense both phases are at saturation, as text in `T`. They are guesses for `solve`."""

from __future__ import annotations

from gridgrad.fluids.file_value import FileValue
from gridgrad.fluids.term_text import joined, number, power, product, rows

__all__ = ["saturated_density_text"]


def saturated_density_text(equation: FileValue) -> str:
    """The text of a density in mol/m³.

    Raises:
        RequestError: it is of a type that is not known, or lacks something.
    """
    critical, scale = number(equation["T_r"].number()), number(equation["reducing_value"].number())
    terms = [product(number(n), power(f"(1 - T/{critical})", t)) for n, t in rows(equation, ("n", "t"))]
    kind = equation["type"].value
    if kind == "rhoLnoexp":
        return f"{scale}*({joined(['1', *terms])})"
    if kind != "rhoV":
        raise equation["type"].refused(f"is {str(kind)[:60]!r}", "known are rhoLnoexp and rhoV")
    factor = f"{critical}/T*" if equation["using_tau_r"].value else ""
    return f"{scale}*exp({factor}({joined(terms)}))"
