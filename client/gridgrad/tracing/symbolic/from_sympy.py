"""sympy's expressions made into programs.

A walk over the expression with a stack of its own; functions are matched by the name of their class, so that this
module loads no more of sympy than the caller has.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

from gridgrad.tracing import refusal
from gridgrad.tracing.outputs import Outcome
from gridgrad.tracing.symbolic.sympy_calls import CALLED, SympyCalls, bounding, carried_out, is_call, taken_apart
from gridgrad.tracing.symbolic.sympy_special import LISTS, SPECIAL, SpecialRule
from gridgrad.tracing.traced_program import program_from, spelled
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.derive.by_value import ValueDerivatives
from gridgrad_core.lang.functions.table import FUNCTIONS, lookup
from gridgrad_core.lang.program.names import CONSTANTS, is_name
from gridgrad_core.lang.program.printer import default_component
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["program_of"]

_CALLED = {
    "Abs": "abs", "Max": "maximum", "Min": "minimum", "ceiling": "ceil", "loggamma": "lgamma", "Mod": "mod",
    "StrictGreaterThan": "gt", "GreaterThan": "ge", "StrictLessThan": "lt", "LessThan": "le", "Equality": "eq",
    "Unequality": "ne", "And": "and", "Or": "or", "Not": "not", "Xor": "logical_xor", "ITE": "where", "Add": "add",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "besselj": "jv", "bessely": "yv", "besseli": "iv", "besselk": "kv",
    "Ei": "expi", "expint": "expn", "Si": "si", "Ci": "ci", "Shi": "shi", "Chi": "chi", "fresnels": "fresnel_s",
    "fresnelc": "fresnel_c", "elliptic_k": "ellipk", "elliptic_f": "ellipkinc",
    "jn": "spherical_jn", "yn": "spherical_yn", "legendre": "legendre_p", "chebyshevt": "chebyt",
}  # fmt: skip
"""Classes of sympy with the operation of the language, where the names differ."""
_FOLDED = frozenset({"add", "and", "or", "logical_xor", "maximum", "minimum"})
_OTHERS = frozenset({"bernoulli"})
"""Classes of sympy that mean something else than the language's function of the same name."""
_RECIPROCAL = {"sec": "cos", "csc": "sin", "cot": "tan", "csch": "sinh", "coth": "tanh"}


def program_of(expression: Any) -> Program:
    """The program of an expression, or of a tuple or matrix of expressions.

    Args:
        expression: a sympy expression; derivatives in it are carried out first.

    Raises:
        TracingError: something in it has no place in the language.
    """
    walk = _Walk()
    if getattr(expression, "is_Matrix", False) or type(expression).__name__ in ("Tuple", "list", "tuple"):
        values = [walk.value(each) for each in expression]
        names = tuple(default_component(position) for position in range(len(values)))
        return spelled(program_from(walk.operations, Outcome(names, tuple(map(walk.operations.number, values)), True)))
    node = walk.operations.number(walk.value(expression))
    return spelled(program_from(walk.operations, Outcome(("f",), (node,), False)))


