"""sympy's sums, products and integrals: what is carried out before, and which calls of the language the rest are.

Sums and products between finite bounds become loops and are not expanded: sympy writes up to 100,000 terms out, and its
closed forms of others lose digits. With bounds in the wrong order they are minus, or one over, what is between them
(M. Karr, "Summation in Finite Terms", J. ACM 28 (1981)), where the language has an empty sum. Definite integrals are
computed by points: sympy may search a closed form for minutes. All else is carried out by sympy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridgrad_core.errors import TracingError
from gridgrad_core.lang.local.array_sums import ArraySums
from gridgrad_core.lang.local.local_names import LocalNames
from gridgrad_core.lang.parser.folding import Folding
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program.names import CONSTANTS, is_name
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["CALLED", "SympyCalls", "bounding", "carried_out", "is_call", "taken_apart"]

CALLED = {"Sum": "sum", "Product": "prod", "Integral": "integrate"}
"""Classes of sympy with the call of the language."""

_POLYNOMIALS = frozenset({"assoc_legendre", "chebyshevt", "hermite", "laguerre", "legendre"})
"""Functions that sympy would expand, which of a high degree loses all digits."""
_REVERSED = {"sum": "sub", "prod": "div"}


def carried_out(expression: Any) -> Any:
    """An expression with derivatives and the like carried out, and names for indices that mean nothing else.

    Args:
        expression: of sympy. What becomes a call stays as it is, and so do its derivatives.

    Raises:
        TracingError: a sum whose terms read another array element each has bounds that are no numbers.
    """
    return _Doing().done(expression, frozenset(str(each) for each in expression.free_symbols))


class _Doing:
    """Carries an expression out."""

    def __init__(self) -> None:
        self._calls: dict[Any, bool] = {}

    def done(self, expression: Any, taken: frozenset[str]) -> Any:
        """An expression where these names are known."""
        if not self._has_calls(expression):
            return expression.doit()
        if is_call(expression):
            return self._own(expression, taken)
        arguments = [self.done(each, taken) for each in expression.args]
        return expression.func(*arguments, **({"evaluate": False} if _is_polynomial(expression) else {}))

    def _own(self, expression: Any, taken: frozenset[str]) -> Any:
        """A call with names of its own."""
        if type(expression).__name__ != "Integral" and _reads_elements(expression):
            return _expanded(expression)
        function, limits = expression.function, list(expression.limits)
        for place in reversed(range(len(limits))):  # the outermost comes last, and is known in those before it
            index, *ends = limits[place]
            own = _index(index, taken)
            function = function.xreplace({index: own})
            limits[:place] = [each.xreplace({index: own}) for each in limits[:place]]
            limits[place] = (own, *[self.done(end, taken) for end in ends])
            taken |= {str(own)}
        return expression.func(self.done(function, taken), *limits)

    def _has_calls(self, expression: Any) -> bool:
        """Whether a call stands in an expression, or a polynomial that was given by name."""
        if expression not in self._calls:
            here = is_call(expression) or _is_polynomial(expression)
            self._calls[expression] = here or any(map(self._has_calls, expression.args))
        return self._calls[expression]


class SympyCalls:
    """The calls of one expression.

    Args:
        operations: where the nodes are.
    """

    def __init__(self, operations: TypedBuilder) -> None:
        self._operations = operations
        self._names = LocalNames(operations)

    def made(self, expression: Any, arguments: Sequence[Value]) -> Value:
        """What a sum, product or integral comes to.

        Args:
            expression: it, as it was carried out.
            arguments: what is summed, and the bounds, those of the innermost index first.

        Raises:
            Mistake: the language has no such call.
        """
        kind = CALLED[type(expression).__name__]
        value, *ends = arguments
        for place, limit in enumerate(expression.limits):
            value = self._between(kind, value, limit, ends[2 * place : 2 * place + 2])
        return value

    def _between(self, kind: str, term: Value, limit: Sequence[Any], ends: Sequence[Value]) -> Value:
        index, lower, upper = limit
        name = self._operations.input(str(index), 0)
        if kind == "integrate":
            return self._folded(kind, term, name, ends)
        count = upper - lower + 1
        if count.is_nonnegative:
            return self._folded(kind, term, name, ends)
        one = self._operations.constant(1.0, 0)
        between = [self._sum("add", ends[1], one), self._sum("sub", ends[0], one)]
        missing = self._folded(kind, term, name, between)
        if count.is_negative:
            nothing = self._operations.constant(0.0 if kind == "sum" else 1.0, 0)
            return self._operations.operator(_REVERSED[kind], 0, nothing, missing)
        return self._operations.operator(_REVERSED[kind], 0, self._folded(kind, term, name, ends), missing)

    def _sum(self, op: str, bound: Value, one: Value) -> Value:
        known = self._operations.known(bound)
        if known is None:
            return self._operations.operator(op, 0, bound, one)
        return self._operations.constant(known + 1 if op == "add" else known - 1, 0)

    def _folded(self, kind: str, term: Value, name: Value, ends: Sequence[Value]) -> Value:
        folding = Folding(self._operations, self._names, ArraySums(self._operations, self._names, ()))
        return finished(folding.expanding(Token("name", kind, 0), [term, name, *ends]))


def taken_apart(expression: Any) -> tuple[Any, ...]:
    """What a sum, product or integral is over, and its bounds, those of the innermost index first."""
    return (expression.function, *_bounds(expression))


def bounding(expression: Any) -> set[Any]:
    """The symbols in the bounds of sums and products in an expression, of which these are steps."""
    own = set[Any]()
    if type(expression).__name__ in CALLED.keys() - {"Integral"}:
        own.update(*[end.free_symbols for end in _bounds(expression)])
    return own.union(*map(bounding, expression.args))


def _bounds(expression: Any) -> tuple[Any, ...]:
    return tuple([end for limit in expression.limits for end in limit[1:]])


def is_call(expression: Any) -> bool:
    """Whether an expression becomes a call: an integral if it is definite, a sum or product if it ends."""
    kind = type(expression).__name__
    if kind not in CALLED or any(len(limit) != 3 for limit in expression.limits):
        return False
    return kind == "Integral" or not any(end.is_infinite for end in _bounds(expression))


def _is_polynomial(expression: Any) -> bool:
    return type(expression).__name__ in _POLYNOMIALS


def _reads_elements(expression: Any) -> bool:
    """Whether the terms of a sum read an element n[i] of an array each."""
    indices = {limit[0] for limit in expression.limits}
    waiting = [expression.function]
    while waiting:
        each = waiting.pop()
        if type(each).__name__ == "Indexed" and indices & each.free_symbols:
            return True
        waiting.extend(each.args)
    return False


def _expanded(expression: Any) -> Any:
    if all(end.is_Integer for end in _bounds(expression)):
        return expression.doit()
    found = f"a {CALLED[type(expression).__name__]} of array elements between bounds that are no integers"
    raise TracingError("function", found, "write integers for its bounds: each element is an input of its own")


def _index(index: Any, taken: frozenset[str]) -> Any:
    """An index by a name that means nothing else where it is known. Those that sympy counts have none to keep."""
    free = str(index) if is_name(str(index)) and str(index) not in CONSTANTS and not index.is_Dummy else "i"
    while free in taken:
        free += "_"
    return index if free == str(index) else index.func.__mro__[index.is_Dummy](free)
