from __future__ import annotations

from collections import Counter

import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.functions.tabulated import CALLS, LOOKUPS, TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.made_operation import nodes_inside
from gridgrad_core.lang.tables.lookups import with_lookups

V, T = TableSpec("V", 1, 3, "extrapolate"), TableSpec("T", 2, 1, "clamp", 2)


def counted(text: str, *derivatives: str, tables: tuple[TableSpec, ...] = (V, T)) -> Counter[str]:
    program = derive(parse(text, (), tables), [tuple(each) for each in derivatives]).program
    return Counter(node.op for node in with_lookups(program).nodes)


def test_a_program_without_tables_is_left_as_it_is() -> None:
    program = parse("x + y")
    assert with_lookups(program) is program


def test_no_call_is_left_and_what_was_asked_for_stays() -> None:
    program = parse("x*V(2*x), T_1(x, y) + y", (), (V, T))
    written = with_lookups(program)
    assert {node.op for node in written.nodes} <= {"input", "const", "mul", "add", "sub", "where", "eq", *LOOKUPS}
    assert (written.inputs, written.components, len(written.outputs)) == (program.inputs, program.components, 2)
    assert not CALLS.keys() & {node.op for node in written.nodes}


def test_a_place_is_looked_up_once_whatever_is_derived() -> None:
    value, more = counted("V(x)"), counted("V(x) + V(x, 1)", "x", "xx", "xxx")
    assert value["table_cell"] == more["table_cell"] == 1
    assert value["table_item_1"] == more["table_item_1"] == 4
    assert value["table_place"] == 0


def test_they_are_written_inside_of_what_has_a_program_of_its_own() -> None:
    program = with_lookups(parse("solve(integrate(V(u), u, 0, s) - x, s, 1) + V(x)", (), (V,)))
    inside = [node.op for nodes in nodes_inside(program.nodes) for node in nodes]
    assert not CALLS.keys() & {*inside}
    assert inside.count("table_cell") == 2


def test_beyond_the_degree_nothing_is_read() -> None:
    assert counted("V(x, 4)")["table_item_1"] == 0


@pytest.mark.parametrize("outside", ["nan", "clamp", "periodic"])
def test_what_is_outside_is_brought_in(outside: str) -> None:
    held = counted("V(x)", "x", tables=(V._replace(outside=outside),))
    assert held["table_place"] == 1
    assert held["where"] == (outside == "clamp")


def test_components_share_their_places() -> None:
    found = counted("T(x, y)")
    assert found["table_cell"] == found["table_place"] == 2
    assert found["table_item_2"] == 8
