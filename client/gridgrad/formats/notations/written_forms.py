"""How each notation writes operations: by this the text of a program is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gridgrad_core.lang.program import numerals

__all__ = ["FORMS", "Form", "Forms"]

LOOSE, SUM, PRODUCT, ATOM = range(4)
"""How strongly a text holds together. What is nested under an operator is in parentheses unless it is at least so
strong as is wanted there; powers, signs, comparisons and negative numbers always are."""


class Form(NamedTuple):
    """How an operation is written.

    Args:
        template: its text, with {0}, {1} for what it is of.
        strength: how strongly that holds together.
        wanted: how strongly each of its arguments must, to stand there without parentheses; nothing of a call's.
    """

    template: str
    strength: int = ATOM
    wanted: int | tuple[int, ...] = LOOSE

    def of(self, arguments: Iterable[tuple[str, int]]) -> tuple[str, int]:
        """The text for arguments with their strengths, and its own."""
        given = list(arguments)
        wanted = self.wanted if isinstance(self.wanted, tuple) else (self.wanted,) * len(given)
        texts = [text if has >= need else f"({text})" for (text, has), need in zip(given, wanted, strict=True)]
        return self.template.format(*texts), self.strength


class Forms(NamedTuple):
    """How a notation writes programs.

    Args:
        operations: its forms by the names of our operations.
        number: the text of a finite number of 0 or more.
        name: the template of an input.
        definition: the template of a definition by name and formula, empty if it has none.
        first: whether definitions stand before the formula.
        case_blind: whether names that differ by case alone are one.
        whole: the template of the text.
    """

    operations: Mapping[str, Form]
    number: Callable[[float], str] = numerals.written
    name: str = "{}"
    definition: str = ""
    first: bool = True
    case_blind: bool = False
    whole: str = "{}"


def _calls(*names: str, **others: str) -> dict[str, Form]:
    """Functions by our names, which some have there too."""
    arguments = dict.fromkeys(("arctan2", "maximum", "minimum", "hypot"), "{0}, {1}") | {"where": "{0}, {1}, {2}"}
    theirs = {name: name for name in names} | others
    return {ours: Form(f"{name}({arguments.get(ours, '{0}')})") for ours, name in theirs.items()}


def _infix(**signs: str) -> dict[str, Form]:
    return {name: Form(f"{{0}} {sign} {{1}}", LOOSE, SUM) for name, sign in signs.items()}


_ARITHMETIC = {
    "add": Form("{0} + {1}", SUM, (SUM, PRODUCT)),
    "sub": Form("{0} - {1}", SUM, (SUM, PRODUCT)),
    "mul": Form("{0}*{1}", PRODUCT, (PRODUCT, ATOM)),
    "div": Form("{0}/{1}", PRODUCT, (PRODUCT, ATOM)),
    "neg": Form("-{0}", LOOSE, ATOM),
    "pow": Form("{0}^{1}", LOOSE, ATOM),
}
_ORDERED = _infix(lt="<", le="<=", gt=">", ge=">=")
_EQUAL = _infix(eq="==", ne="!=")
_BASIC = ("sqrt", "exp", "sin", "cos", "tan", "abs")
_INVERSE = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2"}
_HYPERBOLIC = {
    **{name: name for name in ("sinh", "cosh", "tanh")},
    **{f"arc{name}": f"a{name}" for name in ("sinh", "cosh", "tanh")},
}
_EXTREMES = {"maximum": "max", "minimum": "min"}


def _scaled(comparison: str) -> Form:
    """fparser compares within 1e-12, which is next to nothing beside differences times 1e300."""
    return Form(f"({{0}} - {{1}})*1e300 {comparison} 0", LOOSE, (SUM, PRODUCT))


def _applied(*names: str, **others: str) -> dict[str, Form]:
    theirs = {name: name for name in names} | others
    of_two = {*_INFIX_ELEMENTS.values(), *_EXTREMES.values()}
    arguments = {name: "{0}{1}" if name in of_two else "{0}" for name in theirs.values()}
    return {ours: Form(f"<apply><{name}/>{arguments[name]}</apply>") for ours, name in theirs.items()}


_INFIX_ELEMENTS = {
    "add": "plus",
    "sub": "minus",
    "mul": "times",
    "div": "divide",
    "pow": "power",
    "fmod": "rem",
    "lt": "lt",
    "le": "leq",
    "gt": "gt",
    "ge": "geq",
    "eq": "eq",
    "ne": "neq",
    "and": "and",
    "or": "or",
    "logical_xor": "xor",
}


def _element_of(value: float) -> str:
    mantissa, exponent, power = numerals.written(value).partition("e")
    return f'<cn type="e-notation">{mantissa}<sep/>{int(power)}</cn>' if exponent else f"<cn>{mantissa}</cn>"


_LEPTON = Forms(
    {
        **_ARITHMETIC,
        **_calls(*_BASIC, "log", "sinh", "cosh", "tanh", "erf", "erfc", "floor", "ceil", where="select"),
        **_calls(**_INVERSE, **_EXTREMES),
        "ge": Form("step({0} - {1})", ATOM, (SUM, PRODUCT)),
        "le": Form("step({1} - {0})", ATOM, (PRODUCT, SUM)),
        "gt": Form("(step({0} - {1})*(1 - delta({0} - {1})))", ATOM, (SUM, PRODUCT)),
        "lt": Form("(step({1} - {0})*(1 - delta({1} - {0})))", ATOM, (PRODUCT, SUM)),
        "eq": Form("delta({0} - {1})", ATOM, (SUM, PRODUCT)),
        "ne": Form("(1 - delta({0} - {1}))", ATOM, (SUM, PRODUCT)),
        "and": Form("min({0}, {1})"),
        "or": Form("max({0}, {1})"),
        "not": Form("1 - {0}", SUM, ATOM),
        "logical_xor": Form("abs({0} - {1})", ATOM, (SUM, PRODUCT)),
    },
    definition="; {} = {}",
    first=False,
)
_EXPRTK = Forms(
    {
        **_ARITHMETIC,
        **_ORDERED,
        **_EQUAL,
        **_infix(**{"and": "and", "or": "or", "logical_xor": "xor"}),
        **_calls(*_BASIC, "log", "log10", "log2", "log1p", "expm1", "erf", "erfc", "floor", "ceil", "trunc", "hypot"),
        **_calls(**_INVERSE, **_HYPERBOLIC, **_EXTREMES, norm_cdf="ncdf", radians="deg2rad", degrees="rad2deg"),
        **_calls(**{"not": "not", "where": "if"}),
        "fmod": Form("{0} % {1}", LOOSE, ATOM),
    },
    definition="var {} := {}; ",
    case_blind=True,
)
_MUPARSER = Forms(
    {
        **_ARITHMETIC,
        **_ORDERED,
        **_EQUAL,
        **_infix(**{"and": "&&", "or": "||", "logical_xor": "!="}),
        **_calls(*_BASIC, "log", "log10", "log2", **_INVERSE, **_HYPERBOLIC, **_EXTREMES),
        "not": Form("{0} == 0", LOOSE, SUM),
        "where": Form("({0} ? {1} : {2})", ATOM, SUM),
    }
)
_LAMMPS = Forms(
    {
        **_ARITHMETIC,
        **_ORDERED,
        **_EQUAL,
        **_infix(**{"and": "&&", "or": "||", "logical_xor": "|^"}),
        **_calls(*_BASIC, "floor", "ceil", **_INVERSE, log="ln", log10="log", where="ternary"),
        "not": Form("!{0}", LOOSE, ATOM),
        "fmod": Form("{0} % {1}", LOOSE, ATOM),
    },
    name="v_{}",
)
_FPARSER = Forms(
    {
        **_ARITHMETIC,
        **{name: _scaled(sign) for name, sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))},
        **{name: _scaled(sign) for name, sign in (("eq", "="), ("ne", "!="))},
        **_infix(**{"and": "&", "or": "|", "logical_xor": "!="}),
        **_calls(*_BASIC, "log", "log10", "log2", "exp2", "cbrt", "floor", "ceil", "trunc", "hypot", where="if"),
        **_calls(**_INVERSE, **_HYPERBOLIC, **_EXTREMES),
        "not": Form("!{0}", LOOSE, ATOM),
        "fmod": Form("{0} % {1}", LOOSE, ATOM),
    },
    definition="{} := {}; ",
)
_MATHML = Forms(
    {
        **_applied("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "abs", "floor", "not", ceil="ceiling", log="ln"),
        **_applied(*(f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"))),
        **_applied(**_INFIX_ELEMENTS, **_EXTREMES, neg="minus", sqrt="root", log10="log"),
        "neg": Form("<apply><minus/>{0}</apply>"),
        "where": Form("<piecewise><piece>{1}{0}</piece><otherwise>{2}</otherwise></piecewise>"),
    },
    number=_element_of,
    name="<ci>{}</ci>",
    whole='<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>',
)
FORMS = {
    "lepton": _LEPTON,
    "exprtk": _EXPRTK,
    "muparser": _MUPARSER,
    "lammps": _LAMMPS,
    "fparser": _FPARSER,
    "mathml": _MATHML,
}
"""The notations that can be written."""
