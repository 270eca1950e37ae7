"""Products and quotients of derivatives: the zero of what is not chosen stays zero, whatever it is multiplied with."""

from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from tests.core.lang.evaluator import evaluate


class Nodes:
    """x, y and choices between x and 0."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.rule = ChainRule(self.builder)
        self.x, self.y = self.builder.input("x"), self.builder.input("y")
        self.zero = self.rule.const(0.0)
        self.condition = self.builder.op("gt", self.x, self.rule.const(1.0))
        self.chosen = self.builder.op("where", self.condition, self.x, self.zero)

    def at(self, node: int, x: float, y: float) -> float:
        (value,) = evaluate(Program(tuple(self.builder.nodes), (node,), ("f",), False, ("x", "y")), x=x, y=y)
        return value


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


def test_the_choice_is_made_of_products(nodes: Nodes) -> None:
    for product in (nodes.rule.chained(nodes.y, nodes.chosen), nodes.rule.chained(nodes.chosen, nodes.y)):
        assert nodes.builder.nodes[product].op == "where"
        assert [nodes.at(product, x, math.inf) for x in (2.0, 0.5)] == [math.inf, 0]


def test_quotients_signs_and_differences_keep_the_zero(nodes: Nodes) -> None:
    rule = nodes.rule
    assert [nodes.at(rule.quotient(nodes.chosen, nodes.y), x, 0) for x in (2.0, 0.5)] == [math.inf, 0]
    negated = rule.chained(nodes.y, rule.negated(nodes.chosen))
    assert [nodes.at(negated, x, math.inf) for x in (2.0, 0.5)] == [-math.inf, 0]
    assert nodes.at(rule.difference(nodes.y, nodes.chosen), 2, 5) == 3
    assert nodes.at(rule.difference(nodes.y, nodes.chosen), 0.5, 5) == 5


def test_a_step_is_a_choice(nodes: Nodes) -> None:
    step = nodes.builder.op("heaviside", nodes.x, nodes.y)
    product = nodes.rule.chained(nodes.y, step)
    assert [nodes.at(product, x, math.inf) for x in (-1.0, 1.0)] == [0, math.inf]
    assert math.isnan(nodes.at(product, math.nan, 1))


def test_sums_of_choices_by_one_condition_are_one(nodes: Nodes) -> None:
    other = nodes.builder.op("where", nodes.condition, nodes.zero, nodes.y)
    total = nodes.rule.choice_sum(nodes.chosen, other)
    assert nodes.builder.nodes[total].args == (nodes.condition, nodes.x, nodes.y)


def test_the_callers_zero_is_a_factor_like_any_other(nodes: Nodes) -> None:
    assert math.isnan(nodes.at(nodes.rule.chained(nodes.zero, nodes.y), 1, math.inf))
