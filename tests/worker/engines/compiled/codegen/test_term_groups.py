"""Which terms are brought together: products of two sides, one of which reads a single array."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_worker.engines.compiled.codegen.term_groups import SideArrays, TermGroups
from gridgrad_worker.engines.compiled.codegen.term_table import ALL, GROUPED, STEP, ArrayTerm, TermTable

N, D, T, M = range(4)


@pytest.fixture
def table() -> TermTable:
    return TermTable()


def item(table: TermTable, number: int) -> int:
    return table.add(ArrayTerm(ARRAY_ITEM.name, (), number, 0, number))


def power(table: TermTable, dim: int, *arrays: int) -> int:
    """A factor of one dim that reads arrays."""
    return table.product(
        [table.made("pow", (table.add(ArrayTerm(STEP, (), dim, 1 << dim)), item(table, each))) for each in arrays]
    )


def test_sides_have_what_reads_their_arrays_and_share_the_rest(table: TermTable) -> None:
    groups = TermGroups(table)
    root = table.product([item(table, N), power(table, 0, D), item(table, D), power(table, 1, T)])
    op, (first, second), *_ = table[groups.grouped(root)]
    assert op == "mul"
    assert groups.sides == {first: SideArrays(D, T), second: SideArrays(D, T)}
    assert table[first] == ArrayTerm(
        GROUPED, (table.product([power(table, 0, D), item(table, D)]), item(table, N)), 0, 1, D
    )
    assert table[second] == ArrayTerm(GROUPED, (power(table, 1, T), item(table, N)), 1, 2, T)


def test_a_side_of_several_arrays_is_added_up(table: TermTable) -> None:
    groups = TermGroups(table)
    made = groups.grouped(table.product([power(table, 0, D, M), power(table, 1, T)]))
    assert {groups.sides[side] for side in table[made].args} == {SideArrays(None, T)}


def test_a_condition_belongs_to_its_side(table: TermTable) -> None:
    groups, zero = TermGroups(table), table.add(ArrayTerm("const"))
    met = table.made("eq", (table.add(ArrayTerm(STEP, (), 0, 1)), zero))
    sides = power(table, 0, D), power(table, 1, T)
    root = table.made("where", (met, zero, table.product(sides)))
    op, (condition, _, product), *_ = table[groups.grouped(root)]
    assert (op, table[condition].op, table[condition].args) == ("where", ALL, (met,))
    assert table[table[product].args[0]].args == (table.made("where", (met, zero, sides[0])),)


def test_the_same_side_beside_two_others_is_two(table: TermTable) -> None:
    groups = TermGroups(table)
    made = [groups.grouped(table.product([power(table, 0, D), power(table, 1, other)])) for other in (T, M)]
    assert table[made[0]].args[0] != table[made[1]].args[0]


def test_what_does_not_separate_stays_as_it_is(table: TermTable) -> None:
    groups = TermGroups(table)
    x, y = power(table, 0, D), power(table, 1, T)
    both = table.made("pow", (table.add(ArrayTerm(STEP, (), 9, 3)), item(table, N)))
    alone = table.add(ArrayTerm(STEP, (), 1, 2))
    met = table.made("lt", (both, table.add(ArrayTerm("const"))))
    for root in (
        *(x, table.product([x, item(table, N)]), table.product([both, x]), table.product([x, alone])),
        table.product([power(table, 0, D, M), power(table, 1, T, N)]),
        table.made("where", (met, table.add(ArrayTerm("const")), table.product([x, y]))),
        table.made("where", (table.made("lt", (x, x)), x, table.product([x, y]))),
    ):
        assert groups.grouped(root) == root
    assert not groups.sides
