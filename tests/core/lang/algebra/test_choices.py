"""Choices between derivatives: taken apart where both factors choose by the same nodes, and their mean at the tie."""

from __future__ import annotations

import itertools

import pytest

from gridgrad_core.lang.algebra.choices import Key, ordered
from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from tests.core.lang.evaluator import evaluate


class Nodes:
    """x, y and an algebra on them."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.algebra = Algebra(self.builder)
        self.x, self.y = self.builder.input("x"), self.builder.input("y")
        self.key = Key(self.x, self.y)

    def made(self, above: float, below: float) -> int:
        return self.algebra.choices.made(self.key, self.algebra.const(above), self.algebra.const(below))

    def at(self, node: int, x: float, y: float) -> float:
        (value,) = evaluate(Program(tuple(self.builder.nodes), (node,), ("f",), False, ("x", "y")), x=x, y=y)
        return value


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


def test_a_choice_is_its_sides_and_their_mean_at_the_tie(nodes: Nodes) -> None:
    choice = nodes.made(3, 7)
    assert [nodes.at(choice, x, 2) for x in (3, 2, 1)] == [3, 5, 7]


def test_a_product_of_choices_by_the_same_nodes_is_the_choice_of_the_products(nodes: Nodes) -> None:
    product = nodes.algebra.mul(nodes.made(3, 7), nodes.made(2, 4))
    assert [nodes.at(product, x, 2) for x in (3, 2, 1)] == [6, 17, 28]


def test_sums_are_taken_apart_where_their_product_chooses_twice(nodes: Nodes) -> None:
    algebra = nodes.algebra
    sums = [algebra.add(nodes.y, nodes.made(*sides)) for sides in ((3, 7), (2, 4))]
    product = algebra.mul(*sums)
    assert [nodes.at(product, x, 2) for x in (3, 2, 1)] == [20, (20 + 54) / 2, 54]


def test_the_square_of_a_sign_is_one(nodes: Nodes) -> None:
    sign = nodes.algebra.op("sign", nodes.x)
    assert nodes.algebra.constant(nodes.algebra.mul(sign, sign)) == 1
    slope = nodes.algebra.mul(sign, nodes.y)
    assert nodes.algebra.mul(slope, sign) == nodes.y
    assert nodes.algebra.mul(slope, nodes.algebra.op("copysign", nodes.algebra.const(1.0), nodes.x)) == nodes.y


def test_what_is_the_same_on_both_sides_is_no_choice(nodes: Nodes) -> None:
    assert nodes.algebra.choices.made(nodes.key, nodes.y, nodes.y) == nodes.y


def test_the_side_of_zero_has_the_slope_zero_at_nan(nodes: Nodes) -> None:
    for choice in (nodes.made(0, 1), nodes.made(1, 0)):
        assert nodes.at(choice, float("nan"), 1) == 0


def test_weights_count_equal_terms(nodes: Nodes) -> None:
    nodes.algebra.choices.weigh(nodes.key, nodes.algebra.const(2.0), nodes.algebra.const(1.0))
    assert nodes.at(nodes.made(6, 3), 1, 1) == pytest.approx(5)


def test_two_nodes_have_one_key() -> None:
    assert ordered(4, 2) == (Key(2, 4), True)
    assert ordered(2, 4) == (Key(2, 4), False)


def test_products_of_many_different_choices_stay_short() -> None:
    builder = Builder()
    algebra = Algebra(builder)
    inputs = [builder.input(f"x{n}") for n in range(40)]
    product = algebra.const(1.0)
    for x, y in itertools.pairwise(inputs):
        choice = algebra.choices.made(Key(x, y), algebra.const(2.0), algebra.const(3.0))
        product = algebra.mul(algebra.add(product, choice), algebra.add(x, choice))
    assert len(builder.nodes) < 2000
