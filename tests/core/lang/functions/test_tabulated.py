from __future__ import annotations

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.derive.rules import rule
from gridgrad_core.lang.functions.table import FUNCTIONS, lookup
from gridgrad_core.lang.functions.tabulated import CALLS, LOOKUPS, TableSpec, called_tables

T, V = TableSpec("T", 2, 3, "nan", 2), TableSpec("V", 1, 3, "nan")


def test_no_text_can_name_what_tables_come_down_to() -> None:
    assert all(FUNCTIONS[name].name == name and name not in FUNCTIONS for name in CALLS.keys() | LOOKUPS.keys())
    assert not any(map(lookup, CALLS.keys() | LOOKUPS.keys()))


def test_components_are_numbered_in_order() -> None:
    called = called_tables([T, V])
    assert {name: each.numbers for name, each in called.items()} == {"T_0": (0,), "T_1": (1,), "T": (0, 1), "V": (2,)}
    with pytest.raises(RequestError, match="called by T_0"):
        called_tables([T, TableSpec("T_0", 1, 3, "nan")])


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_derivative_of_a_call_is_one_of_the_next_order(dims: int) -> None:
    orders = tuple(range(dims))
    for position in range(dims):
        program = rule(f"table_{dims}", 1 + dims + position, (5, *orders))
        (call,) = [node for node in program.nodes if node.args]
        raised = [order + (place == position) for place, order in enumerate(orders)]
        assert [program.nodes[i].value for i in call.args[: dims + 1]] == [5, *raised]
