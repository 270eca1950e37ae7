"""The stack of the parser: values, and the operators and parentheses that wait for them.

An operator waits until one comes that binds less strongly (Dijkstra's shunting yard). Each
parenthesis, call and statement is a floor that only its own end removes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.piecewise import PIECEWISE
from gridgrad_core.lang.functions.table import DIFF, FOLDS, INTEGRATE, LEN, SOLVE
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.local.array_sums import ArraySums
from gridgrad_core.lang.local.local_names import LocalNames
from gridgrad_core.lang.parser import hints
from gridgrad_core.lang.parser.definitions import Definitions
from gridgrad_core.lang.parser.diff import Expansion
from gridgrad_core.lang.parser.folding import Folding
from gridgrad_core.lang.parser.pieces import choice_of, on_branch
from gridgrad_core.lang.parser.solving import Solving
from gridgrad_core.lang.parser.table_calls import TableCalls
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.operations import COMPARISON, FLOOR, INFIXES, NOT, PREFIXES, SIGN, TERNARY
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["INFIX", "PREFIX", "Pending", "Stack"]

PREFIX = {"+": ("plus", SIGN), **{sign.strip(): (op, power) for op, (sign, power) in PREFIXES.items()}}
"""The operation of each sign before an operand, and how strongly it binds."""

INFIX = {
    "if": ("if", TERNARY),
    "else": ("else", TERNARY),
    **{sign.strip(): (op, power) for op, (sign, power) in INFIXES.items()},
}
"""The operation of each sign between operands, and how strongly it binds."""


@dataclasses.dataclass(slots=True)
class Pending:
    """What waits for its operands, or for its end.

    Args:
        kind: "prefix", "infix", "comparison", "if", "else", "(", "call" or "statement".
        power: how strongly it binds; the floor for what waits for an end.
        token: the token that opened it.
        op: the operation of an operator.
        chain: in a comparison, the truth of the comparisons before it, as in a < b < c.
        function: what is called, in a call.
        items: the values before the last comma, in what takes several.
        count: how many there were before they were folded.
    """

    kind: str
    power: int
    token: Token
    op: str = ""
    chain: Value | None = None
    function: Function | None = None
    items: list[Value] = dataclasses.field(default_factory=list)
    count: int = 0

    def awaits(self, name: str) -> bool:
        """Whether the next argument may have this name: the last one of an integral, its points, may."""
        return self.function is INTEGRATE and name == "n" and len(self.items) == len(INTEGRATE.params) - 1


class Stack:
    """Values and what waits for them; applies operations as soon as precedence allows.

    Attributes:
        expansion: the calls of `diff`.
        definitions: the functions that the text defines.
        local_names: what calls of the next two have for themselves.
        solving: the calls of `solve`.
        folding: those of `sum`, `prod` and `integrate`.
        arrays: those that it may sum over.
        tables: those that it may call.
        expanding: the steps of the last call of one of them; `expanded` takes what they come to.
    """

    def __init__(self, operations: TypedBuilder, tables: Sequence[TableSpec] = ()) -> None:
        self.expansion = Expansion(operations)
        self.definitions = Definitions(operations)
        self.local_names = LocalNames(operations)
        self.solving = Solving(operations, self.local_names)
        self.arrays = ArraySums(operations, self.local_names, tables)
        self.folding = Folding(operations, self.local_names, self.arrays)
        self.tables = TableCalls(operations, tables)
        self.expanding: Generator[None, None, Value] | None = None
        self._operations = operations
        self._values: list[Value] = []
        self._pending: list[Pending] = []

    def value(self, value: Value) -> None:
        """Takes an operand."""
        self._values.append(value)

    def open(self, kind: str, token: Token, function: Function | None = None) -> None:
        """Takes the start of a statement, parenthesis or call."""
        self._push(Pending(kind, FLOOR, token, function=function))

    def prefix(self, token: Token) -> None:
        """Takes a sign before an operand."""
        op, power = PREFIX[token.text]
        if op == "not" and self._pending[-1].power > NOT:
            raise Mistake(
                token.start,
                "'not' binds less strongly than what stands before it",
                "put it in parentheses, as in (not a)",
            )
        self._push(Pending("prefix", power, token, op))

    def infix(self, token: Token) -> None:
        """Takes a sign between operands."""
        op, power = INFIX[token.text]
        if power == TERNARY:
            self._if(token) if op == "if" else self._else(token)
        elif power == COMPARISON:
            self._compare(token, op)
        else:
            self._reduce(power if op == "pow" else power - 1)
            self._push(Pending("infix", power, token, op))

    def comma(self, token: Token) -> None:
        """Takes a comma after an operand."""
        floor = self._floor()
        self._collect(floor)
        if floor.function is None and floor.count >= limits.MAX_COMPONENTS:
            raise Mistake(token.start, f"more than {limits.MAX_COMPONENTS} components", "split the tuple into several")

    def close(self, token: Token, complete: bool) -> None:
        """Takes a closing parenthesis; complete when it follows an operand."""
        floor = self._floor() if complete else self._pending[-1]
        if floor.kind == "statement":
            raise Mistake(token.start, "')' closes nothing", "remove it, or write a '(' before it")
        self._pending.pop()
        expanding = self._expander(floor.function)
        if expanding:
            if complete:
                self._collect(floor)
            self.expanding = expanding(floor.token, floor.items)
            return
        value = self._value_of(floor, complete)
        self._values.append(value._replace(start=floor.token.start))

    def _expander(
        self, function: Function | None
    ) -> Callable[[Token, list[Value]], Generator[None, None, Value]] | None:
        """What replaces calls of a function, where it has no operation of its own."""
        if function is SOLVE:
            return self.solving.expanding
        if function in FOLDS:
            return self.folding.expanding
        if function is DIFF:
            return self.expansion.expanding
        if function is LEN:
            return self.folding.counting
        return self.definitions.expander(function) or self.tables.expander(function)

    def expanded(self, value: Value) -> None:
        """Takes what a call came to."""
        self.expanding = None
        self._values.append(value)

    def end(self, complete: bool) -> Value:
        """Takes the end of a statement, after an operand or a comma, and returns its value."""
        floor = self._floor() if complete else self._pending[-1]
        if floor.kind != "statement":
            raise Mistake(floor.token.start, f"{hints.opening(floor.token.text)} is never closed", "write its ')'")
        return self._value_of(self._pending.pop(), complete)

    def innermost(self) -> Pending:
        """The statement, parenthesis, call or condition that is open."""
        return next(pending for pending in reversed(self._pending) if pending.power == FLOOR)

    def operand_start(self, sign: str) -> int:
        """Where the left operand of this sign would start. For a message: the stack is of no use afterwards."""
        self._reduce(INFIX[sign][1] - (sign != "**"))
        return self._values[-1].start

    def _push(self, pending: Pending) -> None:
        if len(self._pending) >= limits.MAX_NESTING:
            found = f"more than {limits.MAX_NESTING} parentheses, signs and conditions inside each other"
            raise Mistake(pending.token.start, found, "give the inner parts names, as in a = ...; b = 2*a")
        self._pending.append(pending)

    def _reduce(self, power: int) -> None:
        """Applies what binds more strongly than `power`."""
        while self._pending[-1].power > power:
            self._apply(self._pending.pop())

    def _floor(self) -> Pending:
        self._reduce(FLOOR)
        floor = self._pending[-1]
        if floor.kind == "if":
            raise Mistake(floor.token.start, "'if' without its 'else'", "write a if c else b")
        return floor

    def _if(self, token: Token) -> None:
        self._reduce(TERNARY)
        if self._pending[-1].kind == "if":
            raise Mistake(token.start, "'if' inside a condition", "put the condition in parentheses")
        self._push(Pending("if", FLOOR, token))

    def _else(self, token: Token) -> None:
        self._reduce(FLOOR)
        pending = self._pending[-1]
        if pending.kind != "if":
            raise Mistake(token.start, "'else' without an 'if' before it", "write a if c else b")
        pending.kind, pending.power = "else", TERNARY

    def _compare(self, token: Token, op: str) -> None:
        self._reduce(COMPARISON)
        chain = None
        if self._pending[-1].power == COMPARISON:
            middle = self._values[-1]
            chain = self._comparison(self._pending.pop())
            self._values.append(middle)
        self._push(Pending("comparison", COMPARISON, token, op, chain))

    def _comparison(self, pending: Pending) -> Value:
        right, left = self._values.pop(), self._values.pop()
        value = self._operations.operator(pending.op, left.start, left, right)
        if pending.chain is None:
            return value
        return self._operations.operator("and", pending.chain.start, pending.chain, value)

    def _apply(self, pending: Pending) -> None:
        if pending.kind == "comparison":
            self._values.append(self._comparison(pending))
            return
        right = self._values.pop()
        start = pending.token.start
        if pending.kind == "prefix":
            self._values.append(self._operations.prefix(pending.op, start, right))
            return
        left = self._values.pop()
        if pending.kind == "else":
            value = self._values.pop()
            self._values.append(self._operations.operator("where", value.start, left, value, right))
        else:
            self._values.append(self._operations.operator(pending.op, left.start, left, right))

    def _collect(self, floor: Pending) -> None:
        floor.items.append(self._values.pop())
        floor.count += 1
        function = floor.function
        if function and function.variadic and len(floor.items) == len(function.params):
            floor.items = [self._operations.apply(function, tuple(floor.items), floor.token.start)]

    def _value_of(self, floor: Pending, complete: bool) -> Value:
        if floor.kind != "call" and not floor.count:
            return self._values.pop()
        if complete:
            self._collect(floor)
        if floor.function is None:
            return Value(-1, floor.token.start, items=tuple(floor.items))
        if floor.function is PIECEWISE:
            return choice_of(self._operations, floor.token, floor.items)
        function, arguments = on_branch(self._operations, floor.function, floor.items)
        _check_arity(floor.token, function, floor.count - len(floor.items) + len(arguments))
        if function.variadic:
            return arguments[0]
        return self._operations.apply(function, tuple(arguments), floor.token.start)


def _check_arity(call: Token, function: Function, count: int) -> None:
    wanted = len(function.params)
    if count != wanted and not (function.variadic and count > wanted):
        raise hints.wrong_arity(call, function, count)
