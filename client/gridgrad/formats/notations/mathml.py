"""MathML as SBML has it, the notation of kinetic laws and rules.

M. Hucka et al., "The Systems Biology Markup Language (SBML): Language Specification for Level 3 Version 2 Core",
J. Integr. Bioinform. 15 (2018), doi:10.1515/jib-2017-0081, section 3.4; what is not written there is as libRoadRunner
2.7.0 computes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from gridgrad.formats.notations.mathml_rules import RULES
from gridgrad.formats.trees.building import translated
from gridgrad.formats.trees.formula import Formula, quoted
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["read_mathml"]

_SEPARATOR = "\0"
_AVOGADRO = 6.02214179e23
_CONSTANTS = {
    "pi": math.pi,
    "exponentiale": math.e,
    "true": 1.0,
    "false": 0.0,
    "infinity": math.inf,
    "notanumber": math.nan,
}
_SYMBOLS = {
    "time": "the time: write an input for it, as in <ci>t</ci>",
    "delay": "values of the past can't be translated",
    "rateOf": "rates can't be translated: write the formula of the rate",
}
_LARGEST_FACTORIAL = 170
_SHAPE = "write it as SBML has it: apply, piecewise, cn, ci, csymbol and constants"


@dataclass(slots=True)
class _Element:
    """An element whose end has not come yet, or one that is no formula by itself."""

    tag: str
    start: int
    attributes: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    items: list[_Element] = field(default_factory=list)
    formula: Formula | None = None

    @property
    def written(self) -> str:
        return "".join(self.text).strip()

    def formulas(self) -> tuple[Formula, ...]:
        """Its children, which are all formulas."""
        return tuple(_formula(item) for item in self.items)


def read_mathml(text: str) -> Translation:
    """The program of a `math` element.

    Raises:
        Mistake: it is none, or has what can't be translated.
    """
    return translated(_Reader(text).root(), text, RULES, {})


class _Reader:
    def __init__(self, text: str) -> None:
        # One byte for each character, so that places are the text's
        self._bytes = text.encode("ascii", "replace")
        self._open = [_Element("", 0)]
        self._parser = expat.ParserCreate("us-ascii")
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def root(self) -> Formula:
        try:
            self._parser.Parse(self._bytes, True)
        except expat.ExpatError as error:
            found = f"no XML: {expat.ErrorString(error.code)}"
            raise Mistake(min(self._place(), len(self._bytes)), found, "give the whole <math> element") from None
        return _formula(self._open[0].items[0])

    def _place(self) -> int:
        return max(self._parser.CurrentByteIndex, 0)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "sep":
            self._open[-1].text.append(_SEPARATOR)
        elif tag not in _TAGS:
            remedy = "gridgrad.formats.kinetic_laws reads files" if tag == "sbml" else _SHAPE
            raise Mistake(self._place(), f"<{tag[:60]}>, which can't be translated", remedy)
        plain = {key.rpartition(":")[2]: each for key, each in attributes.items()}
        self._open.append(_Element(tag, self._place(), plain))

    def _characters(self, data: str) -> None:
        self._open[-1].text.append(data)

    def _doctype(self, *_: object) -> None:
        raise Mistake(self._place(), "a document type, which may define entities", "leave it out")

    def _end(self, _: str) -> None:
        element = self._open.pop()
        if element.tag == "sep":
            return
        if element.tag in _READERS:
            element.formula = _READERS[element.tag](element)
        self._open[-1].items.append(element)


def _formula(element: _Element) -> Formula:
    if element.formula is None:
        raise Mistake(element.start, f"<{element.tag}> where a value is wanted", _SHAPE)
    return element.formula


def _math(element: _Element) -> Formula:
    if len(element.items) != 1:
        raise Mistake(element.start, f"<math> with {len(element.items)} formulas", "give one")
    return _formula(element.items[0])


def _constant(element: _Element) -> Formula:
    return Formula("number", repr(_CONSTANTS[element.tag]), element.start)


def _name(element: _Element) -> Formula:
    return Formula("name", element.written, element.start)


def _symbol(element: _Element) -> Formula:
    called = element.attributes.get("definitionURL", "").rpartition("/")[2]
    if called == "avogadro":
        return Formula("number", repr(_AVOGADRO), element.start)
    remedy = _SYMBOLS.get(called, "write an input, as in <ci>x</ci>")
    raise Mistake(element.start, f"the symbol {quoted(called)}", remedy)


def _number(element: _Element) -> Formula:
    if element.attributes.get("units", "dimensionless") != "dimensionless":
        raise Mistake(element.start, "a number with a unit", "leave the unit out: in SBML it changes no value")
    kind, parts = element.attributes.get("type", "real"), element.written.split(_SEPARATOR)
    try:
        value = math.nan if "_" in element.written else _NUMBERS[kind](*parts)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        found = f"the number {quoted(' '.join(parts))} of type {quoted(kind)}"
        raise Mistake(element.start, found, "write a real, integer, rational or e-notation one") from None
    if not math.isfinite(value) or element.attributes.get("base", "10") != "10":
        raise Mistake(element.start, f"the number {quoted(' '.join(parts))}", "write a finite one of base 10")
    return Formula("number", repr(value), element.start)


_NUMBERS: dict[str, Callable[..., float]] = {
    "real": float,
    "integer": lambda value: float(int(value)),
    "rational": lambda numerator, denominator: int(numerator) / int(denominator),
    "e-notation": lambda mantissa, exponent: float(f"{mantissa.strip()}e{int(exponent)}"),
}


def _piecewise(element: _Element) -> Formula:
    given: list[Formula] = []
    otherwise = Formula("number", "nan", element.start)
    for item in element.items:
        values = item.formulas()
        if (item.tag, len(values)) not in (("piece", 2), ("otherwise", 1)):
            found = f"<{item.tag}> of {len(values)} in <piecewise>"
            raise Mistake(item.start, found, "write pieces of a value and a condition")
        if item.tag == "piece":
            given.extend(values)
        else:
            (otherwise,) = values
    return Formula("call", "piecewise", element.start, (*given, otherwise))


def _apply(element: _Element) -> Formula:
    if not element.items:
        raise Mistake(element.start, "<apply> of nothing", _SHAPE)
    applied, *rest = element.items
    if applied.tag == "ci":
        found = f"{quoted(applied.written)}, a function that is not defined here"
        raise Mistake(applied.start, found, "write it out: gridgrad.formats.kinetic_laws does so with those of a file")
    qualifiers = {item.tag: item for item in rest if item.tag in ("degree", "logbase")}
    arguments = tuple(_formula(item) for item in rest if item.tag not in qualifiers)
    if applied.tag == "factorial":
        return _factorial(applied, arguments)
    if applied.tag not in RULES or applied.items:
        raise Mistake(applied.start, f"<{applied.tag}> where a function is wanted", _SHAPE)
    if applied.tag in _QUALIFIED:
        wanted, usual = _QUALIFIED[applied.tag]
        given = qualifiers.pop(wanted, None)
        first = given.formulas() if given else (Formula("number", usual, applied.start),)
        arguments = (*first, *arguments)
    if qualifiers:
        (found, item), *_ = qualifiers.items()
        raise Mistake(item.start, f"<{found}> of <{applied.tag}>", "leave it out")
    return Formula("call", applied.tag, applied.start, arguments)


_QUALIFIED = {"root": ("degree", "2.0"), "log": ("logbase", "10.0")}


def _factorial(applied: _Element, arguments: tuple[Formula, ...]) -> Formula:
    if len(arguments) != 1 or arguments[0].kind != "number":
        raise Mistake(applied.start, "a factorial of what is no number", "of a variable it can't be translated")
    value = float(arguments[0].text)
    if not (value.is_integer() and 0 <= value <= _LARGEST_FACTORIAL):
        raise Mistake(arguments[0].start, f"the factorial of {value:g}", "write it of a whole number from 0 to 170")
    return Formula("number", repr(float(math.factorial(int(value)))), applied.start)


_READERS: dict[str, Callable[[_Element], Formula]] = {
    "math": _math,
    "cn": _number,
    "ci": _name,
    "csymbol": _symbol,
    "apply": _apply,
    "piecewise": _piecewise,
    **dict.fromkeys(_CONSTANTS, _constant),
}
_TAGS = frozenset((*RULES, *_READERS, "factorial", "piece", "otherwise", "degree", "logbase"))
