"""What factored sums cost, in operations on the grid."""

from __future__ import annotations

import pytest

from gridgrad_worker.engines.structured.planning.factored_sum import RANKS_PER_PASS, FactoredSum, mask_of
from gridgrad_worker.engines.structured.planning.terms import Exponential, Term

X, Y, A = 0, 1, 2
MASKS = [1, 2, 0]


def one(*factors: int) -> tuple[Term, ...]:
    return (Term(factors=factors),)


def sum_of(*pairs: tuple[tuple[Term, ...], tuple[Term, ...]], rest: int = 0) -> FactoredSum:
    return FactoredSum(1, pairs, (), one(X) * rest)


@pytest.mark.parametrize(
    ("pairs", "passes"),
    [
        ([(one(X), one(Y))], 1),
        ([(one(X), one(A))], 0),
        ([(one(), one(Y))], 0),
        ([(one(X), one(Y)), (one(X), one())], 2),
        ([(one(X), one(Y))] * 3, 5),
    ],
)
def test_a_product_with_a_scalar_side_costs_only_what_adds_it(
    pairs: list[tuple[tuple[Term, ...], tuple[Term, ...]]], passes: int
) -> None:
    assert sum_of(*pairs).passes(MASKS) == passes


def test_many_products_cost_less_as_one_matrix_product() -> None:
    pairs = [(one(X), one(Y))] * RANKS_PER_PASS
    assert sum_of(*pairs).cost(MASKS) == 2
    assert sum_of(*pairs[:1]).cost(MASKS) == 1
    assert sum_of(*pairs, rest=3).cost(MASKS) == 5
    assert sum_of(rest=4).cost(MASKS) == 4


def test_a_factor_has_the_dims_of_its_node_or_of_its_exponential() -> None:
    assert [mask_of(factor, MASKS) for factor in (X, Y, A)] == MASKS
    assert mask_of(Exponential(one(X), 1), MASKS) == 1
