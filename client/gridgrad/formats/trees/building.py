"""From the tree of a formula to a program: every node once, by the rules of its notation."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gridgrad.formats.trees.formula import Formula, quoted
from gridgrad.formats.trees.translation import Note, Translation
from gridgrad.tracing.outputs import Outcome
from gridgrad.tracing.traced_program import program_from
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.names import is_name
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["Build", "Building", "Rule", "translated"]

_NOT_TO_BE_TOLD = frozenset({"inf", "nan"})
"""Names that the text of a program can't tell from the constants."""


class Building:
    """What rules write operations with.

    Attributes:
        notes: what they say of it, by the offset in the text.
    """

    def __init__(self) -> None:
        self.operations = TypedBuilder()
        self.notes: list[tuple[int, str]] = []

    def number(self, value: float) -> Value:
        """A constant."""
        return self.operations.constant(value, 0)

    def note(self, at: Value, text: str) -> None:
        """Says something of a place."""
        self.notes.append((at.start, text))

    def call(self, name: str, *arguments: Value) -> Value:
        """A function or operator of the language by its name in the table."""
        return self.operations.apply(FUNCTIONS[name], arguments, arguments[0].start)


Build: TypeAlias = Callable[..., Value]
"""Takes a `Building` and the arguments, and gives what they come to."""


class Rule(NamedTuple):
    """What a function or operator of a notation comes to.

    Args:
        arity: how many arguments it has, at least.
        build: writes it.
        note: what is to be said where it is used; empty if nothing.
        most: how many arguments it has at most, where it may have more.
    """

    arity: int
    build: Build
    note: str = ""
    most: int = 0

    def check(self, formula: Formula, given: int) -> None:
        """Refuses another number of arguments."""
        if not self.arity <= given <= max(self.arity, self.most):
            wanted = f"{self.arity} argument{'s' * (self.arity > 1)}{' or more' * (self.most > self.arity)}"
            raise Mistake(formula.start, f"{formula.text} of {given}", f"it takes {wanted}")


def translated(root: Formula, text: str, rules: Mapping[str, Rule], named: Mapping[str, str]) -> Translation:
    """The program of a formula.

    Args:
        root: its tree.
        text: the whole text, for the places in it.
        rules: what functions and operators come to.
        named: what is to be said of inputs with these names.

    Raises:
        Mistake: it has what can't be translated.
    """
    building = Building()
    value = _built(root, building, rules, named)
    program = program_from(building.operations, Outcome(("f",), (building.operations.number(value),), False))
    if len(program.text) > limits.MAX_TEXT:
        found = f"a formula of {len(program.text):,} characters when it is written out"
        raise Mistake(0, found, f"split it into several; at most {limits.MAX_TEXT:,} characters")
    made = Translation(program.nodes, program.outputs, program.components, False, inputs_as_read(program))
    return made.with_notes(_placed(sorted(dict.fromkeys(building.notes)), text))


def _built(root: Formula, building: Building, rules: Mapping[str, Rule], named: Mapping[str, str]) -> Value:
    known: dict[int, Value] = {}
    stack = [root]
    while stack:
        formula = stack[-1]
        missing = [each for each in formula.arguments if id(each) not in known]
        if missing:
            stack.extend(reversed(missing))
            continue
        stack.pop()
        if id(formula) not in known:
            arguments = [known[id(each)] for each in formula.arguments]
            known[id(formula)] = _node(formula, arguments, building, rules, named)
            _check_size(formula, building)
    return known[id(root)]


def _node(
    formula: Formula, arguments: list[Value], building: Building, rules: Mapping[str, Rule], named: Mapping[str, str]
) -> Value:
    if formula.kind == "number":
        return building.operations.constant(float(formula.text), formula.start)
    if formula.kind == "name":
        return _input(formula, building, named)
    rule = rules[formula.text]
    rule.check(formula, len(arguments))
    if rule.note:
        building.notes.append((formula.start, rule.note))
    placed = [each._replace(start=formula.start) for each in arguments]
    return rule.build(building, *placed)


def _input(formula: Formula, building: Building, named: Mapping[str, str]) -> Value:
    if not is_name(formula.text) or formula.text in _NOT_TO_BE_TOLD:
        remedy = "rename it: ASCII letters, digits and _, but neither inf, nan nor and, or, not, if, else"
        raise Mistake(formula.start, f"{quoted(formula.text)} as the name of a variable", remedy)
    if formula.text in named:
        building.notes.append((formula.start, named[formula.text]))
    return building.operations.input(formula.text, formula.start)


def _check_size(formula: Formula, building: Building) -> None:
    if len(building.operations.builder.nodes) > limits.MAX_OPERATIONS:
        raise Mistake(formula.start, f"more than {limits.MAX_OPERATIONS:,} operations", "split it into several")


def _placed(notes: Sequence[tuple[int, str]], text: str) -> list[Note]:
    """Notes by line and column instead of offsets."""
    ends = [-1, *(place for place, character in enumerate(text) if character == "\n")]
    lines = [bisect.bisect_left(ends, start) for start, _ in notes]
    return [Note(line, start - ends[line - 1], note) for line, (start, note) in zip(lines, notes, strict=True)]
