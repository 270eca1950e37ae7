"""Calls of tables in a text: `V(r)`, of two arguments `T(x, y)`, of a derivative `V(r, 1)` or `T(x, y, 0, 2)`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Sequence

from gridgrad_core.grid import MAX_ORDER
from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.tabulated import CALLS, CalledTable, TableSpec, called_tables
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["TableCalls"]


class TableCalls:
    """The tables that one text may call.

    Args:
        operations: where the nodes are.
        tables: in the order that numbers them.
    """

    def __init__(self, operations: TypedBuilder, tables: Sequence[TableSpec]) -> None:
        self._operations = operations
        called = called_tables(tables)
        self._called = {name: each for name, each in called.items() if not each.spec.is_array}
        self._functions = {name: _function(name, each.spec.dims) for name, each in self._called.items()}

    def check_read(self, token: Token) -> None:
        """Refuses a table that stands alone.

        Raises:
            Mistake: the name is one.
        """
        if token.text in self._called:
            raise Mistake(
                token.start, f"the table {token.text} without arguments", f"write {self._written(token.text)}"
            )

    def lookup(self, name: str) -> Function | None:
        """The table of that name, as a function of its arguments."""
        return self._functions.get(name)

    def expander(
        self, function: Function | None
    ) -> Callable[[Token, Sequence[Value]], Generator[None, None, Value]] | None:
        """What replaces calls of a function, if it is a table."""
        name = function.name if function else ""
        if self._functions.get(name) is not function or function is None:
            return None
        return functools.partial(self._expanding, self._called[name])

    def _expanding(self, called: CalledTable, call: Token, arguments: Sequence[Value]) -> Generator[None, None, Value]:
        yield
        dims = called.spec.dims
        if len(arguments) not in (dims, 2 * dims):
            found = f"{call.text}, a table of {dims} argument{'s' * (dims > 1)}, called with {len(arguments)}"
            raise Mistake(call.start, found, f"write {self._written(call.text)}")
        orders = [self._order(call, each) for each in arguments[dims:]] or [0] * dims
        values = [self._value(number, orders, arguments[:dims], call.start) for number in called.numbers]
        return values[0] if len(values) == 1 else Value(-1, call.start, items=tuple(values))

    def _order(self, call: Token, value: Value) -> int:
        order = self._operations.constant_integer(value)
        if order is None or order > MAX_ORDER:
            found = f"an order of a derivative of the table {call.text} that is no integer from 0 to {MAX_ORDER}"
            remedy = f"write {self._written(call.text)} for the value, {self._written(call.text, 1)} for a derivative"
            raise Mistake(value.start, found, remedy)
        return order

    def _value(self, number: int, orders: Sequence[int], arguments: Sequence[Value], start: int) -> Value:
        function = CALLS[f"table_{len(arguments)}"]
        constants = [self._operations.constant(float(each), start) for each in (number, *orders)]
        return self._operations.apply(function, (*constants, *arguments), start)

    def _written(self, name: str, *orders: int) -> str:
        function = self._functions[name]
        zeros = (0,) * (len(function.params) - len(orders)) if orders else ()
        return f"{name}({', '.join([*function.params, *map(str, (*orders, *zeros))])})"


def _function(name: str, dims: int) -> Function:
    return Function(name, ("x", "y", "z")[:dims], "", (), "table")
