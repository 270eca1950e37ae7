"""The text of a program in the notation of another package."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridgrad.formats.notations.written_forms import ATOM, FORMS, LOOSE, Forms
from gridgrad.formats.read import read
from gridgrad.formats.trees.building import Building
from gridgrad.formats.trees.rule_making import written
from gridgrad_core.errors import ExpressionError, RequestError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.typed_builder import Value

__all__ = ["write"]

_INSTEAD = {
    "square": written("x", "x*x"),
    "reciprocal": written("x", "1/x"),
    "positive": written("x", "x"),
    "exp2": written("x", "2**x"),
    "log10": written("x", "log(x)/2.302585092994046"),
    "log2": written("x", "log(x)/0.6931471805599453"),
    "radians": written("x", "x*0.017453292519943295"),
    "degrees": written("x", "x*57.29577951308232"),
    "sign": written("x", "where(x > 0, 1, where(x < 0, -1, x))"),
    "heaviside": written("x h", "where(x > 0, 1, where(x < 0, 0, where(x == 0, h, x)))"),
    "trunc": written("x", "where(x < 0, ceil(x), floor(x))"),
    "maximum": written("x y", "where(x > y, x, y)"),
    "minimum": written("x y", "where(x < y, x, y)"),
    "relu": written("x", "where(x > 0, x, 0)"),
    "clip": written("x a b", "where(where(x > a, x, a) < b, where(x > a, x, a), b)"),
}
"""Operations in others, for notations that have not got them."""

_PROGRAM = "give a text of the language, or a program; of a Python function that is gridgrad.trace(function)"


def write(function: Program | str, dialect: str) -> str:
    """The text of a program in the notation of another package, to be computed by that package.

    Args:
        function: the program, or a text of our language.
        dialect: the notation, one of those that `read` knows.

    Returns:
        The text, in which powers and signs within others are in parentheses.

    Raises:
        RequestError: no such notation, or neither text nor program.
        ExpressionError: the program has what the notation has not, or names that it has for something else.
    """
    forms = FORMS.get(dialect)
    if forms is None:
        raise RequestError("dialect", f"{dialect!r}", f"give one of those that can be written: {', '.join(FORMS)}")
    program = parse(function) if isinstance(function, str) else function
    if not isinstance(program, Program):
        raise RequestError("function", f"a {type(program).__name__}", _PROGRAM)
    if len(program.outputs) != 1:
        raise _refused(f"{len(program.outputs)} components", "write each by itself")
    _check_names(program.inputs, dialect, forms)
    building = Building()
    root = _lowered(program, forms, building)
    return _Writer(building.operations.builder.nodes, root, dialect, program.inputs).text()


def _refused(found: str, remedy: str) -> ExpressionError:
    return ExpressionError("program", found, remedy)


def _check_names(names: Sequence[str], dialect: str, forms: Forms) -> None:
    for name in names:
        try:
            is_name = read(forms.name.format(name), dialect).inputs == (name,)
        except ExpressionError:
            is_name = False
        if not is_name:
            raise _refused(f"the input {name!r}, which is no name of an input in {dialect}", "rename it")
    if forms.case_blind and len({name.lower() for name in names}) < len(names):
        raise _refused(f"inputs that differ by case alone, which {dialect} does not tell apart", "rename one")


def _lowered(program: Program, forms: Forms, building: Building) -> int:
    """Writes the program down anew, in operations that the notation has where we know how; the node of its value."""
    places: list[int] = []
    for node in program.nodes:
        places.append(_placed(node, places, forms, building))
    return places[program.outputs[0]]


def _placed(node: Node, places: Sequence[int], forms: Forms, building: Building) -> int:
    if node.op == "input":
        return building.operations.input(str(node.value), 0).node
    if node.op == "const":
        return building.number(node.number).node
    arguments = tuple(places[argument] for argument in node.args)
    if node.op in forms.operations or node.op not in _INSTEAD:
        return building.operations.again(node, arguments)
    return building.operations.number(_INSTEAD[node.op].build(building, *(Value(each, 0) for each in arguments)))


class _Writer:
    def __init__(self, nodes: Sequence[Node], root: int, dialect: str, names: Sequence[str]) -> None:
        self._nodes = nodes
        self._root = root
        self._dialect = dialect
        self._forms = FORMS[dialect]
        self._uses = [0] * len(nodes)
        self._written: list[tuple[str, int]] = []
        taken = {name.lower() for name in names}
        self._fresh = (name for name in (f"v{n}" for n in range(1, len(nodes) + 2)) if name not in taken)

    def text(self) -> str:
        used = self._used()
        definitions: list[str] = []
        for index, node in enumerate(self._nodes):
            text, strength = self._of(node) if index in used else ("", ATOM)
            if node.args and self._uses[index] > 1 and self._forms.definition:
                name = next(self._fresh)
                definitions.append(self._forms.definition.format(name, text))
                text, strength = name, ATOM
            self._written.append((text, strength))
            if len(text) > limits.MAX_TEXT:
                raise _refused(f"a text of more than {limits.MAX_TEXT:,} characters", "write parts of it by themselves")
        formula = self._forms.whole.format(self._written[self._root][0])
        if self._forms.first:
            return "".join([*definitions, formula])
        return "".join([formula, *reversed(definitions)])

    def _used(self) -> set[int]:
        """What the root is made of; counts how often each is read."""
        used = {self._root}
        for index in range(self._root, -1, -1):
            if index in used:
                for argument in self._nodes[index].args:
                    self._uses[argument] += 1
                    used.add(argument)
        return used

    def _of(self, node: Node) -> tuple[str, int]:
        if node.op == "input":
            return self._forms.name.format(node.value), ATOM
        if node.op == "const":
            return self._number(node.number)
        form = self._forms.operations.get(node.op)
        if form is None:
            operation = str(node.op).split()[0][:60]
            raise _refused(f"{operation}, which {self._dialect} has not", "write it by functions that it has")
        return form.of(self._written[argument] for argument in node.args)

    def _number(self, value: float) -> tuple[str, int]:
        if not math.isfinite(value):
            raise _refused(f"the number {value}", "the notations have numbers alone: choose a finite one")
        text = self._forms.number(abs(value))
        if math.copysign(1.0, value) > 0:
            return text, ATOM
        return self._forms.operations["neg"].template.format(text), LOOSE
