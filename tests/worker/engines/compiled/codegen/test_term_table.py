"""Terms of sums, each once."""

from __future__ import annotations

from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_worker.engines.compiled.codegen.term_table import STEP, ArrayTerm, TermTable


def item(table: TermTable, number: int) -> int:
    return table.add(ArrayTerm(ARRAY_ITEM.name, (), number, 0, number))


def test_a_term_has_the_dims_and_an_array_of_what_it_is_made_of() -> None:
    table = TermTable()
    n, x, y = item(table, 3), table.add(ArrayTerm(STEP, (), 0, 1)), table.add(ArrayTerm(STEP, (), 1, 2))
    power = table.made("pow", (x, n))
    assert table[power] == ArrayTerm("pow", (x, n), 0, 1, 3)
    product = table.product([y, power, n])
    assert (table[product].mask, table[product].array) == (3, 3)
    assert table.factors(product) == [y, power, n]
    assert table.factors(power) == [power]
    assert table.factors(table.made("neg", (product,))) == [table.add(ArrayTerm("const", (), -1.0)), y, power, n]
    assert table.arrays_of([product]) == {3}
    assert table.inside([product], frozenset([power])) == sorted({y, power, n, table[product].args[0], product})
    assert table.made("pow", (x, n)) == power


def test_zeros_of_both_signs_are_two() -> None:
    table = TermTable()
    assert table.add(ArrayTerm("const", (), 0.0)) != table.add(ArrayTerm("const", (), -0.0))