class _Walk:
    def __init__(self) -> None:
        self.operations = TypedBuilder()
        self._known: dict[Any, Value] = {}
        self._calls = SympyCalls(self.operations)

    def value(self, expression: Any) -> Value:
        """What an expression comes to: its arguments first, each once."""
        stack = [carried_out(expression)]
        root = stack[0]
        while stack:
            current = stack[-1]
            _check(current)
            missing = [each for each in _arguments(current) if each not in self._known]
            if missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if current not in self._known:
                self._known[current] = self._made(current, [self._known[each] for each in _arguments(current)])
        return self._known[root]

    def _made(self, expression: Any, arguments: list[Value]) -> Value:
        if _is_leaf(expression):
            return self._leaf(expression)
        rule = _RULES.get(type(expression).__name__, _Walk.function)
        try:
            return rule(self, expression, arguments)
        except Mistake as mistake:
            raise TracingError("function", mistake.found, mistake.remedy) from None

    def function(self, expression: Any, arguments: list[Value]) -> Value:
        """Functions that both have."""
        function = FUNCTIONS[_called(expression)]
        if function.name in _FOLDED:
            return functools.reduce(lambda a, b: self.operations.apply(function, (a, b), 0), arguments)
        if len(arguments) != len(function.params):
            raise _unknown(f"sympy's {type(expression).__name__} of {len(arguments)} arguments")
        return self.operations.apply(function, tuple(arguments), 0)

    def _leaf(self, expression: Any) -> Value:
        name = _name(expression)
        if name:
            if not is_name(name) or name in CONSTANTS.keys() - {"e", "pi"}:
                remedy = "rename it: ASCII letters, digits and _, but neither inf, nan nor a word of the language"
                raise TracingError("function", f"sympy's symbol {name!r}", remedy)
            return self.operations.input(name, 0)
        if type(expression).__name__ in ("BooleanTrue", "BooleanFalse"):
            return self.operations.operator("ne", 0, self.number(float(bool(expression))), self.number(0.0))
        if not expression.is_extended_real and type(expression).__name__ != "NaN":
            raise _unknown(f"the number {expression}")
        return self.number(_float(expression))

    def number(self, value: float) -> Value:
        return self.operations.constant(value, 0)

    def product(self, expression: Any, arguments: list[Value]) -> Value:
        """Factors with negative exponents as a division."""
        above = [a for a, e in zip(arguments, _arguments(expression), strict=True) if not _is_reciprocal(e)]
        below = [e for e in _arguments(expression) if _is_reciprocal(e)]
        apply = self.operations.operator
        top = functools.reduce(lambda a, b: apply("mul", 0, a, b), above) if above else self.number(1.0)
        if not below:
            return top
        bottoms = [self._inverse(each) for each in below]
        return apply("div", 0, top, functools.reduce(lambda a, b: apply("mul", 0, a, b), bottoms))

    def _inverse(self, power: Any) -> Value:
        base, exponent = self._known[power.base], _float(-power.exp)
        return base if exponent == 1 else self._power(base, self.number(exponent))

    def power(self, expression: Any, arguments: list[Value]) -> Value:
        """Powers, roots and exponentials."""
        base, exponent = arguments
        if type(expression.base).__name__ == "Exp1":
            return self.operations.apply(FUNCTIONS["exp"], (exponent,), 0)
        if _is_reciprocal(expression):
            return self.operations.operator("div", 0, self.number(1.0), self._inverse(expression))
        return self._power(base, exponent)

    def _power(self, base: Value, exponent: Value) -> Value:
        node = self.operations.builder.nodes[exponent.node]
        if node.op == "const" and node.number == 0.5:
            return self.operations.apply(FUNCTIONS["sqrt"], (base,), 0)
        return self.operations.operator("pow", 0, base, exponent)

    def piecewise(self, _: Any, arguments: list[Value]) -> Value:
        """Pairs of value and condition; the first that holds counts, and nan where none does."""
        chosen = self.number(float("nan"))
        for value, condition in reversed(list(zip(arguments[::2], arguments[1::2], strict=True))):
            chosen = self.operations.apply(FUNCTIONS["where"], (condition, value, chosen), 0)
        return chosen

    def derivative(self, expression: Any, arguments: list[Value]) -> Value:
        """Of what has a call in it."""
        derivatives = ValueDerivatives(self.operations.builder)
        node = self.operations.number(arguments[0])
        for symbol, count in expression.variable_count:
            if not (_name(symbol) and count.is_Integer) or symbol in bounding(expression.expr):
                raise _unknown(f"the derivative of a sum or product by {symbol}, of which it is a step,")
            by = self.operations.input(_name(symbol), 0).node
            derived = finished(derivatives.deriving(node, by, int(count)))
            node = self.operations.constant(0.0, 0).node if derived is None else derived
        return Value(node, 0)

    def reciprocal(self, expression: Any, arguments: list[Value]) -> Value:
        """1/cos and its kin."""
        below = FUNCTIONS[_RECIPROCAL[type(expression).__name__]]
        return self.operations.operator("div", 0, self.number(1.0), self.operations.apply(below, tuple(arguments), 0))

    def heaviside(self, _: Any, arguments: list[Value]) -> Value:
        """With its value at 0, a half if nothing is said."""
        at_zero = arguments[1] if len(arguments) > 1 else self.number(0.5)
        return self.operations.apply(FUNCTIONS["heaviside"], (arguments[0], at_zero), 0)

    def sinc(self, _: Any, arguments: list[Value]) -> Value:
        """sympy's is sin(x)/x, numpy's has π in it."""
        scaled = self.operations.operator("div", 0, arguments[0], self.number(CONSTANTS["pi"]))
        return self.operations.apply(FUNCTIONS["sinc"], (scaled,), 0)

    def logarithm(self, expression: Any, arguments: list[Value]) -> Value:
        """ln x; sympy spells other bases by a quotient."""
        if len(arguments) != 1:
            raise _unknown(f"{expression}")
        return self.operations.apply(FUNCTIONS["log"], tuple(arguments), 0)


