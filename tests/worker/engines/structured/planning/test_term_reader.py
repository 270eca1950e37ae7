"""Terms: what is read off a node computes what the node computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.structured.planning.plan import masks_of
from gridgrad_worker.engines.structured.planning.term_reader import TermReader
from gridgrad_worker.engines.structured.planning.terms import Exponential, Factor, Term, operations_of

DIMS = {"x": 1, "y": 2, "a": 0}
POINT = {"x": 0.7, "y": -1.3, "a": 2.5}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "add": lambda u, v: u + v, "sub": lambda u, v: u - v, "mul": lambda u, v: u * v, "div": lambda u, v: u / v,
    "neg": lambda u: -u, "exp": math.exp, "sin": math.sin, "cos": math.cos, "pow": lambda u, v: u**v,
}  # fmt: skip


def values_of(program: Program, point: Mapping[str, float]) -> list[float]:
    values: list[float] = []
    for node in program.nodes:
        if node.op == "input":
            values.append(point[str(node.value)])
        elif node.op == "const":
            values.append(node.number)
        else:
            values.append(FUNCTIONS[node.op](*(values[i] for i in node.args)))
    return values


def value(terms: Sequence[Term], values: Sequence[float]) -> float:
    def of(factor: Factor) -> float:
        return math.exp(value(factor.parts, values)) if isinstance(factor, Exponential) else values[factor]

    return sum(
        (-1 if term.negative else 1) * math.prod(map(of, term.factors)) / math.prod(map(of, term.divisors))
        for term in terms
    )


def read(text: str) -> tuple[Program, TermReader, int]:
    program = parse(text, list(DIMS))
    return program, TermReader(program.nodes, masks_of(program.nodes, DIMS)), program.outputs[0]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x*y + sin(x)*cos(y)", 2),
        ("x*y - a*(x - y)", 2),
        ("-(x*y - x/y) + a", 3),
        ("exp(-x**2 - y**2)*(x*y - y)", 2),
        ("x*y/(a*cos(y)) - -x*y", 2),
        ("exp(a*(x + y)/3 - x)", 1),
    ],
)
def test_terms_add_up_to_the_node(text: str, count: int) -> None:
    program, reader, node = read(text)
    addends = reader.terms(node)
    assert addends is not None
    assert len(addends) == count
    values = values_of(program, POINT)
    assert value([addend.term for addend in addends], values) == pytest.approx(values[node], rel=1e-14)
    assert value([addend.whole for addend in addends], values) == pytest.approx(values[node], rel=1e-14)


def test_the_exponential_of_a_sum_is_a_product_of_one_for_each_dim() -> None:
    program, reader, node = read("exp(x + y - x**2)")
    product, operations = reader.product(node)
    assert sorted(f.mask for f in product.factors if isinstance(f, Exponential)) == [1, 2]
    assert {program.nodes[i].op for i in operations} == {"exp", "add", "sub"}


def test_a_square_of_a_sum_stays_what_it_is() -> None:
    _, reader, node = read("(x - y)**2")
    addends = reader.terms(node)
    assert addends is not None
    assert [addend.term.factors for addend in addends] == [(node,)]


def test_the_operations_that_terms_replace_are_known() -> None:
    program, reader, node = read("x*y + sin(x)*cos(y)")
    addends = reader.terms(node)
    assert addends is not None
    assert sorted(program.nodes[i].op for i in operations_of(addends)) == ["add", "mul", "mul"]
    assert sorted(program.nodes[i].op for i in operations_of(addends[:1])) == ["add", "mul"]


def test_reading_is_bounded() -> None:
    text = "x*y"
    for _ in range(30):
        text = f"({text} + x)*y + a"
    doubled = "v0 = x*y\n" + "\n".join(f"v{n} = v{n - 1} + v{n - 1}" for n in range(1, 40)) + "\nv39"
    for each in (text, doubled):
        program, reader, node = read(each)
        reader.terms(node)
        assert reader.steps < 3000 + 10 * len(program.nodes)
