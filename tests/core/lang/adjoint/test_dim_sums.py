"""Products summed over dims: each factor on no more dims than it has."""

from __future__ import annotations

from gridgrad_core.lang.adjoint.dim_sums import DimSums, Masks
from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.program.nodes import Builder

T, K = 1, 2


def made(**inputs: int) -> tuple[Builder, DimSums, Masks]:
    builder = Builder()
    masks = Masks(builder, inputs)
    return builder, DimSums(builder, ChainRule(builder), masks, inputs.keys()), masks


def test_masks_of_nodes_that_are_added_later() -> None:
    builder, _, masks = made(t=T, k=K, a=0)
    product = builder.op("mul", builder.input("t"), builder.op("add", builder.input("k"), builder.input("a")))
    assert masks[product] == T | K
    assert masks[builder.op("sin", builder.input("a"))] == 0


def test_a_plane_with_vectors_on_both_sides_is_two_products() -> None:
    builder, sums, masks = made(u=T, g=T | K, v=K)
    u, g, v = (builder.input(name) for name in "ugv")
    of_k = sums.of_product([u, g, v], K)
    (found,) = sums.by_name.values()
    assert (found.plane, found.factor, found.over) == (g, v, K)
    assert builder.nodes[of_k].op == "mul"
    assert masks[of_k] == T


def test_what_does_not_vary_counts_as_often_as_there_are_points() -> None:
    builder, sums, masks = made(u=T)
    u = builder.input("u")
    total = sums.of_product([u], T | K)
    assert sums.lengths == {1: "length_1"}
    assert [found.over for found in sums.by_name.values()] == [T]
    assert masks[total] == 0


def test_dims_of_one_factor_alone_are_summed_first() -> None:
    builder, sums, _ = made(g=T | K, v=K)
    g, v = builder.input("g"), builder.input("v")
    sums.of_product([g, v], T | K)
    first, second = sums.by_name.values()
    assert (first.plane, first.factor, first.over) == (g, None, T)
    assert second.over == K


def test_a_factor_that_is_there_twice_counts_twice() -> None:
    builder, sums, _ = made(v=K)
    v = builder.input("v")
    sums.of_product([v, v], K)
    (found,) = sums.by_name.values()
    assert builder.nodes[found.plane].args == (v, v)


def test_sums_are_called_like_no_input() -> None:
    builder, sums, _ = made(sum_0=T, length_0=T)
    sums.of_product([builder.input("sum_0")], T | K)
    assert sums.by_name.keys() == {"sum__0"}
