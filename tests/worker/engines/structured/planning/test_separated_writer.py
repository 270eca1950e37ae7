"""Factored sums written as programs: what is written computes what the sum says."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import pytest

from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_worker.engines.structured.planning.factored_sum import FactoredSum
from gridgrad_worker.engines.structured.planning.plan import SEPARATED
from gridgrad_worker.engines.structured.planning.separated_writer import CheckedTerm, SeparatedWriter
from gridgrad_worker.engines.structured.planning.terms import Exponential, Term

POINT = {"x": 0.7, "y": -1.3, "a": 2.5}
OPERATIONS: dict[str, Callable[..., float]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "exp": math.exp,
}  # fmt: skip
X, Y, A, TWO = range(4)
MASKS = [1, 2, 0, 0]


@pytest.fixture
def nodes() -> list[Node]:
    builder = Builder()
    places = [builder.input("x"), builder.input("y"), builder.input("a"), builder.const(2.0)]
    assert places == [X, Y, A, TWO]
    return builder.nodes


def value(nodes: list[Node], index: int) -> float:
    op, args, held = nodes[index]
    given = [value(nodes, argument) for argument in args]
    if op == "input":
        return POINT[str(held)]
    if op == SEPARATED:
        half = len(given) // 2
        return math.fsum(u * v for u, v in zip(given[:half], given[half:], strict=True))
    return nodes[index].number if op == "const" else OPERATIONS[op](*given)


def written(nodes: list[Node], form: FactoredSum) -> tuple[float, SeparatedWriter]:
    writer = SeparatedWriter([*nodes, Node("add", (X, Y), None)], [*MASKS, 3])
    for index in range(4):
        writer.write(index, None)
    writer.write(4, form)
    return value(writer.builder.nodes, writer.places[4]), writer


def term(*factors: int, negative: bool = False, over: tuple[int, ...] = ()) -> Term:
    return Term(negative, factors, over)


x, y, a = POINT["x"], POINT["y"], POINT["a"]


@pytest.mark.parametrize(
    ("pairs", "rest", "expected"),
    [
        ([((term(X),), (term(Y),))], (), x * y),
        ([((term(X),), (term(),))], (), x),
        ([((term(X),), (term(negative=True),))], (), -x),
        ([((term(),), (term(Y), term(A, negative=True)))], (), y - a),
        ([((term(X),), (term(), term()))], (), 2 * x),
        ([((term(X, over=(A,)),), (term(Y, TWO),))], (term(X, Y, negative=True),), x / a * 2 * y - x * y),
        ([((term(X), term(A, negative=True)), (term(Y, negative=True),))], (), -(x - a) * y),
    ],
)
def test_few_products_are_written_term_by_term(
    nodes: list[Node],
    pairs: list[tuple[tuple[Term, ...], tuple[Term, ...]]],
    rest: tuple[Term, ...],
    expected: float,
) -> None:
    found, writer = written(nodes, FactoredSum(1, tuple(pairs), (), rest))
    assert found == pytest.approx(expected, rel=1e-15)
    assert writer.ranks == []


def test_several_products_are_one_matrix_product(nodes: list[Node]) -> None:
    pairs = [((term(X),), (term(Y),)), ((term(X, X),), (term(Y, negative=True),)), ((term(X, A),), (term(Y, Y),))]
    found, writer = written(nodes, FactoredSum(1, tuple(pairs), (), (term(A, negative=True),)))
    assert found == pytest.approx(x * y - x * x * y + x * a * y * y - a, rel=1e-14)
    assert writer.ranks == [3]
    assert sum(node.op == SEPARATED for node in writer.builder.nodes) == 1


def test_exponentials_become_nodes_and_are_checked_by_their_arguments(nodes: list[Node]) -> None:
    gaussian = Term(factors=(Exponential((term(X, X, negative=True),), 1), Y), divisors=(A,))
    pairs = (((Term(factors=gaussian.factors[:1]),), (Term(factors=(Y,), divisors=(A,)),)),)
    found, writer = written(nodes, FactoredSum(1, pairs, (gaussian,), ()))
    assert found == pytest.approx(math.exp(-x * x) * y / a, rel=1e-15)
    ((checked,),) = writer.checked
    assert isinstance(checked, CheckedTerm)
    assert value(writer.builder.nodes, checked.exponents[0]) == pytest.approx(-x * x, rel=1e-15)
    assert (checked.factors, checked.divisors) == ((writer.places[Y],), (writer.places[A],))


@pytest.mark.parametrize("numbers", [(4.0, 0.25), (4.0, 8.0), (1e200, 1e-200, 3.0)])
def test_constants_of_a_product_meet(numbers: tuple[float, ...]) -> None:
    builder = Builder()
    first = builder.input("x")
    constants = [builder.const(number) for number in numbers]
    masks = [1, *[0] * len(numbers), 1]
    writer = SeparatedWriter([*builder.nodes, Node("neg", (first,), None)], masks)
    for index in range(len(builder.nodes)):
        writer.write(index, None)
    form = FactoredSum(1, (((term(first),), (term(*constants),)),), (), ())
    writer.write(len(builder.nodes), form)
    found = value(writer.builder.nodes, writer.places[len(builder.nodes)])
    assert found == pytest.approx(x * math.prod(numbers), rel=1e-15)
    node = writer.builder.nodes[writer.places[len(builder.nodes)]]
    constant = [writer.builder.nodes[i].number for i in node.args if writer.builder.nodes[i].op == "const"]
    assert constant == [pytest.approx(math.prod(numbers), rel=1e-15)], "one number is left of them"
