"""Precedence is Python's: the operations of random expressions are those of Python's own syntax tree."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.functions.table import FUNCTIONS, lookup
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from tests.seeds import examples

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}


class Unsupported(Exception):  # noqa: N818 - it tells a test to look away
    """Python has it, the language does not."""


class Reference:
    """Builds a program from Python's syntax tree, by recursion."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.names: list[str] = []

    def number(self, tree: ast.expr) -> int:
        node, boolean = self.visit(tree)
        return self.op("where", node, self.builder.const(1), self.builder.const(0))[0] if boolean else node

    def condition(self, tree: ast.expr) -> int:
        node, boolean = self.visit(tree)
        return node if boolean else self.op("ne", node, self.builder.const(0))[0]

    def op(self, op: str, *nodes: int) -> tuple[int, bool]:
        return self.builder.op(op, *nodes), FUNCTIONS[op].result == "boolean"

    def visit(self, tree: ast.expr) -> tuple[int, bool]:
        match tree:
            case ast.Constant(value=float() | int() as value):
                return self.builder.const(value), False
            case ast.Name(id=name):
                self.names.append(name)
                return self.builder.input(name), False
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.op("not", self.condition(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.number(operand), False
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.negative(operand), False
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in BINARY:
                return self.op(BINARY[type(operator)], self.number(left), self.number(right))
            case ast.BoolOp(op=operator, values=values):
                return self.fold("and" if isinstance(operator, ast.And) else "or", values)
            case ast.Compare():
                return self.chain(tree)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.op("where", self.condition(test), self.number(body), self.number(other))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, arguments)
        raise Unsupported(ast.dump(tree))

    def negative(self, operand: ast.expr) -> int:
        inner, sign = operand, -1.0
        while isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.UAdd | ast.USub):
            sign = -sign if isinstance(inner.op, ast.USub) else sign
            inner = inner.operand
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float):
            return self.builder.const(sign * inner.value)  # a sign before a constant is part of it
        return self.op("neg", self.number(operand))[0]

    def fold(self, op: str, values: list[ast.expr]) -> tuple[int, bool]:
        node = self.condition(values[0])
        for value in values[1:]:
            node, _ = self.op(op, node, self.condition(value))
        return node, True

    def chain(self, tree: ast.Compare) -> tuple[int, bool]:
        operands = [tree.left, *tree.comparators]
        result: int | None = None
        for left, operator, right in zip(operands, tree.ops, operands[1:], strict=False):
            if type(operator) not in COMPARISONS:
                raise Unsupported(ast.dump(operator))
            node, _ = self.op(COMPARISONS[type(operator)], self.number(left), self.number(right))
            result = node if result is None else self.op("and", result, node)[0]
        assert result is not None
        return result, True

    def call(self, name: str, arguments: list[ast.expr]) -> tuple[int, bool]:
        function = lookup(name)
        if function is None or len(function.params) != len(arguments) or function.kinds:
            raise Unsupported(name)
        return self.op(function.name, *[self.number(argument) for argument in arguments])


def expected(tree: ast.expr) -> Program:
    """The program of a tree; its constants and signs are few enough that nothing in it is unused."""
    reference = Reference()
    if isinstance(tree, ast.Tuple) and not tree.elts:
        raise Unsupported("an empty tuple")
    trees = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    outputs = [reference.number(element) for element in trees]
    return Program(
        nodes=tuple(reference.builder.nodes),
        outputs=tuple(outputs),
        components=tuple(f"f{i}" for i in range(len(trees))) if isinstance(tree, ast.Tuple) else ("f",),
        tuple_valued=isinstance(tree, ast.Tuple),
        inputs=tuple(dict.fromkeys(reference.names)),
    )


def python_tree(text: str) -> ast.expr | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # such as for 2(x)
        try:
            return ast.parse(text, mode="eval").body
        except SyntaxError:
            return None


def text_order(tree: ast.AST) -> tuple[str, ...]:
    """The names of a tree as the text has them."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and lookup(node.id) is None]
    return tuple(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))


def assert_as_python(text: str, tree: ast.expr) -> None:
    program, reference = parse(text), expected(tree)
    assert program.nodes == reference.nodes
    assert program.outputs == reference.outputs
    assert program.inputs == text_order(tree)


ATOMS = st.sampled_from(["x", "y", "z", "2", "0.5", "sin(x)", "maximum(x, y)"])
OPERATORS = st.sampled_from(
    [*"+-*/%", "//", "**", "**", "<", "<=", ">", ">=", "==", "!=", " and ", " or ", " if x else "]
)
SIGNS = st.sampled_from(["", "", "", "-", "+", "--", "not "])


@st.composite
def runs(draw: st.DrawFn, operand: st.SearchStrategy[str]) -> str:
    parts = [draw(SIGNS), draw(operand)]
    for _ in range(draw(st.integers(0, 5))):
        parts += [draw(OPERATORS), draw(SIGNS), draw(operand)]
    return "".join(parts)


EXPRESSIONS = st.recursive(ATOMS, lambda inner: runs(st.one_of(inner, inner.map("({})".format))), max_leaves=12)


@given(EXPRESSIONS)
@example("-x**2")
@example("2**-x**y")
@example("x**y**z")
@example("-2**-x*y")
@example("not x == y")
@example("x if y else z if x else y")
@example("x < y < z == 2 != x")
@example("x and not y or z")
@settings(max_examples=examples(400))
def test_operations_are_those_of_python(text: str) -> None:
    tree = python_tree(text)
    if tree is None:  # such as x < not y
        with pytest.raises(ExpressionError):
            parse(text)
    else:
        assert_as_python(text, tree)


WORDS = [
    "x",
    "y",
    "2",
    "(",
    "(",
    ")",
    ")",
    "+",
    "-",
    "*",
    "**",
    "<",
    "==",
    "not",
    "and",
    "or",
    "if",
    "else",
    ",",
    "sin(",
]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join))
@settings(max_examples=examples(1000))
def test_whatever_python_refuses_is_refused(text: str) -> None:
    tree = python_tree(text)
    if tree is None:
        with pytest.raises(ExpressionError):
            parse(text)
        return
    try:
        expected(tree)
    except Unsupported:
        assume(False)
    assert_as_python(text, tree)
