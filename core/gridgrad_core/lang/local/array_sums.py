"""Arrays in a text: read within `sum(u)`, which adds up what u is for each of their numbers, and by `len(n)`."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM, MAX_ARRAY, TableSpec
from gridgrad_core.lang.local.arrays import PLACE, arrays_read
from gridgrad_core.lang.local.closing import closing
from gridgrad_core.lang.local.local_names import LocalNames
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["ArraySums"]


class ArraySums:
    """The arrays that one text may read, and its sums over them.

    Args:
        operations: where the nodes are.
        names: those that calls have for themselves; it counts the calls.
        tables: of the request, in the order that numbers them.
    """

    def __init__(self, operations: TypedBuilder, names: LocalNames, tables: Sequence[TableSpec]) -> None:
        self._operations = operations
        self._names = names
        self._numbers: dict[str, int] = {}
        number = 0
        for table in tables:
            if table.is_array:
                self._numbers[table.name] = number
            number += len(table.names)
        self._read_at: dict[int, tuple[str, int]] = {}

    def read(self, name: str, start: int) -> Value | None:
        """The array of that name, at the place of a sum around it; None if there is none.

        Args:
            name: the name.
            start: where it stands in the text.
        """
        number = self._numbers.get(name)
        if number is None:
            return None
        self._read_at[number] = name, start
        builder = self._operations.builder
        place = builder.input(PLACE)
        node = builder.op(ARRAY_ITEM.name, self._operations.constant(float(number), start).node, place)
        return Value(node, start, name=name)

    def expanding(self, start: int, term: Value) -> Generator[None, None, Value]:
        """What `sum` of one argument comes to, in steps.

        Args:
            start: where it stands.
            term: its argument.

        Raises:
            Mistake: no array is in it.
        """
        self._names.begin(start)
        builder = self._operations.builder
        closed = yield from closing(builder.nodes, [self._operations.number(term)], (PLACE,), 1)
        self._names.spend(start, closed.visited)
        read = arrays_read(closed.body.nodes)
        if not read:
            found = "sum takes 4 arguments, not 1 without an array in it"
            remedy = (
                "write sum(u, i, a, b), or give what it sums over as an array of one dim and "
                f"1 to {MAX_ARRAY:,} numbers: coefficients={{'n': n}}; "
                "a function is applied point by point, and not to axes"
            )
            raise Mistake(start, found, remedy)
        operation = LocalOperation("sum", closed.body, (PLACE,), 1, read[0])
        return Value(operation.applied(builder, [builder.const(0.0), *closed.arguments]), start)

    def length(self, start: int, arguments: Sequence[Value]) -> Value:
        """What `len` comes to.

        Args:
            start: where it stands.
            arguments: of it.

        Raises:
            Mistake: its argument is no array.
        """
        nodes = self._operations.builder.nodes
        node = nodes[arguments[0].node] if len(arguments) == 1 and arguments[0].node >= 0 else Node("none")
        if node.op != ARRAY_ITEM.name:
            remedy = "write the name of an array that the request gives, as in len(n)"
            raise Mistake(start, "len of what is no array", remedy)
        counted = LocalOperation("sum", LocalOperation.ONE, (PLACE,), 1, int(nodes[node.args[0]].number))
        return Value(self._operations.builder.op(counted, self._operations.builder.const(0.0)), start)

    def mistaken(self, nodes: Sequence[Node]) -> Mistake | None:
        """What is wrong if a program reads an array outside of all sums.

        Args:
            nodes: of the program.
        """
        for number in arrays_read(nodes):
            name, start = self._read_at[number]
            found = f"the array {name} outside of a sum"
            return Mistake(start, found, f"write sum(...) around it, as in sum({name}*x)")
        return None
