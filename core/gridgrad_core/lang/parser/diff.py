"""`diff(u, x)` and `diff(u, x, n)` in a text: replaced by the derivative while the text is parsed.

Derived is by an input, or by a variable: then u counts as a function of what was assigned to it.

So programs know no `diff`, and the canonical text and the digest are those of what it comes to.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.grid import MAX_INPUTS, MAX_ORDER
from gridgrad_core.lang.derive.by_value import ValueDerivatives
from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.functions.table import DIFF
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.parser.hints import signature
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value, written

__all__ = ["Expansion"]

_REMEDY = f"name an input or a variable, as in {DIFF.name}(x**2, x)"


class Expansion:
    """Expands the calls of `diff` of one text.

    Args:
        operations: where the nodes are.

    Attributes:
        reads: how often each name stood in a `diff` as the input to derive by, and where it did first.
    """

    def __init__(self, operations: TypedBuilder) -> None:
        self.reads: dict[str, tuple[int, int]] = {}
        self._operations = operations
        self._tangents = Tangents(operations.builder, limits.MAX_OPERATIONS)
        self._by_value = ValueDerivatives(operations.builder)
        self._variables: set[int] = set()
        self._assigned: list[int] = []

    def expanding(self, call: Token, arguments: Sequence[Value]) -> Generator[None, None, Value]:
        """What a call comes to, in steps of about a millisecond.

        Args:
            call: the name of the function, for messages.
            arguments: what is derived, the input or variable to derive by, and how often if it is said.

        Raises:
            Mistake: the arguments are wrong, or their derivative is too large.
        """
        if len(arguments) not in (2, 3):
            remedy = f"write diff(u, x), or {signature(DIFF)} for the n-th derivative"
            raise Mistake(call.start, f"diff takes 2 or 3 arguments, not {len(arguments)}", remedy)
        node = self._operations.number(arguments[0])
        by = self._named(arguments[1])
        order = self._order(arguments[2]) if len(arguments) == 3 else 1
        derivatives = (
            self._tangents.deriving(node, by, order)
            if isinstance(by, str) and not self._assigned
            else self._by_value.deriving(node, self._node(by), order, self._assigned)
        )
        try:
            derived = yield from derivatives
        except TooLargeError:
            found = f"a diff that comes to more than {limits.MAX_OPERATIONS:,} operations"
            raise Mistake(call.start, found, "take it of a smaller expression, or to a lower order") from None
        except RequestError as error:
            raise Mistake(call.start, error.found, error.remedy) from None
        return self._value(derived, call.start)

    def assign(self, value: Value) -> None:
        """Takes what was assigned to a variable, by which may be derived later."""
        if value.kind == "number" and value.node >= 0 and self._operations.builder.nodes[value.node].args:
            self._assigned.append(value.node)

    def unread(self, reads: dict[str, int]) -> Mistake | None:
        """The first name that is used as an input only to derive by it; most likely a slip of the pen.

        Args:
            reads: how often each input stands in the text.
        """
        for name, (count, start) in self.reads.items():
            if reads[name] == count:
                found = f"a derivative by {name}, which stands nowhere else"
                return Mistake(start, found, "name an input that the expression uses, or write 0")
        return None

    def _named(self, value: Value) -> str | int:
        """What to derive by: the name of an input, or the node that was assigned to a variable."""
        if value.items is not None or value.node < 0:
            raise Mistake(value.start, "a tuple as the second argument of diff", _REMEDY)
        node = self._operations.builder.nodes[value.node]
        if node.op == "const":
            named = f"{value.name}, which is a constant," if value.name else "a constant"
            raise Mistake(value.start, f"{named} as the second argument of diff", _REMEDY)
        if not value.name:
            raise Mistake(
                value.start, "an expression as the second argument of diff", f"{_REMEDY}; assign it to one first"
            )
        if node.op == ARRAY_ITEM.name:
            remedy = f"leave it out of the text, and ask for it: derivatives=[{value.name!r}]"
            raise Mistake(value.start, f"a derivative by the array {value.name}", remedy)
        if node.op != "input":
            return self._variable(value)
        if node.value == value.name:
            self._count(value)
        return str(node.value)

    def _node(self, by: str | int) -> int:
        return self._operations.builder.input(by) if isinstance(by, str) else by

    def _variable(self, value: Value) -> int:
        if value.kind == "boolean":
            raise Mistake(value.start, f"a derivative by {value.name}, which is a condition", _REMEDY)
        self._variables.add(value.node)
        self._check_count(value, len(self._variables), "variables")
        return value.node

    def _count(self, value: Value) -> None:
        """Counts that an input stands there to be derived by."""
        count, start = self.reads.get(value.name, (0, value.start))
        self.reads[value.name] = count + 1, start
        self._check_count(value, len(self.reads), "inputs")

    def _check_count(self, value: Value, count: int, of: str) -> None:
        if count > MAX_INPUTS:
            raise Mistake(value.start, f"derivatives by more than {MAX_INPUTS} {of}", "derive by fewer")

    def _order(self, value: Value) -> int:
        order = self._operations.integer(value, DIFF)
        if order > MAX_ORDER:
            raise Mistake(value.start, f"a derivative of order {written(order)}", f"write {MAX_ORDER} at most")
        return order

    def _value(self, node: int | None, start: int) -> Value:
        if node is None:
            return self._operations.constant(0.0, start)
        constant = self._operations.builder.nodes[node]
        return self._operations.constant(constant.number, start) if constant.op == "const" else Value(node, start)
