from __future__ import annotations

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.local.written_out import written_out
from gridgrad_core.lang.parser.parser import parse

ARRAYS = tuple(TableSpec(name, 0, 0, "") for name in "nm")
ELEMENTS = {"n": ("n_0", "n_1"), "m": ("m_0", "m_1", "m_2")}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sum(n*x**2) + y", "n_0*x**2 + n_1*x**2 + y"),
        ("len(m)*x + sum(n)", "3*x + (n_0 + n_1)"),
        ("sum(n*sum(m))", "n_0*(m_0 + m_1 + m_2) + n_1*(m_0 + m_1 + m_2)"),
        ("sum(n*sum(i*x, i, 1, 90)), y", "n_0*sum(i*x, i, 1, 90) + n_1*sum(i*x, i, 1, 90), y"),
    ],
)
def test_a_scalar_stands_for_each_number(text: str, written: str) -> None:
    found = written_out(parse(text, (), ARRAYS), ELEMENTS)
    right = parse(written)
    assert (found.nodes, found.outputs) == (right.nodes, right.outputs)
    assert parse(found.text, (), ARRAYS) == found


def test_what_the_text_assigns_is_known_afterwards() -> None:
    assert written_out(parse("u = sum(n*x); u", (), ARRAYS), ELEMENTS).assigned == {"u"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("sum(n*m)", "n and m, which are of different lengths"), ("solve(x - sum(n*x), x, 1)", "stands in solve")],
)
def test_what_has_no_such_form_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        written_out(parse(text, (), ARRAYS), ELEMENTS)
