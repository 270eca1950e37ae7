"""The rules of the table of functions as programs: what a derivative by one parameter computes.

The table has them as text. They are read by Python's own parser: what they are written in, expressions
without assignments, choices by `if` or `diff`, is the same in both languages, precedence included. So the
language's parser can itself derive, for `diff`, without a cycle; the tests have it read every rule too.
"""

from __future__ import annotations

import ast
import functools

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.table import FUNCTIONS, lookup
from gridgrad_core.lang.functions.tabulated import CALLS
from gridgrad_core.lang.program.canonical import assembling
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["rule"]

_OPERATIONS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.USub: "neg",
    ast.Not: "not",
    ast.And: "and",
    ast.Or: "or",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
"""The operation of each of Python's operators that rules are written with."""

_KEPT = 1024  # rules; some are of a number that a text chooses, as in polygamma(n, x)


@functools.lru_cache(_KEPT)
def rule(name: str, position: int, integers: tuple[int, ...] = ()) -> Program:
    """The derivative of a function with respect to one parameter, as a program.

    Args:
        name: the function, a key of `FUNCTIONS`.
        position: which parameter, from 0.
        integers: what the function's integer parameters are: (2,) for polygamma(2, x).

    Returns:
        A program whose inputs are the function's other parameters, as far as it depends on them.

    Raises:
        RequestError: the rule has a function of an integer beyond that to which it is right.
    """
    function = FUNCTIONS[name]
    if any(order >= function.largest for order in integers) and function.derivatives[position] != "0":
        raise _too_high(function, integers)
    written = ast.parse(function.derivatives[position], mode="eval").body
    reader = _Reader(dict(zip(function.integers, integers, strict=True)))
    try:
        value = reader.read(written)
    except Mistake:
        raise _too_high(function, integers) from None
    return finished(assembling(reader.operations, value, _names(written)))


def _too_high(function: Function, integers: tuple[int, ...]) -> RequestError:
    found = f"a derivative of {function.name}({integers[0]}, x), of which the digits would be lost"
    remedy = f"ask for lower orders: {function.name} is right to n = {function.largest}"
    return RequestError("derivatives", found, remedy)


def _names(written: ast.expr) -> list[str]:
    """The names in a rule, in the order in which its text first has them."""
    names = [node for node in ast.walk(written) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))


class _Reader:
    """Makes the operations of a rule from Python's tree of it."""

    def __init__(self, integers: dict[str, int]) -> None:
        self.operations = TypedBuilder(of_rule=True)
        self._integers = integers

    def read(self, part: ast.expr) -> Value:
        """What a part of the rule computes."""
        match part:
            case ast.Constant(value=float() | int() as number):
                return self.operations.constant(float(number), 0)
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=sign, operand=operand):
                return self.operations.prefix(_OPERATIONS[type(sign)], 0, self.read(operand))
            case ast.BinOp(op=sign, left=left, right=right) | ast.Compare(left=left, ops=[sign], comparators=[right]):
                return self._operation(sign, left, right)
            case ast.BoolOp(op=sign, values=[left, right]):
                return self._operation(sign, left, right)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        raise ValueError(f"a rule can't be written with {ast.unparse(part)!r}")

    def _named(self, name: str) -> Value:
        if name in self._integers:
            return self.operations.constant(float(self._integers[name]), 0)
        return self.operations.input(name, 0)

    def _operation(self, sign: ast.AST, left: ast.expr, right: ast.expr) -> Value:
        return self.operations.operator(_OPERATIONS[type(sign)], 0, self.read(left), self.read(right))

    def _call(self, name: str, arguments: list[ast.expr]) -> Value:
        function = CALLS.get(name) or lookup(name)
        if function is None:
            raise ValueError(f"a rule calls {name!r}, which is no function of the table")
        return self.operations.apply(function, tuple(self.read(argument) for argument in arguments), 0)
