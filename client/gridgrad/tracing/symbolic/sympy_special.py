"""Special functions of sympy that the language has by another name, with other arguments or in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridgrad_core.lang.functions.incomplete import BRANCHES
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["LISTS", "SPECIAL", "SpecialRule"]

SpecialRule = Callable[[TypedBuilder, Any, Sequence[Value]], "Value | str"]
"""Of what is built, the expression and its arguments: the value, or what the language has not."""

LISTS = frozenset({"hyper"})
"""Functions whose parameters stand in lists."""


def _call(operations: TypedBuilder, name: str, *arguments: Value) -> Value:
    return operations.apply(FUNCTIONS[name], arguments, 0)


def _lambert(operations: TypedBuilder, expression: Any, arguments: Sequence[Value]) -> Value | str:
    """On the branch that is a number, 0 if nothing is said."""
    branch = expression.args[1] if len(arguments) > 1 else 0
    if branch not in BRANCHES["lambertw"]:
        return f"sympy's LambertW on the branch {branch}"
    return _call(operations, BRANCHES["lambertw"][int(branch)], arguments[0])


def _second_kind(operations: TypedBuilder, _: Any, arguments: Sequence[Value]) -> Value:
    """The elliptic integral of the second kind, complete where no angle is given."""
    return _call(operations, "ellipe" if len(arguments) == 1 else "ellipeinc", *arguments)


def _third_kind(operations: TypedBuilder, _: Any, arguments: Sequence[Value]) -> Value | str:
    """Π(n, m) = R_F(0, 1 - m, 1) + n/3 R_J(0, 1 - m, 1, 1 - n) (DLMF 19.25.2)."""
    if len(arguments) > 2:
        return "sympy's elliptic_pi of an angle"
    n, m = arguments
    zero, one, three = (operations.constant(number, 0) for number in (0.0, 1.0, 3.0))
    rest = operations.operator("sub", 0, one, m)
    last = _call(operations, "elliprj", zero, rest, one, operations.operator("sub", 0, one, n))
    part = operations.operator("mul", 0, operations.operator("div", 0, n, three), last)
    return operations.operator("add", 0, _call(operations, "elliprf", zero, rest, one), part)


def _incomplete_gamma(name: str) -> SpecialRule:
    """sympy's are not divided by Γ(s)."""

    def made(operations: TypedBuilder, expression: Any, arguments: Sequence[Value]) -> Value | str:
        if expression.args[0].is_extended_nonpositive:
            return f"sympy's {type(expression).__name__} of a parameter that is not positive"
        return operations.operator(
            "mul", 0, _call(operations, "gamma", arguments[0]), _call(operations, name, *arguments)
        )

    return made


def _between(operations: TypedBuilder, expression: Any, arguments: Sequence[Value]) -> Value:
    """The regularised incomplete beta function from one end to another."""
    a, b, *ends = arguments
    upper, lower = (_call(operations, "betainc", a, b, end) for end in reversed(ends))
    return upper if expression.args[2] == 0 else operations.operator("sub", 0, upper, lower)


def _incomplete_beta(operations: TypedBuilder, expression: Any, arguments: Sequence[Value]) -> Value:
    whole = _call(operations, "beta", *arguments[:2])
    return operations.operator("mul", 0, whole, _between(operations, expression, arguments))


def _hypergeometric(operations: TypedBuilder, expression: Any, arguments: Sequence[Value]) -> Value | str:
    """Kummer's function, of one parameter above and one below."""
    above, below = (len(each) for each in expression.args[:2])
    if (above, below) != (1, 1):
        return f"sympy's hyper of {above} and {below} parameters"
    return _call(operations, "hyp1f1", *arguments)


SPECIAL: Mapping[str, SpecialRule] = {
    "LambertW": _lambert,
    "betainc": _incomplete_beta,
    "betainc_regularized": _between,
    "elliptic_e": _second_kind,
    "elliptic_pi": _third_kind,
    "hyper": _hypergeometric,
    "lowergamma": _incomplete_gamma("gammainc"),
    "uppergamma": _incomplete_gamma("gammaincc"),
}
"""The rule of each, by the name of its class."""
