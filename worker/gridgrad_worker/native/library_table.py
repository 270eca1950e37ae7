"""The functions of the library of special functions, as `cpp/special_functions.h` has them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LIBRARY", "LibraryFunction"]


class LibraryFunction(NamedTuple):
    """A function of the library.

    Args:
        integers: how many orders it has, before its arguments.
        numbers: how many arguments.
        scipy_name: by which scipy has it; empty where it has not.
    """

    integers: int
    numbers: int
    scipy_name: str


_Of = LibraryFunction

LIBRARY: dict[str, LibraryFunction] = {
    "jn": _Of(1, 1, "jv"),
    "yn": _Of(1, 1, "yv"),
    "iv": _Of(1, 1, "iv"),
    "kn": _Of(1, 1, "kv"),
    "gammainc": _Of(0, 2, "gammainc"),
    "gammaincc": _Of(0, 2, "gammaincc"),
    "gammainc_partial": _Of(2, 2, ""),
    "gammaincinv": _Of(0, 2, "gammaincinv"),
    "beta": _Of(0, 2, "beta"),
    "betaln": _Of(0, 2, "betaln"),
    "polygamma_difference": _Of(1, 2, ""),
    "lambertw": _Of(0, 1, ""),
    "lambertw_m1": _Of(0, 1, ""),
    "erfcinv": _Of(0, 1, "erfcinv"),
    "owens_t": _Of(0, 2, "owens_t"),
}
"""Each of them, by its name there and in the language."""
