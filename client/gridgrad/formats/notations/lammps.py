"""The formulas of LAMMPS's equal- and atom-style variables; pair_style lepton has another notation.

A. P. Thompson et al., "LAMMPS", Comp. Phys. Comm. 271 (2022) 108171, doi:10.1016/j.cpc.2021.108171; what is not written
there is as LAMMPS of 22 July 2025 computes it.
"""

from __future__ import annotations

import math

from gridgrad.formats.trees.formula import Dialect, Formula, Infix, Lexeme, quoted
from gridgrad.formats.trees.notation import Notation
from gridgrad.formats.trees.rule_making import ARITHMETIC, COMPARISONS, combined, named, written
from gridgrad.formats.trees.scanning import Words, pattern_of
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["read_lammps"]

_VARIABLE = "v_"
_FUNCTIONS = {
    **{name: named(name) for name in ("sqrt", "exp", "sin", "cos", "tan", "abs", "ceil", "floor")},
    **{f"a{name}": named(f"arc{name}") for name in ("sin", "cos", "tan")},
    "atan2": named("arctan2", 2),
    "ln": named("log"),
    "log": named("log10", 1, "log10(x): log is of base 10 in LAMMPS"),
    "sign": written("x", "where(x >= 0, 1, -1)", "1 at 0"),
    "round": written("x", "where(x - floor(x) >= 0.5, ceil(x), floor(x))", "halves are rounded up"),
    "ternary": named("where", 3),
}
_RANDOM = "random numbers are no function of the inputs"
_TIME = "the step and the time of a run are none here: write the formula with an input v_t"
_GROUPS = "groups, regions and computes are none here: give what they come to as an input v_name"
_INSTEAD = {
    **dict.fromkeys(("random", "normal"), _RANDOM),
    **dict.fromkeys(("ramp", "stagger", "logfreq", "logfreq2", "logfreq3", "stride", "stride2"), _TIME),
    **dict.fromkeys(("vdisplace", "swiggle", "cwiggle"), _TIME),
    **dict.fromkeys(("count", "mass", "charge", "xcm", "vcm", "fcm", "bound", "gyration", "ke", "angmom"), _GROUPS),
    **dict.fromkeys(("torque", "inertia", "omega", "sum", "ave", "trap", "slope", "sort"), _GROUPS),
    **dict.fromkeys(("gmask", "rmask", "grmask", "next", "is_file", "is_os", "extract_setting", "py"), _GROUPS),
    **dict.fromkeys(("min", "max"), "they are those of a compute's vector: write ternary(a < b, a, b)"),
    **dict.fromkeys(("tanh", "sinh", "cosh"), "LAMMPS has none: write it by exp"),
    "log10": "write log, which is of base 10 in LAMMPS",
    "pow": "write x^y",
    "$": "LAMMPS puts the text of $x in before it reads the formula: write v_x, or the number",
    "[": "elements of vectors are none here: give each as an input v_name",
    '"': "leave out the quotes round the formula",
}
_NOTATION = Notation(
    dialect=Dialect(
        name="LAMMPS",
        infix={
            "||": Infix(1, "||"),
            "|^": Infix(1, "|^"),
            "&&": Infix(2, "&&"),
            "==": Infix(3, "=="),
            "!=": Infix(3, "!="),
            **{sign: Infix(4, sign) for sign in ("<", "<=", ">", ">=")},
            "+": Infix(5, "+"),
            "-": Infix(5, "-"),
            "*": Infix(6, "*"),
            "/": Infix(6, "/"),
            "%": Infix(6, "%"),
            "^": Infix(7, "^"),
        },
        prefix={"-": (8, "negative"), "!": (8, "!")},
        missing={
            "+": "LAMMPS has no sign +: leave it out",
            "*": "write powers as x^y",
            "(": "write products with *, and functions without a space before the parenthesis, as in sin(v_x)",
        },
    ),
    words=Words(
        dialect="LAMMPS",
        pattern=pattern_of(r"<=|>=|==|!=|&&|\|\||\|\^|[-+*/^%<>!]"),
        functions=frozenset(_FUNCTIONS),
        instead=_INSTEAD,
        spaces=False,
    ),
    rules={
        **_FUNCTIONS,
        **ARITHMETIC,
        **COMPARISONS,
        "%": named("fmod", 2, "fmod(a, b), which has the sign of a"),
        "==": named("eq", 2),
        "!=": named("ne", 2),
        "&&": named("and", 2),
        "||": named("or", 2),
        "|^": named("logical_xor", 2),
        "!": combined("not", arity=1),
    },
    named={},
)
_CONSTANTS = {"PI": math.pi, **dict.fromkeys(("true", "yes", "on"), 1.0), **dict.fromkeys(("false", "no", "off"), 0.0)}


def read_lammps(text: str) -> Translation:
    """The program of a formula; what is `v_x` there is its input `x`.

    Raises:
        Mistake: it is none, or has what can't be translated.
    """
    return _NOTATION.translation(_NOTATION.tree(_NOTATION.tokens(text), _name), text)


def _name(token: Lexeme) -> Formula:
    if token.text in _CONSTANTS:
        return Formula("number", repr(_CONSTANTS[token.text]), token.start)
    if token.text in _FUNCTIONS:
        remedy = f"write {token.text}(v_x): without a space before the parenthesis"
        raise Mistake(token.start, f"{quoted(token.text)} without its arguments", remedy)
    if not token.text.startswith(_VARIABLE):
        found = f"{quoted(token.text)}, a value of atoms, of a run or of a compute"
        raise Mistake(token.start, found, "give what it comes to as a variable: write v_name, which is the input name")
    return Formula("name", token.text.removeprefix(_VARIABLE), token.start)
