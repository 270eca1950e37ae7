"""The ideal part of a Helmholtz energy, as text in `delta` and `tau`.

The types are CoolProp's (see `residual`); CP0 terms are heat capacities, integrated twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gridgrad.fluids.file_value import FileValue
from gridgrad.fluids.term_text import joined, number, power, product, rows

__all__ = ["ideal_text"]

_PREFIX = "IdealGasHelmholtz"


def ideal_text(terms: FileValue) -> str:
    """The sum of all ideal terms.

    Raises:
        RequestError: a term is of a type that is not known, or lacks something.
    """
    written: list[str] = []
    for term in terms.items():
        kind = str(term["type"].value).removeprefix(_PREFIX)
        if kind not in _KINDS:
            raise term["type"].refused(f"is {str(term['type'].value)[:60]!r}", f"known are {', '.join(_KINDS)}")
        keys, write = _KINDS[kind]
        term.check_keys({*keys.split(), "type"})
        written.extend(write(term))
    return joined(written)


def _lead(term: FileValue) -> Iterator[str]:
    yield "log(delta)"
    yield from _offset(term)


def _offset(term: FileValue) -> Iterator[str]:
    yield number(term["a1"].number())
    yield product(number(term["a2"].number()), "tau")


def _log_tau(term: FileValue) -> Iterator[str]:
    yield product(number(term["a"].number()), "log(tau)")


def _power(term: FileValue) -> Iterator[str]:
    for n, t in rows(term, ("n", "t")):
        yield product(number(n), power("tau", t))


def _einstein(n: float, theta: float, c: float = 1.0, d: float = -1.0) -> str:
    """n·ln(c + d·exp(theta·tau)), by log1p where that is exact for a small exponential."""
    part = product(number(d), f"exp({number(theta)}*tau)")
    return product(number(n), f"log1p({part})" if c == 1 else f"log({joined([number(c), part])})")


def _planck_einstein(term: FileValue) -> Iterator[str]:
    for n, t in rows(term, ("n", "t")):
        yield _einstein(n, -t)


def _planck_einstein_of_temperature(term: FileValue) -> Iterator[str]:
    critical = term["Tcrit"].number()
    for n, v in rows(term, ("n", "v")):
        yield _einstein(n, -v / critical)


def _planck_einstein_generalized(term: FileValue) -> Iterator[str]:
    for n, t, c, d in rows(term, ("n", "t", "c", "d")):
        yield _einstein(n, t, c, d)


def _cp_constant(term: FileValue) -> Iterator[str]:
    yield _of_capacity(term["cp_over_R"].number(), 0.0, term)


def _cp_power(term: FileValue) -> Iterator[str]:
    for c, t in rows(term, ("c", "t")):
        yield _of_capacity(c, t, term)


def _cp_aly_lee(term: FileValue) -> Iterator[str]:
    constants, critical = term["c"].numbers(), term["Tc"].number()
    if len(constants) != 5:
        raise term["c"].refused(f"has {len(constants)} numbers", "give five")
    constant, of_sinh, sinh_of, of_cosh, cosh_of = constants
    if constant:
        yield _of_capacity(constant, 0.0, term)
    if of_sinh:
        yield _einstein(of_sinh, -2 * sinh_of / critical)
    if of_cosh:
        yield _einstein(-of_cosh, -2 * cosh_of / critical, 1.0, 1.0)


def _of_capacity(c: float, t: float, term: FileValue) -> str:
    """What c·T**t of the heat capacity over R comes to, from the reference temperature on."""
    critical, reference = term["Tc"].number(), term["T0"].number()
    tau0 = critical / reference
    if t == 0:
        return product(number(c), f"(1 - tau/{number(tau0)} + log(tau/{number(tau0)}))")
    if t == -1:
        return product(number(c / critical), f"(tau*log({number(tau0)}/tau) + tau - {number(tau0)})")
    parts = [
        product(number(-(critical**t) / (t * (t + 1))), power("tau", -t)),
        product(number(-(reference ** (t + 1)) / (critical * (t + 1))), "tau"),
        number(reference**t / t),
    ]
    return product(number(c), f"({joined(parts)})")


_KINDS: dict[str, tuple[str, Callable[[FileValue], Iterator[str]]]] = {
    "Lead": ("a1 a2", _lead),
    "EnthalpyEntropyOffset": ("a1 a2 reference", _offset),
    "LogTau": ("a", _log_tau),
    "Power": ("n t", _power),
    "PlanckEinstein": ("n t", _planck_einstein),
    "PlanckEinsteinFunctionT": ("n v Tcrit Tcrit_units T0 R", _planck_einstein_of_temperature),
    "PlanckEinsteinGeneralized": ("n t c d", _planck_einstein_generalized),
    "CP0Constant": ("cp_over_R Tc T0", _cp_constant),
    "CP0PolyT": ("c t Tc T0 R", _cp_power),
    "CP0AlyLee": ("c Tc T0", _cp_aly_lee),
}
"""The keys of each type, and what writes it."""
