from __future__ import annotations

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.tables.by_values import MovedTable, with_values_moved

V, T = TableSpec("V", 1, 3, "nan"), TableSpec("T", 2, 1, "clamp", 2)
B, C = TableSpec("B", 1, 3, "nan", 2), TableSpec("C", 2, 1, "clamp", 1)


def test_each_call_is_moved_by_what_its_values_count() -> None:
    program = parse("V(r, 1)*T_1(r, s) + T_0(r, s)", (), (V, T))
    made = with_values_moved(program, {0: MovedTable(("V_0", "V_1"), 3), 2: MovedTable(("T_0_1",), 5)}, (B, C))
    moved = "(V(r, 1) + V_0*B_0(r, 1) + V_1*B_1(r, 1))*(T_1(r, s) + T_0_1*C_0(r, s)) + T_0(r, s)"
    assert made == parse(moved, (), (V, T, B, C))
    assert made.inputs == ("r", "V_0", "V_1", "s", "T_0_1")


def test_they_are_moved_inside_of_what_has_a_program_of_its_own() -> None:
    program = parse("y*solve(sum(V(u*i), i, 1, y) - k, u, 1)", (), (V,))
    made = with_values_moved(program, {0: MovedTable(("V_0", "V_1"), 1)}, (B,))
    moved = "y*solve(sum(V(u*i) + V_0*B_0(u*i) + V_1*B_1(u*i), i, 1, y) - k, u, 1)"
    assert made.text == parse(moved, (), (V, B)).text
    assert {*made.inputs} == {"y", "k", "V_0", "V_1"}


def test_variables_of_the_text_are_kept() -> None:
    program = parse("a = V(r)\n2*a", (), (V,))
    made = with_values_moved(program, {0: MovedTable(("V_0",), 1)}, (C,))
    assert made.assigned == program.assigned == {"a"}
    assert made.tables == (V, C)


def test_what_calls_none_of_them_is_the_same() -> None:
    program = parse("T_1(r, s)*r", (), (T,))
    made = with_values_moved(program, {0: MovedTable(("T_0_0",), 2)}, (C,))
    assert str(made) == str(program)
