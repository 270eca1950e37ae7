"""Names that are known in a call alone: unknowns of `solve`, indices of sums, variables of integration."""

from __future__ import annotations

from collections.abc import Iterable

from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.names import is_name
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["LocalNames"]


class LocalNames:
    """The names that calls of one text have for themselves.

    Args:
        operations: where the nodes are.
    """

    def __init__(self, operations: TypedBuilder) -> None:
        self._operations = operations
        self._known: dict[str, tuple[int, str]] = {}
        self._calls = 0
        self._visited = 0

    def begin(self, start: int) -> None:
        """Counts a call that starts there.

        Raises:
            Mistake: there are too many.
        """
        self._calls += 1
        if self._calls > limits.MAX_LOCAL_CALLS:
            found = f"more than {limits.MAX_LOCAL_CALLS} calls of solve, sum, prod and integrate"
            raise Mistake(start, found, "split the function into several requests")

    def spend(self, start: int, visited: int) -> None:
        """Counts what was looked at for a call that starts there: each has its own copy of what is computed again.

        Args:
            start: where it stands.
            visited: how many nodes were looked at.

        Raises:
            Mistake: there are too many for all calls together.
        """
        self._visited += visited
        if self._visited > limits.MAX_DERIVED:
            found = f"calls of solve, sum, prod and integrate over more than {limits.MAX_DERIVED:,} operations in all"
            raise Mistake(start, found, "assign to a name what several of them compute alike, or split the function")

    def read(self, value: Value, what: str, example: str) -> str:
        """The name that a call has for itself.

        Args:
            value: what stands there.
            what: it is for the call, such as "the unknown of solve".
            example: of a call.

        Raises:
            Mistake: it is no name, or the name of something else.
        """
        node = self._operations.builder.nodes[value.node] if value.node >= 0 else None
        if node is None or node.op != "input" or not is_name(str(node.value)):
            named = f"{value.name}, which is something else already," if value.name else "no name"
            if node is not None and node.op == "const":
                named = "a constant"
            raise Mistake(value.start, f"{named} as {what}", f"write a name that is nothing else yet, as in {example}")
        name = str(node.value)
        self._known.setdefault(name, (value.start, what))
        return name

    def mistaken(self, inputs: Iterable[str]) -> Mistake | None:
        """What is wrong if one of them is called like an input.

        Args:
            inputs: those of the program.
        """
        for name in inputs:
            if name in self._known:
                start, what = self._known[name]
                found = f"{name} as {what}, which is an input too"
                return Mistake(start, found, "call one of them otherwise; it is known within the call only")
        return None
