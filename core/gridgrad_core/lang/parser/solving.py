"""`solve(f, x, guess)` and its kin in a text: the residual becomes a sub-program, its unknown the name of that alone.

What a text has assigned before may be made of the unknown, as the lines of a long residual are.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

from gridgrad_core.lang.algebra.float_values import float_values
from gridgrad_core.lang.local.closing import closing, depending
from gridgrad_core.lang.local.local_names import LocalNames
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["Solving"]

_ROUNDING = 1e-9
"""What a residual is less than, beside others of it, where it may be 0 but for rounding."""

_INSIDE = 0.382
"""How far from the lower bound others of it are looked at, to which no root of a textbook is likely to be."""

_FORMS = "write solve(f, x, guess), solve(f, x, lower, upper) or solve((f, g), (x, y), (x0, y0))"


class Solving:
    """The calls of `solve` of one text.

    Args:
        operations: where the nodes are.
        names: those that calls have for themselves.
    """

    def __init__(self, operations: TypedBuilder, names: LocalNames) -> None:
        self._operations = operations
        self._names = names

    def expanding(self, call: Token, arguments: Sequence[Value]) -> Generator[None, None, Value]:
        """What a call comes to, in steps of about a millisecond.

        Args:
            call: the name of the function, for messages.
            arguments: residuals, unknowns, and a guess or two bounds.

        Raises:
            Mistake: the arguments are wrong.
        """
        self._names.begin(call.start)
        if len(arguments) not in (3, 4):
            raise Mistake(call.start, f"solve takes 3 or 4 arguments, not {len(arguments)}", _FORMS)
        residuals, unknowns = _items(arguments[0]), _items(arguments[1])
        names = tuple(self._named(value) for value in unknowns)
        _check_counts(call, residuals, unknowns)
        for place, name in enumerate(names):
            if name in names[:place]:
                raise Mistake(unknowns[place].start, f"the unknown {name} twice", "give each a name of its own")
        which = None
        if len(names) > 1:
            which, guesses = self._chosen(arguments, names), _items(arguments[2])
            if len(guesses) != len(names):
                found = f"{len(guesses)} guesses for {len(names)} unknowns"
                raise Mistake(arguments[2].start, found, "write a guess for each, as in (x0, y0)")
        else:
            guesses = tuple(arguments[2:])
        operation, nodes = yield from self._solved(call, residuals, unknowns, guesses)
        builder = self._operations.builder
        if which is None and len(names) > 1:
            solutions = tuple(
                Value(builder.op(operation.sibling(n), *nodes), call.start, name=name) for n, name in enumerate(names)
            )
            return Value(-1, call.start, items=solutions)
        return Value(builder.op(operation.sibling(which or 0), *nodes), call.start)

    def _solved(
        self, call: Token, residuals: Sequence[Value], unknowns: Sequence[Value], guesses: Sequence[Value]
    ) -> Generator[None, None, tuple[LocalOperation, list[int]]]:
        builder = self._operations.builder
        names = tuple(str(builder.nodes[value.node].value) for value in unknowns)
        for value in residuals:
            if value.kind == "boolean":
                raise Mistake(value.start, "a condition as a residual", "write what is to be 0: a - b for a == b")
        outputs = [self._operations.number(value) for value in residuals]
        before = [self._operations.number(value) for value in guesses]
        depends = yield from depending(builder.nodes, before, frozenset(names))
        for value, node in zip(guesses, before, strict=True):
            if depends[node]:
                what = "guess" if len(guesses) == len(names) else "bounds"
                found = f"the unknown of a solve in its own {what}"
                raise Mistake(value.start, found, f"write a {what} of numbers and inputs".replace("a b", "b"))
        bounds = self._bounds(guesses, names)
        closed = yield from closing(builder.nodes, outputs, names, len(before))
        for value, name in zip(unknowns, names, strict=True):
            if name not in closed.used:
                found = f"a residual that does not use its unknown {name}"
                raise Mistake(value.start, found, f"write what is to be 0 as an expression of {name}")
        self._names.spend(call.start, closed.visited)
        if bounds and not closed.arguments:
            _check_signs(call, closed.body, *bounds)
        operation = LocalOperation("solve", closed.body, names, len(before))
        if operation.depth > limits.MAX_SOLVE_DEPTH:
            found = f"solve inside each other, {operation.depth} deep"
            raise Mistake(call.start, found, f"write at most {limits.MAX_SOLVE_DEPTH}; solve them as one system")
        return operation, [*before, *closed.arguments]

    def _bounds(self, guesses: Sequence[Value], names: tuple[str, ...]) -> tuple[float, float] | None:
        """The bounds, if they are constants."""
        known = [self._operations.known(value) for value in guesses]
        are_bounds = len(guesses) > len(names)
        lower, upper = known if are_bounds else (None, None)
        if lower is not None and upper is not None and lower >= upper:
            raise Mistake(guesses[0].start, f"bounds from {lower:g} to {upper:g}", "write the lower one first")
        for value, number in zip(guesses, known, strict=True):
            if number is not None and not math.isfinite(number):
                what, remedy = ("bound", "a finite one, or a guess") if are_bounds else ("guess", "a finite one")
                found = f"a {what} that is {'nan' if math.isnan(number) else 'infinite'}"
                raise Mistake(value.start, found, f"write {remedy}")
        return None if lower is None or upper is None else (lower, upper)

    def _named(self, value: Value) -> str:
        return self._names.read(value, "the unknown of solve", "solve(x**2 - p, x, 1)")

    def _chosen(self, arguments: Sequence[Value], names: tuple[str, ...]) -> int | None:
        """Which unknown of a system is the result; None for all of them."""
        if len(arguments) == 3:
            return None
        name = self._named(arguments[3])
        if name not in names:
            found = f"{name} as the result of solve"
            raise Mistake(arguments[3].start, found, f"name one of its unknowns: {', '.join(names)}")
        return names.index(name)


def _check_signs(call: Token, residual: Program, lower: float, upper: float) -> None:
    """Refuses a residual of no inputs that has the same sign at both bounds, and is no rounding there."""
    (name,) = residual.inputs
    ends = [float_values(residual, {name: at})[0] for at in (lower, lower + (upper - lower) * _INSIDE, upper)]
    found = [value for value in ends if value is not None]
    if len(found) < len(ends):
        return
    first, _, last = found
    if first * last > 0 and min(abs(first), abs(last)) > _ROUNDING * max(map(abs, found)):
        said = f"a residual without a change of sign: {first:g} at {lower:g}, {last:g} at {upper:g}"
        raise Mistake(call.start, said, "write bounds between which it changes its sign")


def _items(value: Value) -> tuple[Value, ...]:
    return (value,) if value.items is None else value.items


def _check_counts(call: Token, residuals: Sequence[Value], unknowns: Sequence[Value]) -> None:
    if len(unknowns) > limits.MAX_UNKNOWNS:
        found = f"{len(unknowns)} unknowns"
        raise Mistake(call.start, found, f"write {limits.MAX_UNKNOWNS} at most; eliminate the others")
    if len(residuals) != len(unknowns):
        found = f"{len(residuals)} residuals for {len(unknowns)} unknowns"
        raise Mistake(call.start, found, "write one for each")
