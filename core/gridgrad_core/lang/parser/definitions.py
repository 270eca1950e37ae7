"""Definitions in a text, `f(a, b) = a*b + x`: each call is replaced by the right side while the text is parsed.

So programs know no definitions, and the canonical text and the digest are those of what was written out. The right side
is read once, with a node for each parameter that no text can name; a call copies what depends on these. Names in it are
those of the place where it stands, and `diff` by a parameter is the derivative by that argument.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import NamedTuple

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.parser import hints
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["Definitions", "is_definition"]

_HEADER = re.compile(r"[ \t\f]{0,200}\([\w\s,]{0,2000}\)[ \t\f]{0,200}=(?!=)", re.ASCII)


def is_definition(text: str, token: Token, ahead: Token) -> bool:
    """Whether a statement that starts with a token is a definition."""
    named = token.kind == "name" and ahead.text == "("
    return named and _HEADER.match(text, token.start + len(token.text)) is not None


class _Definition(NamedTuple):
    """A definition that was read.

    Args:
        function: its name and parameters.
        parameters: the node of each parameter. No other definition has these, so what depends on them is newer.
        body: what its right side computes.
        end: the number of nodes that there were when it ended.
    """

    function: Function
    parameters: tuple[int, ...]
    body: Value
    end: int


class Definitions:
    """The definitions of one text.

    Args:
        operations: where the nodes are.
    """

    def __init__(self, operations: TypedBuilder) -> None:
        self._operations = operations
        self._known: dict[str, _Definition] = {}
        self._begun = 0
        self._steps: dict[tuple[int, ...], list[int]] = {}
        self._name: Token | None = None
        self._parameters: dict[str, int] = {}
        self._comma = True
        self._copied = 0

    @property
    def names(self) -> Iterable[str]:
        """What was defined."""
        return self._known

    def described(self, name: str, first: Token, second: Token) -> tuple[str, str]:
        """What kind of statement starts with these tokens, and how what it names is used."""
        if first.text == name and second.text == "(":
            return "definition", hints.signature(self._known[name].function)
        return "assignment", name

    # Reading a definition

    def begin(self, name: Token) -> None:
        """Takes the name of what is defined."""
        self._name, self._parameters, self._comma = name, {}, True
        self._begun += 1

    def header(self, token: Token) -> None:
        """Takes a token between the name and the "=".

        Raises:
            Mistake: it is no list of names there.
        """
        name = self._name.text if self._name else ""
        if token.text == "(":
            return
        if token.text == ")" and not self._parameters:
            raise Mistake(token.start, f"a definition of {name} without parameters", f"write {name} = ...")
        if (token.kind == "name") != self._comma:
            remedy = f"write names with commas between them, as in {name}(a, b) = a*b"
            raise Mistake(token.start, f"'{token.text}' in the parameters of {name}", remedy)
        if token.text in self._parameters:
            raise Mistake(token.start, f"a second parameter {token.text} of {name}", "give each a name of its own")
        self._comma = token.kind != "name"
        if token.kind == "name":
            self._parameters[token.text] = self._operations.builder.input(f"{self._begun}.{token.text}")

    def parameter(self, token: Token) -> Value | None:
        """The parameter of that name, if the right side of a definition that has one is being read."""
        node = self._parameters.get(token.text)
        return None if node is None else Value(node, token.start, name=token.text)

    def ends(self, body: Value) -> bool:
        """Whether what ended is a definition, whose right side is then known."""
        if self._name is None:
            return False
        parameters = tuple(self._parameters.values())
        function = Function(self._name.text, tuple(self._parameters), "", (), "definition")
        end = len(self._operations.builder.nodes)
        self._known[function.name] = _Definition(function, parameters, body, end)
        self._name, self._parameters = None, {}
        return True

    # Calls

    def lookup(self, call: Token) -> Function | None:
        """The function of that name that the text defines before this place.

        Raises:
            Mistake: it stands in its own definition.
        """
        if self._name and call.text == self._name.text:
            remedy = "write repeated steps out, or choose another name if you mean another function"
            raise Mistake(call.start, f"{call.text} in its own definition", remedy)
        known = self._known.get(call.text)
        return known.function if known else None

    def expander(
        self, function: Function | None
    ) -> Callable[[Token, Sequence[Value]], Generator[None, None, Value]] | None:
        """What replaces calls of a function, in steps of about a millisecond; None if the text does not define it."""
        known = self._known.get(function.name) if function else None
        return functools.partial(self._expanding, known) if known and known.function is function else None

    def _expanding(self, known: _Definition, call: Token, arguments: Sequence[Value]) -> Generator[None, None, Value]:
        if len(arguments) != len(known.parameters):
            raise hints.wrong_arity(call, known.function, len(arguments))
        steps = self._steps.get(known.parameters)
        if steps is None:
            steps = self._steps[known.parameters] = yield from self._dependent(known)
        self._copied += len(steps)
        if self._copied > limits.MAX_DERIVED:
            found = f"calls of definitions that come to more than {limits.MAX_DERIVED:,} operations"
            raise Mistake(call.start, found, "assign what is called again with the same arguments to a name")
        given = map(self._operations.number, arguments)
        places = dict(zip(known.parameters, given, strict=True))
        nodes: list[Node] = self._operations.builder.nodes
        for count, step in enumerate(steps):
            if not count % limits.STEP_NODES:
                yield
            places[step] = self._operations.again(
                nodes[step], tuple([places.get(argument, argument) for argument in nodes[step].args])
            )
        body = places.get(known.body.node, known.body.node)
        return Value(body, call.start, known.body.kind)

    def _dependent(self, known: _Definition) -> Generator[None, None, list[int]]:
        """The nodes of a right side that depend on parameters, arguments first."""
        nodes = self._operations.builder.nodes
        depends, used = set(known.parameters), {known.body.node}
        new = range(known.parameters[0], known.end)
        for index in new:
            if not index % limits.STEP_NODES:
                yield
            if not depends.isdisjoint(nodes[index].args):
                depends.add(index)
        for index in reversed(new):
            if not index % limits.STEP_NODES:
                yield
            if index in used:
                used.update(nodes[index].args)
        return sorted((depends & used).difference(known.parameters))
