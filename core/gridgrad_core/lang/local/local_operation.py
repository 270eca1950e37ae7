"""Operations with a sub-program: `solve`, whose residual is computed for one try of the unknown after the other.

The sub-program is closed: what does not depend on the names that are its own is an argument of the operation, and so
is computed outside, once, and on no more dims than it has.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.local.closing import closing
from gridgrad_core.lang.program.made_operation import MadeOperation
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["KINDS", "LocalOperation"]

KINDS = frozenset({"solve"})
"""What texts call such operations."""

_ROUNDS = 10
"""How often a sub-program is computed, about: what is known of the time that it takes before any was measured."""


class LocalOperation(MadeOperation):
    """An operation with a sub-program.

    Args:
        kind: one of `KINDS`.
        body: the sub-program. Its inputs are the names that are its own, then the positions of arguments, as text.
        names: the names that are its own.
        leading: how many arguments come before those of the body, such as a guess.
        which: the name whose value is the result.
    """

    kind: str
    body: Program
    names: tuple[str, ...]
    leading: int
    which: int

    def __new__(cls, kind: str, body: Program, names: tuple[str, ...], leading: int, which: int = 0) -> LocalOperation:
        """Makes the name of what it is."""
        said = repr((kind, body._key, names, leading, which))
        made = super().__new__(cls, f"{kind} {hashlib.sha256(said.encode()).hexdigest()}")
        made.kind, made.body, made.names, made.leading, made.which = kind, body, names, leading, which
        made.depth = 1 + max((node.op.depth for node in body.nodes if isinstance(node.op, MadeOperation)), default=0)
        return made

    @functools.cached_property
    def function(self) -> Function:  # type: ignore[override] # computed once, when it is asked for
        """What a table would say of it: only what the body reads has a part in derivatives."""
        captured = self.body.inputs[len(self.names) :]
        params = (*map(str, range(self.leading)), *captured)
        return Function(str(self), params, self.kind, ("0",) * self.leading + ("",) * len(captured), "local")

    @property
    def operations(self) -> int:
        """How many operations it comes to, about, as often as they are computed."""
        return _ROUNDS * self.body.operations

    @property
    def used(self) -> frozenset[str]:
        """The operations inside it."""
        inner = (node.op.used for node in self.body.nodes if isinstance(node.op, MadeOperation))
        return frozenset({node.op for node in self.body.nodes}).union(*inner)

    def sibling(self, which: int) -> LocalOperation:
        """The same for another one of its names."""
        return LocalOperation(self.kind, self.body, self.names, self.leading, which)

    def applied(self, builder: Builder, arguments: Sequence[int]) -> int:
        """The operation on arguments; those that are constants become part of the sub-program."""
        params, given = self.function.params, zip(self.function.params, arguments, strict=True)
        constants = {name: node for name, node in given if builder.nodes[node].op == "const"}
        if not constants.keys() & set(params[self.leading :]):
            return builder.op(self, *arguments)
        inner, places = Builder(), list[int]()
        for node in self.body.nodes:
            known = constants.get(str(node.value)) if node.op == "input" else None
            args = tuple([places[argument] for argument in node.args])
            places.append(inner.take(node._replace(args=args) if known is None else builder.nodes[known]))
        closed = finished(closing(inner.nodes, [places[each] for each in self.body.outputs], self.names, self.leading))
        operation = LocalOperation(self.kind, closed.body, self.names, self.leading, self.which)
        kept = [arguments[params.index(str(inner.nodes[argument].value))] for argument in closed.arguments]
        return builder.op(operation, *arguments[: self.leading], *kept)

    def opened(self, builder: Builder, arguments: Sequence[int]) -> int:
        """The call that a text has: what is computed again and again, its own names, and what comes before."""
        known = dict(zip(self.function.params, arguments, strict=True))
        places: list[int] = []
        for node in self.body.nodes:
            given = [places[argument] for argument in node.args]
            if node.op == "input":
                name = str(node.value)
                places.append(builder.input(name) if name in self.names else known[name])
            elif isinstance(node.op, MadeOperation):
                places.append(node.op.opened(builder, given))
            else:
                places.append(builder.take(node._replace(args=tuple(given))))
        written = [places[output] for output in self.body.outputs]
        names = [builder.input(name) for name in self.names]
        before = list(arguments[: self.leading])
        if len(names) == 1:
            return builder.op(self.kind, *written, *names, *before)
        tuples = [builder.op("tuple", *items) for items in (written, names, before)]
        return builder.op(self.kind, *tuples, names[self.which])
