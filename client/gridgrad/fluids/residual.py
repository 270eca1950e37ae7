"""The residual part of a Helmholtz energy, as text in `delta` and `tau`.

R. Span, "Multiparameter Equations of State", Springer 2000, doi:10.1007/978-3-662-04092-8; I. H. Bell et al., "Pure and
pseudo-pure fluid thermophysical property evaluation and the open-source thermophysical property library CoolProp", Ind.
Eng. Chem. Res. 53 (2014) 2498, doi:10.1021/ie4033999, for the types and their keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from gridgrad.fluids.file_value import FileValue
from gridgrad.fluids.term_text import joined, number, power, product, rows

__all__ = ["residual_text"]

_PREFIX = "ResidualHelmholtz"
_KEYS = {
    "Power": "ndtl",
    "Exponential": ("n", "d", "t", "l", "g"),
    "DoubleExponential": ("n", "d", "t", "ld", "gd", "lt", "gt"),
    "Lemmon2005": ("n", "d", "t", "l", "m"),
    "Gaussian": ("n", "d", "t", "eta", "epsilon", "beta", "gamma"),
    "GaoB": ("n", "d", "t", "eta", "epsilon", "beta", "gamma", "b"),
    "NonAnalytic": ("n", "a", "b", "beta", "A", "B", "C", "D"),
}


def residual_text(terms: FileValue) -> str:
    """The sum of all residual terms.

    Raises:
        RequestError: a term is of a type that is not known, or lacks something.
    """
    written: list[str] = []
    at_zero: dict[float, float] = defaultdict(float)
    shapes: list[tuple[float, float, str]] = []
    for term in terms.items():
        kind = str(term["type"].value).removeprefix(_PREFIX)
        if kind not in _KEYS:
            raise term["type"].refused(f"is {str(term['type'].value)[:60]!r}", f"known are {', '.join(_KEYS)}")
        term.check_keys({*_KEYS[kind], "type"})
        for row in rows(term, _KEYS[kind]):
            if kind in _DAMPED and row[1] == 0:
                at_zero[row[2]] += row[0]
                shapes.append((row[0], row[2], _DAMPED[kind](*row[3:])))
            else:
                written.append(_WRITTEN[kind](*row))
    return joined([*written, *_without_density(shapes, at_zero)])


def _without_density(shapes: list[tuple[float, float, str]], at_zero: dict[float, float]) -> Iterator[str]:
    """Terms with no power of `delta`: those that cancel at 0 are written by expm1, or digits would be lost there."""
    for n, t, exponent in shapes:
        if at_zero[t] or not exponent:
            if at_zero[t]:
                yield _product(n, 0, t, exponent)
        else:
            yield product(number(n), power("tau", t), f"expm1(-({exponent}))")


def _product(n: float, d: float, t: float, exponent: str) -> str:
    damping = f"exp(-({exponent}))" if exponent else ""
    return product(number(n), power("delta", d), power("tau", t), damping)


def _scaled(factor: float, base: str, exponent: float) -> list[str]:
    """What an exponential has of a power: nothing where the exponent or the factor is 0."""
    if not (factor and exponent):
        return []
    return [product("" if factor == 1 else number(factor), power(base, exponent))]


_DAMPED: dict[str, Callable[..., str]] = {
    "Power": lambda el: joined(_scaled(1, "delta", el)) if el else "",
    "Exponential": lambda el, g: joined(_scaled(g, "delta", el)) if el and g else "",
}
"""What types that are damped by density alone have in their exponential, but for its sign."""


def _damped(kind: str) -> Callable[..., str]:
    return lambda n, d, t, *damping: _product(n, d, t, _DAMPED[kind](*damping))


def _double(n: float, d: float, t: float, ld: float, gd: float, lt: float, gt: float) -> str:
    parts = [*_scaled(gd, "delta", ld), *_scaled(gt, "tau", lt)]
    return _product(n, d, t, joined(parts) if parts else "")


def _lemmon(n: float, d: float, t: float, el: float, m: float) -> str:
    parts = [*_scaled(1, "delta", el), *_scaled(1, "tau", m)]
    return _product(n, d, t, joined(parts) if parts else "")


def _square(factor: float, base: str, center: float) -> str:
    return product(number(factor), f"({base} - {_inner(center)})**2")


def _inner(value: float) -> str:
    return number(value) if value >= 0 else f"({number(value)})"


def _gaussian(n: float, d: float, t: float, eta: float, epsilon: float, beta: float, gamma: float) -> str:
    bell = joined([_square(eta, "delta", epsilon), _square(beta, "tau", gamma)])
    return _product(n, d, t, bell)


def _gao(n: float, d: float, t: float, eta: float, epsilon: float, beta: float, gamma: float, b: float) -> str:
    """Its eta has a sign of its own, unlike a Gaussian's."""
    bell = f"exp({_square(eta, 'delta', epsilon)} + 1/({joined([_square(beta, 'tau', gamma), number(b)])}))"
    return product(number(n), power("delta", d), power("tau", t), bell)


def _non_analytic(n: float, a: float, b: float, beta: float, big_a: float, big_b: float, c: float, d: float) -> str:
    """Even powers of delta - 1 are written by its magnitude: so derivatives on the line delta = 1 are right."""
    theta = f"(1 - tau + {_inner(big_a)}*abs(delta - 1)**{number(1 / beta)})"
    distance = f"({theta}**2 + {_inner(big_b)}*abs(delta - 1)**{number(2 * a)})"
    return f"{number(n)}*{distance}**{number(b)}*delta*exp(-{_inner(c)}*(delta - 1)**2 - {_inner(d)}*(tau - 1)**2)"


_WRITTEN: dict[str, Callable[..., str]] = {
    "Power": _damped("Power"),
    "Exponential": _damped("Exponential"),
    "DoubleExponential": _double,
    "Lemmon2005": _lemmon,
    "Gaussian": _gaussian,
    "GaoB": _gao,
    "NonAnalytic": _non_analytic,
}
