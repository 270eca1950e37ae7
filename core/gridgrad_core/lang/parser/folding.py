"""`sum`, `prod` and `integrate` in a text: the term becomes a sub-program, its index the name of that alone."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

from gridgrad_core.lang.functions.table import INTEGRATE, SUM, lookup
from gridgrad_core.lang.local.array_sums import ArraySums
from gridgrad_core.lang.local.closing import closing, depending
from gridgrad_core.lang.local.local_names import LocalNames
from gridgrad_core.lang.local.local_operation import LocalOperation, known_terms
from gridgrad_core.lang.parser.hints import signature
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["Folding"]

_POINTS = 64


class Folding:
    """The calls of `sum`, `prod` and `integrate` of one text.

    Args:
        operations: where the nodes are.
        names: those that calls have for themselves.
        arrays: sums over them.
    """

    def __init__(self, operations: TypedBuilder, names: LocalNames, arrays: ArraySums) -> None:
        self._arrays = arrays
        self._start = 0
        self._operations = operations
        self._names = names

    def expanding(self, call: Token, arguments: Sequence[Value]) -> Generator[None, None, Value]:
        """What a call comes to, in steps of about a millisecond.

        Args:
            call: the name of the function, for messages.
            arguments: a term, an index, and bounds; of an integral, how many points, if it is said.

        Raises:
            Mistake: the arguments are wrong.
        """
        function = lookup(call.text)
        if function is SUM and len(arguments) == 1:
            return (yield from self._arrays.expanding(call.start, arguments[0]))
        self._names.begin(call.start)
        self._start = call.start
        integral = function is INTEGRATE
        if function is None or len(arguments) not in ((4, 5) if integral else (4,)):
            wanted = "4 or 5" if integral else "4"
            found = f"{call.text} takes {wanted} arguments, not {len(arguments)}"
            remedy = f"write {signature(function)}" if function else "write another function"
            raise Mistake(call.start, found, f"{remedy}; a function is applied point by point, and not to arrays")
        example = "integrate(exp(-x**2), x, 0, t)" if integral else f"{call.text}(x**i, i, 0, 9)"
        what = "the variable of integrate" if integral else f"the index of {call.text}"
        name = self._names.read(arguments[1], what, example)
        builder, ends = self._operations.builder, arguments[2:4]
        term, *before = (self._operations.number(value) for value in (arguments[0], *ends))
        depends = yield from depending(builder.nodes, before, frozenset({name}))
        for value, node in zip(ends, before, strict=True):
            if depends[node]:
                raise Mistake(value.start, f"{what} in its own bounds", "write bounds of numbers and inputs")
        rounds = self._points(arguments) if integral else self._terms(call, ends)
        known = [self._operations.known(value) for value in ends]
        for value, end in zip(ends, known, strict=True):
            if end is not None and math.isnan(end):
                raise Mistake(value.start, "a bound that is nan", "write a number, or inf for no end")
        before = [node if end is None else builder.const(end) for node, end in zip(before, known, strict=True)]
        if integral and any(end is not None and math.isinf(end) for end in known):
            term, before = yield from self._mapped(arguments, name, term, before)
        closed = yield from closing(builder.nodes, [term], (name,), 2)
        self._names.spend(call.start, closed.visited)
        operation = LocalOperation(call.text, closed.body, (name,), 2, 0, rounds)
        return Value(operation.applied(builder, [*before, *closed.arguments]), call.start)

    def mistaken(self, nodes: Sequence[Node]) -> Mistake | None:
        """What is wrong if there are too many terms at a point, one sum within another.

        Args:
            nodes: of the program, derivatives in its text among them.
        """
        terms = known_terms(nodes)
        if terms <= limits.MAX_NESTED_TERMS:
            return None
        found = f"{terms:,} terms at each point, of sums and integrals within each other"
        return Mistake(self._start, found, f"write at most {limits.MAX_NESTED_TERMS:,} in all")

    def counting(self, call: Token, arguments: Sequence[Value]) -> Generator[None, None, Value]:
        """What a call of `len` comes to.

        Args:
            call: its name, for messages.
            arguments: an array.

        Raises:
            Mistake: it is none.
        """
        yield
        return self._arrays.length(call.start, arguments)

    def _terms(self, call: Token, ends: Sequence[Value]) -> int:
        """How many terms a sum may have; its bounds are checked where they are constant."""
        first, last = (self._operations.known(value) for value in ends)
        for value, end in zip(ends, (first, last), strict=True):
            if end is not None and not end.is_integer():
                raise Mistake(value.start, f"a bound of {end:g}", f"write an integer: {call.text} runs over integers")
        if first is None or last is None:
            return limits.MAX_TERMS_OF_INPUTS
        if last - first >= limits.MAX_TERMS:
            found = f"a {call.text} of {int(last - first) + 1:,} terms"
            raise Mistake(ends[1].start, found, f"write at most {limits.MAX_TERMS:,}")
        return max(int(last - first) + 1, 0)

    def _points(self, arguments: Sequence[Value]) -> int:
        if len(arguments) == 4:
            return _POINTS
        points = self._operations.integer(arguments[4], INTEGRATE)
        if not 1 <= points <= limits.MAX_QUADRATURE:
            remedy = f"write 1 to {limits.MAX_QUADRATURE:,}"
            raise Mistake(arguments[4].start, f"an integral by {points} points", remedy)
        return points

    def _mapped(
        self, arguments: Sequence[Value], name: str, term: int, before: Sequence[int]
    ) -> Generator[None, None, tuple[int, list[int]]]:
        """An integrand and its bounds, of which one is infinite, by a variable whose bounds are finite."""
        builder = self._operations.builder
        lower, upper = (self._operations.known(value) for value in arguments[2:4])
        x, one = builder.input(name), builder.const(1.0)
        square, rest = builder.op("mul", x, x), builder.op("sub", one, x)
        if lower == -math.inf and upper == math.inf:
            below = builder.op("sub", one, square)
            at = builder.op("div", x, below)
            slope = builder.op("div", builder.op("add", one, square), builder.op("mul", below, below))
            ends = [builder.const(-1.0), one]
        elif upper == math.inf and (lower is None or math.isfinite(lower)):
            at = builder.op("add", before[0], builder.op("div", x, rest))
            slope, ends = builder.op("div", one, builder.op("mul", rest, rest)), [builder.const(0.0), one]
        elif lower == -math.inf and (upper is None or math.isfinite(upper)):
            at = builder.op("sub", before[1], builder.op("div", rest, x))
            slope, ends = builder.op("div", one, square), [builder.const(0.0), one]
        else:
            lowest, most = ("an expression" if end is None else f"{end:g}" for end in (lower, upper))
            found = f"an integral from {lowest} to {most}"
            raise Mistake(
                arguments[2].start, found, "write the lower bound first, and a minus sign before the integral"
            )
        closed = yield from closing(builder.nodes, [term], (name,), 0)
        operation = LocalOperation("integrate", closed.body, (name,), 0)
        moved = operation.term(
            builder, dict(zip(operation.function.params, closed.arguments, strict=True)) | {name: at}
        )
        return builder.op("mul", moved, slope), ends
