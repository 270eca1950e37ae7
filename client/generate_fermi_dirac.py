"""Writes the worker's native/cpp/fermi_dirac_table.h, of which Fermi-Dirac integrals of half orders are computed.

`python client/generate_fermi_dirac.py`, where mpmath is installed, takes ten seconds.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path

import mpmath as mp

from gridgrad.checks.mpmath_polylogarithm import fermi_dirac

__all__ = ["HEADER", "written"]

HEADER = Path(__file__).parents[1] / "worker/gridgrad_worker/native/cpp/fermi_dirac_table.h"

_TOP, _LOWEST = 19, -35
"""Twice the highest order and the lowest one that is expanded."""
_COLUMNS = 62
_FIRST, _LAST = -3.0, 80.0
"""Where the expansions begin and end; beyond, series of exponentials and of powers have all digits."""
_LEFT_OUT = 2e-17
_ZETAS = 122
_POLE = 20
_EVEN_ZETAS = 28


def _expansions() -> Iterator[tuple[float, float, list[float]]]:
    """Centres with where their expansions end, and the coefficients: F of the order TOP/2 and of those below."""
    begin = _FIRST
    while begin < _LAST:
        reach = next(reach for reach in _reaches(begin) if _reach(begin + reach) >= reach)
        yield begin + reach, begin + 2 * reach, _coefficients(begin + reach)
        begin += 2 * reach


def _reaches(begin: float) -> Iterator[float]:
    return (step / 8 for step in range(int(8 * (1.5 + max(begin, 0.0) / 10)), 0, -1))


def _reach(centre: float) -> float:
    """How far from its centre an expansion has all digits."""
    found = _coefficients(centre)
    reaches = []
    for n in range((_TOP - _LOWEST) // 2 + 1):
        size = max(abs(found[n]), abs(found[n + 1]))
        for last in (_COLUMNS - 2, _COLUMNS - 1):
            most = math.log(_LEFT_OUT * size) + math.lgamma(last - n + 1) - math.log(abs(found[last]))
            reaches.append(math.exp(most / (last - n)))
    return min(reaches)


@functools.cache
def _coefficients(centre: float) -> list[float]:
    with mp.workdps(40):
        return [float(fermi_dirac(mp.mpf(_TOP) / 2 - k, mp.mpf(centre))) for k in range(_COLUMNS)]


def _lines(numbers: list[float]) -> Iterator[str]:
    for first in range(0, len(numbers), 5):
        yield "        " + ", ".join(map(repr, numbers[first : first + 5])) + ","


def written() -> str:
    """The header."""
    expansions = list(_expansions())
    with mp.workdps(40):
        zetas = [float(mp.zeta(11 - mp.mpf(n) / 2)) if n != _POLE else 0.0 for n in range(_ZETAS)]
        even = [float(mp.zeta(2 * n)) for n in range(_EVEN_ZETAS)]
    lines = [
        "// Written by client/generate_fermi_dirac.py: Fermi-Dirac integrals of half orders, and zetas.",
        "",
        "#pragma once",
        "",
        "namespace fermi_dirac {",
        "",
        f"constexpr int TOP = {_TOP}, COLUMNS = {_COLUMNS}, EXPANSIONS = {len(expansions)};",
        f"constexpr double FIRST = {_FIRST}, LAST = {expansions[-1][1]};",
        "",
        "// About a centre, to an end: of the orders TOP/2, TOP/2 - 1, …, each the derivative of the one before",
        "struct Expansion {",
        "    double centre, end, of[COLUMNS];",
        "};",
        "",
        "constexpr Expansion AT[EXPANSIONS] = {",
    ]
    for centre, end, numbers in expansions:
        lines += [f"    {{{centre}, {end}, {{", *_lines(numbers), "    }},"]
    lines += ["};", "", "// ζ(11 - n/2), and 0 for its pole", f"constexpr double ZETA[{len(zetas)}] = {{"]
    lines += [
        *_lines(zetas),
        "};",
        "",
        "// ζ(2n)",
        f"constexpr double EVEN_ZETA[{len(even)}] = {{",
        *_lines(even),
        "};",
    ]
    return "\n".join([*lines, "", "}  // namespace fermi_dirac", ""])


if __name__ == "__main__":
    HEADER.write_text(written())
