"""The parser: text in, Program out, in small steps and without recursion.

Precedence and associativity are Python's. Each token is handled by the state that the parser is in:
at the start of a statement, where an operand is wanted, or where an operator is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import NoReturn

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.functions.table import lookup
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser import hints
from gridgrad_core.lang.parser.definitions import is_definition
from gridgrad_core.lang.parser.precedence import INFIX, PREFIX, Stack
from gridgrad_core.lang.parser.tokenizer import Token, tokenize
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import assembling
from gridgrad_core.lang.program.names import CONSTANTS, KEYWORDS, introduced
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["parse", "parsing"]


def parse(text: str, inputs: Iterable[str] = (), tables: Iterable[TableSpec] = ()) -> Program:
    """Parses an expression of Gridgrad's language.

    Args:
        text: statements `name = expression` or `name(parameters) = expression`, separated by line ends or `;`, and
            at the end an expression or a tuple of expressions.
        inputs: names that are inputs even though the language has a constant so called (pi, e, inf,
            nan). All other names need no mention.
        tables: what the text may call as functions, besides those of the language; they win over these.

    Returns:
        The program. `str(program)` is its canonical text.

    Raises:
        ExpressionError: the text is no expression; says where, and what to write.
    """
    return finished(parsing(text, inputs, tables))


def parsing(text: str, inputs: Iterable[str] = (), tables: Iterable[TableSpec] = ()) -> Generator[None, None, Program]:
    """Does what `parse` does, in steps of about a millisecond, up to the canonical text and the digest."""
    text = _checked(text)
    tables = tuple(tables)
    parser = _Parser(text, frozenset(inputs), tables)
    try:
        yield from _read(text, parser)
        program = yield from assembling(parser.operations, parser.result, parser.order, tables)
        parser.check_local_names(program)
    except Mistake as mistake:
        raise mistake.error(text) from None
    program.assigned = parser.assigned
    return program


def _checked(text: str) -> str:
    field = "function.expression"
    if not isinstance(text, str):
        raise ExpressionError(field, f"a {type(text).__name__} instead of text", 'write text such as "t*k + 2*t*k**2"')
    if len(text) > limits.MAX_TEXT:
        remedy = f"write at most {limits.MAX_TEXT:,}, and send numbers as inputs"
        raise ExpressionError(field, f"a text of {len(text):,} characters", remedy)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read(text: str, parser: _Parser) -> Generator[None, None, None]:
    token: Token | None = None
    for count, ahead in enumerate(tokenize(text)):
        if not count % limits.STEP_TOKENS:
            yield
        if ahead.kind == "space":
            continue
        if token:
            parser.feed(token, ahead)
            if parser.expands:
                yield from parser.expanding()
        token = ahead
    if token:
        parser.feed(token, token)
    yield


class _Parser:
    """Takes the tokens of a text, each with the one after it.

    Attributes:
        operations: what was built so far.
        order: the inputs in the order in which the text first names them, and how often it does.
    """

    def __init__(self, text: str, inputs: frozenset[str], tables: Sequence[TableSpec]) -> None:
        self.operations = TypedBuilder()
        self.order: dict[str, int] = {}
        self._text = text
        self._constants = {name: value for name, value in CONSTANTS.items() if name not in inputs}
        self._variables: dict[str, Value] = {}
        self._named: set[str] = set()
        self._stack = Stack(self.operations, tables)
        self._before = Token("newline", "", 0)
        self._statement = (self._before, self._before)
        self._target: Token | None = None
        self._last: Value | None = None
        # Unbound: a bound method would refer to the parser, and only the garbage collector would then free it
        self._take: Callable[[_Parser, Token, Token], None] = _Parser._start

    @property
    def result(self) -> Value:
        """The value of the last statement, once all tokens are in."""
        if mistake := self._stack.expansion.unread(self.order):
            raise mistake
        if self._last is not None:
            return self._last
        if self._target is None:
            raise Mistake(0, "the text is empty", "write an expression such as t*k + 2*t*k**2")
        what, example = self._stack.definitions.described(self._target.text, *self._statement)
        remedy = f"add a last line with what to compute, such as {example}"
        raise Mistake(self._target.start, f"the text ends with the {what} of {self._target.text}", remedy)

    def check_local_names(self, program: Program) -> None:
        """Refuses a program that has an input called like an unknown or an index, or an array outside of sums."""
        mistake = self._stack.local_names.mistaken(program.inputs) or self._stack.arrays.mistaken(program.nodes)
        if mistake or (mistake := self._stack.folding.mistaken(program.nodes)):
            raise mistake

    @property
    def assigned(self) -> frozenset[str]:
        """The variables that are no inputs too; without those that canonical texts introduce, which nobody named."""
        return frozenset(self._named.difference(self.order))

    @property
    def expands(self) -> bool:
        """Whether the last token ended a call that `expanding` has to replace before the next one."""
        return self._stack.expanding is not None

    def expanding(self) -> Generator[None, None, None]:
        """Replaces such a call by what it comes to."""
        if self._stack.expanding:
            self._stack.expanded((yield from self._stack.expanding))

    def feed(self, token: Token, ahead: Token) -> None:
        """Takes a token; `ahead` is the next one."""
        self._take(self, token, ahead)
        self._before = token
        if len(self.operations.builder.nodes) > limits.MAX_OPERATIONS:
            found = f"more than {limits.MAX_OPERATIONS:,} operations"
            raise Mistake(token.start, found, "split the function into several requests")

    # The states

    def _start(self, token: Token, ahead: Token) -> None:
        """At the start of a statement."""
        if token.kind in ("newline", "end"):
            return
        if self._last is not None:
            raise self._unused(token)
        if token.text in KEYWORDS and ahead.text == "=":
            raise Mistake(token.start, f"{token.text!r} is an operator of the language", "choose another name")
        self._statement = (token, ahead)
        self._target = token if token.kind == "name" and ahead.text == "=" else None
        if self._target:
            self._take = _Parser._assign
        elif is_definition(self._text, token, ahead):
            self._target = token
            self._stack.definitions.begin(token)
            self._take = _Parser._header
        else:
            self._open_statement(token)
            self._operand(token, ahead)

    def _assign(self, token: Token, _ahead: Token) -> None:
        """At the "=" of an assignment."""
        self._open_statement(token)

    def _header(self, token: Token, _ahead: Token) -> None:
        """Between the name and the "=" of a definition."""
        if token.text == "=":
            self._open_statement(token)
        else:
            self._stack.definitions.header(token)

    def _open_statement(self, token: Token) -> None:
        self._stack.open("statement", token)
        self._take = _Parser._operand

    def _operand(self, token: Token, ahead: Token) -> None:
        """Where an operand is wanted."""
        if token.kind == "number":
            self._value(self.operations.constant(float(token.text), token.start))
        elif token.kind == "name":
            self._name(token, ahead)
        elif token.text == "(":
            self._stack.open("(", token)
        elif token.text in PREFIX:
            self._stack.prefix(token)
        elif self._may_end(token):
            self._end(token, complete=False)
        else:
            raise hints.missing_operand(self._before, token)

    def _may_end(self, token: Token) -> bool:
        """Whether an end may stand where an operand could: after a comma, and in a call without arguments."""
        if token.text != ")" and token.kind not in ("newline", "end"):
            return False
        empty = self._before.text == "(" and self._stack.innermost().kind == "call"
        return self._before.text == "," or (empty and token.text == ")")

    def _name(self, token: Token, ahead: Token) -> None:
        if ahead.text == "=" and self._before.text == "," and self._stack.innermost().awaits(token.text):
            self._take = _Parser._keyword
            return
        if ahead.text != "(":
            self._value(self._read_name(token))
            return
        stack = self._stack
        function = stack.definitions.lookup(token) or stack.tables.lookup(token.text) or lookup(token.text)
        if function is None:
            known = token.text in self._variables or token.text in self.order
            raise hints.unknown_function(self._text, token, known, self._stack.definitions.names)
        self._stack.open("call", token, function)
        self._take = _Parser._call

    def _call(self, _token: Token, _ahead: Token) -> None:
        """At the "(" of a call."""
        self._take = _Parser._operand

    def _keyword(self, _token: Token, _ahead: Token) -> None:
        """At the "=" behind the name of an argument."""
        self._take = _Parser._operand

    def _operator(self, token: Token, _ahead: Token) -> None:
        """After an operand."""
        if token.text in INFIX:
            self._stack.infix(token)
            self._take = _Parser._operand
        elif token.text == ",":
            self._stack.comma(token)
            self._take = _Parser._operand
        elif token.text == ")" or token.kind in ("newline", "end"):
            self._end(token, complete=True)
        else:
            self._refuse(token)

    # What the states do

    def _value(self, value: Value) -> None:
        self._stack.value(value)
        self._take = _Parser._operator

    def _read_name(self, token: Token) -> Value:
        name = token.text
        if parameter := self._stack.definitions.parameter(token):
            return parameter
        if name in self._variables:
            return self._variables[name]._replace(start=token.start)
        if (array := self._stack.arrays.read(name, token.start)) is not None:
            return array
        if name in self._constants:
            return self.operations.constant(self._constants[name], token.start)
        self._stack.tables.check_read(token)
        self.order[name] = self.order.get(name, 0) + 1
        if len(self.order) > limits.MAX_INPUTS:
            raise Mistake(
                token.start, f"more than {limits.MAX_INPUTS} inputs", "assign what is no input to a name first"
            )
        return self.operations.input(name, token.start)

    def _end(self, token: Token, complete: bool) -> None:
        """Ends a parenthesis, a call or a statement; complete when it follows an operand."""
        if token.text == ")":
            self._stack.close(token, complete)
            self._take = _Parser._operator
            return
        value = self._stack.end(complete)
        self._take = _Parser._start
        if not self._target:
            self._last = value
        elif value.items is not None:
            raise Mistake(value.start, "a tuple in an assignment", "assign each element to a name of its own")
        elif self._stack.definitions.ends(value):
            return
        else:
            self._variables[self._target.text] = value._replace(name=self._target.text)
            self._stack.expansion.assign(value)
            if not introduced(self._target.text):
                self._named.add(self._target.text)

    def _refuse(self, token: Token) -> NoReturn:
        """Says what is wrong about a token after an operand."""
        opened = self._stack.innermost()
        inside = opened.token if opened.kind in ("(", "call") else Token("newline", "", 0)
        if token.text == ".":
            raise hints.attribute(self._text, self._before, token)
        if token.text in hints.ASSIGNMENTS:
            raise hints.assignment(self._text, token, self._before, opened.function, bool(inside.text))
        if token.kind in ("number", "name") or token.text in ("(", "not"):
            start = self._stack.operand_start("*")
            raise hints.missing_operator(self._text, self._before, token, start, inside)
        start = self._stack.operand_start(hints.ours(token.text))
        raise hints.no_operator(self._text, token, start)

    def _unused(self, after: Token) -> Mistake:
        """The expression before `after` is not the last statement."""
        first, second = self._statement
        if after.text in INFIX:
            remedy = "put all of the expression in parentheses to go on in the next line"
            return Mistake(after.start, f"'{after.text}' at the start of a statement", remedy)
        if second.text == "==":
            found, remedy = f"a comparison of {first.text} that nothing uses", f"write {first.text} = ... to assign"
        else:
            found, remedy = "an expression that nothing uses", "assign it to a name; only the last line is the result"
        return Mistake(first.start, found, remedy)
