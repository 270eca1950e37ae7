"""Operations with a sub-program: `solve`, whose residual is computed for one try of the unknown after the other, and
sums, products and integrals, whose terms are computed for one index or point after the other. A sum over arrays has no
bounds: it begins at place 0, which is its only argument before those of its terms, and ends where the arrays do.

The sub-program is closed: what does not depend on the names that are its own is an argument of the operation, and so
is computed outside, once, and on no more dims than it has.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.local.arrays import PLACE, arrays_read
from gridgrad_core.lang.local.closing import closing
from gridgrad_core.lang.local.ranges import Range, Ranges
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.made_operation import MadeOperation
from gridgrad_core.lang.program.nodes import Builder, CallBuilder, Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["KINDS", "ROUNDS", "LocalOperation", "known_terms"]

KINDS = frozenset({"solve", "sum", "prod", "integrate"})
"""What texts call such operations."""

ROUNDS = 10
"""How often a residual is computed, about, and as how many terms a sum over arrays counts before their length is known:
what is known of the time that it takes before any was measured."""

_EMPTY = {"sum": 0.0, "prod": 1.0}
_JOINS = {"sum": "add", "prod": "mul"}


class LocalOperation(MadeOperation):
    """An operation with a sub-program.

    Args:
        kind: one of `KINDS`.
        body: the sub-program. Its inputs are the names that are its own, then the positions of arguments, as text.
        names: the names that are its own.
        leading: how many arguments come before those of the body, such as a guess.
        which: the name whose value is the result; of a sum over arrays the number of the array whose length counts.
        rounds: of sums and products the most terms, of integrals the points; 0 for `solve` and sums over arrays.
    """

    ONE = Program((Node("const", (), 1.0),), (0,), ("f0",), True, (PLACE,))
    """What a sum over arrays adds up that counts their numbers."""

    kind: str
    body: Program
    names: tuple[str, ...]
    leading: int
    which: int
    rounds: int

    def __new__(
        cls, kind: str, body: Program, names: tuple[str, ...], leading: int, which: int = 0, rounds: int = 0
    ) -> LocalOperation:
        """Makes the name of what it is."""
        said = repr((kind, body._key, names, leading, which, rounds))
        made = super().__new__(cls, f"{kind} {hashlib.sha256(said.encode()).hexdigest()}")
        made.kind, made.body, made.names, made.leading, made.which = kind, body, names, leading, which
        made.rounds, made.inside = rounds, body.nodes
        if names == (PLACE,):
            made.arrays = arrays_read(body.nodes) or (which,)
        inside = (node.op.depth for node in body.nodes if isinstance(node.op, MadeOperation))
        made.depth = (kind == "solve") + max(inside, default=0)
        made.calls = 1 + sum(node.op.calls for node in body.nodes if isinstance(node.op, MadeOperation))
        return made

    @functools.cached_property
    def function(self) -> Function:  # type: ignore[override] # computed once, when it is asked for
        """What a table would say of it: what the body reads has a part in derivatives, as have bounds of integrals."""
        captured = self.body.inputs[len(self.names) :]
        params = (*map(str, range(self.leading)), *captured)
        before = "" if self.kind == "integrate" else "0"
        return Function(str(self), params, self.kind, (before,) * self.leading + ("",) * len(captured), "local")

    @property
    def operations(self) -> int:
        """How many operations it comes to, about, as often as they are computed."""
        return (self.rounds or ROUNDS) * self.body.operations

    @functools.cached_property
    def known_terms(self) -> int:
        """How many terms and points are computed for one of its own at most, as far as they are known."""
        return known_terms(self.body.nodes)

    @property
    def used(self) -> frozenset[str]:
        """The operations inside it."""
        inner = (node.op.used for node in self.body.nodes if isinstance(node.op, MadeOperation))
        return frozenset({node.op for node in self.body.nodes}).union(*inner)

    def sibling(self, which: int) -> LocalOperation:
        """The same for another one of its names."""
        return LocalOperation(self.kind, self.body, self.names, self.leading, which, self.rounds)

    def applied(self, builder: Builder, arguments: Sequence[int]) -> int:
        """The operation on arguments; constants become part of the sub-program, and short sums are written out."""
        params = self.function.params
        given = dict(zip(params, arguments, strict=True))
        constants = {name: node for name, node in given.items() if builder.nodes[node].op == "const"}
        operation, kept = self, list(arguments[self.leading :])
        if constants.keys() & set(params[self.leading :]):
            inner, outputs = self._with(constants, builder)
            closed = finished(closing(inner.nodes, outputs, self.names, self.leading))
            operation = LocalOperation(self.kind, closed.body, self.names, self.leading, self.which, self.rounds)
            kept = [given[str(inner.nodes[argument].value)] for argument in closed.arguments]
        place = operation._over_arrays if operation.arrays else operation._between
        return place(builder, arguments[: self.leading], kept)

    def counted(self, args: Sequence[Range]) -> LocalOperation:
        """The same with as many rounds as there may be, of sums inside too.

        Args:
            args: the ranges of its arguments.
        """
        known, rounds = dict(zip(self.function.params, args, strict=True)), self.rounds
        if self.kind in _JOINS and not self.arrays:
            rounds = _most_terms(*args[:2])
            known[self.names[0]] = args[0][0], args[1][1]
        ranges, nodes = Ranges(self.body.nodes, known), list(self.body.nodes)
        for index, node in enumerate(nodes):
            if isinstance(node.op, LocalOperation):
                nodes[index] = node._replace(op=node.op.counted([ranges.of(each) for each in node.args]))
        body = Program(tuple(nodes), self.body.outputs, self.body.components, True, self.body.inputs)
        return LocalOperation(self.kind, body, self.names, self.leading, self.which, rounds)

    def _with(self, constants: Mapping[str, int], builder: Builder) -> tuple[Builder, list[int]]:
        """The nodes of the sub-program with constants for some of its inputs."""
        inner, places = Builder(), list[int]()
        for node in self.body.nodes:
            known = constants.get(str(node.value)) if node.op == "input" else None
            args = tuple([places[argument] for argument in node.args])
            places.append(inner.take(node._replace(args=args) if known is None else builder.nodes[known]))
        return inner, [places[each] for each in self.body.outputs]

    def _between(self, builder: Builder, before: Sequence[int], kept: Sequence[int]) -> int:
        """The operation; a sum or product between constants has as many terms as there are, and few are written out."""
        ends = [builder.nodes[node] for node in before]
        if self.kind not in _JOINS or any(end.op != "const" for end in ends):
            return self._placed(builder, [*before, *kept])
        first, last = int(ends[0].number), int(ends[1].number)
        count = max(last - first + 1, 0)
        if count <= limits.WRITTEN_OUT and count * len(self.body.nodes) <= limits.MAX_WRITTEN_OUT:
            return self._written_out(builder, range(first, last + 1), kept)
        return self._placed(builder, [*before, *kept])

    def _placed(self, builder: Builder, arguments: Sequence[int]) -> int:
        ranges = Ranges(builder.nodes, {})
        return builder.op(self.counted([ranges.of(each) for each in arguments]), *arguments)

    def _over_arrays(self, builder: Builder, before: Sequence[int], kept: Sequence[int]) -> int:
        """The operation on what it reads; terms that are all the same are multiplied by how many there are."""
        if arrays_read(self.body.nodes):
            first = LocalOperation(self.kind, self.body, self.names, self.leading, self.arrays[0])
            return builder.op(first, *before, *kept)
        (output,) = self.body.outputs
        known = dict(zip(self.function.params[self.leading :], kept, strict=True))
        count = builder.op(LocalOperation(self.kind, self.ONE, self.names, self.leading, self.which), *before)
        is_one = self.body.nodes[output].op == "const" and self.body.nodes[output].number == 1
        return count if is_one else builder.op("mul", self.term(builder, known), count)

    def _written_out(self, builder: Builder, indices: range, kept: Sequence[int]) -> int:
        known = dict(zip(self.function.params[self.leading :], kept, strict=True))
        terms = [self.term(builder, known | {self.names[0]: builder.const(index)}) for index in indices]
        if not terms:
            return builder.const(_EMPTY[self.kind])
        return functools.reduce(functools.partial(builder.op, _JOINS[self.kind]), terms)

    def term(self, builder: Builder, known: Mapping[str, int]) -> int:
        """What the sub-program computes, written out.

        Args:
            builder: takes the nodes.
            known: a node there for each of its inputs, by name.
        """
        places: list[int] = []
        for node in self.body.nodes:
            args = tuple([places[argument] for argument in node.args])
            if node.op == "input":
                places.append(known[str(node.value)])
            elif isinstance(node.op, MadeOperation):
                places.append(node.op.applied(builder, args))
            else:
                places.append(builder.take(node._replace(args=args)))
        return places[self.body.outputs[0]]

    def opened(self, builder: CallBuilder, arguments: Sequence[int]) -> int:
        """The call that a text has: what is computed again and again, its own names, and what comes before."""
        if self.arrays:
            return self._opened_over_arrays(builder, arguments)
        owned = dict(zip(self.names, builder.own_names(self.names, arguments), strict=True))
        written = self._opened_body(builder, arguments, owned)
        names = [builder.input(name) for name in owned.values()]
        before = list(arguments[: self.leading])
        if self.kind == "integrate":
            before.append(builder.const(self.rounds))
        if len(names) == 1:
            return builder.call(self.kind, *written, *names, *before)
        tuples = [builder.op("tuple", *items) for items in (written, names, before)]
        return builder.call(self.kind, *tuples, names[self.which])

    def _opened_over_arrays(self, builder: CallBuilder, arguments: Sequence[int]) -> int:
        if not arrays_read(self.body.nodes):
            item = builder.op(ARRAY_ITEM.name, builder.const(self.which), builder.input(PLACE))
            return builder.op("len", item)
        return builder.op("sum", *self._opened_body(builder, arguments, {PLACE: PLACE}))

    def _opened_body(self, builder: CallBuilder, arguments: Sequence[int], owned: Mapping[str, str]) -> list[int]:
        """What the sub-program computes, with other names for its own."""
        known = dict(zip(self.function.params, arguments, strict=True))
        places: list[int] = []
        for node in self.body.nodes:
            given = [places[argument] for argument in node.args]
            if node.op == "input":
                name = str(node.value)
                places.append(builder.input(owned[name]) if name in owned else known[name])
            elif isinstance(node.op, MadeOperation):
                places.append(node.op.opened(builder, given))
            else:
                places.append(builder.take(node._replace(args=tuple(given))))
        return [places[output] for output in self.body.outputs]


def _most_terms(first: Range, last: Range) -> int:
    """How many terms there may be between bounds of such ranges."""
    most = last[1] - first[0] + 1
    if first[0] == first[1] and last[0] == last[1]:
        return int(max(most, 0))
    return int(min(max(most, 0), limits.MAX_TERMS_OF_INPUTS))


def known_terms(nodes: Sequence[Node]) -> int:
    """How many terms of sums between constants, and points of integrals, are computed one within another; 1 for none.

    Args:
        nodes: of a program.
    """
    most = 1
    # Looked at without a call, since there may be very many: most operations are plain names
    for node in [node for node in nodes if node.op.__class__ is not str]:
        if isinstance(node.op, LocalOperation):
            fixed = node.op.kind in _JOINS and all(nodes[end].op == "const" for end in node.args[:2])
            rounds = node.op.rounds if node.op.kind == "integrate" or fixed else 1
            most = max(most, max(rounds, 1) * node.op.known_terms)
    return most