def _special(rule: SpecialRule, walk: _Walk, expression: Any, arguments: list[Value]) -> Value:
    """By a rule of its own; what the language has no part of is refused."""
    made = rule(walk.operations, expression, arguments)
    if isinstance(made, str):
        raise _unknown(made)
    return made


_RULES: Mapping[str, Callable[[_Walk, Any, list[Value]], Value]] = {
    "Derivative": _Walk.derivative,
    "Heaviside": _Walk.heaviside,
    "Mul": _Walk.product,
    "Piecewise": _Walk.piecewise,
    "Pow": _Walk.power,
    "exp": lambda walk, _, arguments: walk.operations.apply(FUNCTIONS["exp"], tuple(arguments), 0),
    "log": _Walk.logarithm,
    "sinc": _Walk.sinc,
    **dict.fromkeys(CALLED, lambda walk, expression, arguments: walk._calls.made(expression, arguments)),
    **dict.fromkeys(_RECIPROCAL, _Walk.reciprocal),
    **{name: functools.partial(_special, rule) for name, rule in SPECIAL.items()},
}


def _check(expression: Any) -> None:
    """Refuses what is not in the language before its arguments are looked at, whatever they are."""
    name = type(expression).__name__
    if name in CALLED and not is_call(expression):
        raise _unknown(f"sympy's {name} without finite bounds")
    if not (_is_leaf(expression) or name in _RULES or _called(expression)):
        raise _unknown(f"sympy's {name}")


def _float(number: Any) -> float:
    """A number of sympy's as the nearest float64.

    Raises:
        TracingError: it is finite and beyond float64; float() makes it inf without a word.
    """
    value = float(number)
    if math.isinf(value) and number.is_finite:
        raise TracingError("function", f"sympy's {refusal.BEYOND_FLOAT64}", refusal.SCALE)
    return value


def _called(expression: Any) -> str:
    """The function of the language that an expression applies; empty if there is none."""
    name = type(expression).__name__
    if type(type(expression)).__name__ == "UndefinedFunction" or name in _OTHERS:
        return ""
    function = FUNCTIONS.get(_CALLED[name]) if name in _CALLED else lookup(name)
    return function.name if function and function.name in FUNCTIONS else ""


def _arguments(expression: Any) -> tuple[Any, ...]:
    """What an expression is made of; the pairs of a Piecewise one after the other."""
    if _is_leaf(expression):
        return ()
    if type(expression).__name__ == "Piecewise":
        return tuple(each for pair in expression.args for each in pair.args)
    if type(expression).__name__ in CALLED:
        return taken_apart(expression)
    if type(expression).__name__ in LISTS:
        *lists, last = expression.args
        return (*[each for given in lists for each in given.args], last)
    if type(expression).__name__ == "Derivative":
        return (expression.expr,)
    found: tuple[Any, ...] = expression.args
    return found


def _is_leaf(expression: Any) -> bool:
    return not expression.args or bool(_name(expression))


def _name(expression: Any) -> str:
    """The input that a symbol is, or an element n[0] of an indexed base; empty for anything else."""
    if getattr(expression, "is_Symbol", False):
        return str(expression.name)
    if type(expression).__name__ == "Indexed":
        return "_".join(map(str, (expression.base, *expression.indices)))
    return ""


def _is_reciprocal(expression: Any) -> bool:
    return type(expression).__name__ == "Pow" and bool(expression.exp.is_number and expression.exp.is_negative)


def _unknown(what: str) -> TracingError:
    return TracingError("function", f"{what} is not in the language", "docs/language.md lists the functions")
