"""Names of calls: no constants, nothing that is assigned, no inputs."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program import limits


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("sum(x, 2, 1, 3)", "column 8", "a constant as the index of sum"),
        ("i = 2*x; sum(x, i, 1, 3)", "column 17", "i, which is something else already, as the index of sum"),
        ("prod(x, i + 1, 1, 3)", "column 9", "no name as the index of prod"),
        ("sum(i*p, i, 1, 3) + i", "column 10", "i as the index of sum, which is an input too"),
        ("integrate(u, u, 0, 1)*u", "column 14", "u as the variable of integrate, which is an input too"),
    ],
)
def test_what_is_something_else_is_refused(text: str, place: str, found: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert place in refused.value.found
    assert found in refused.value.found


def test_two_calls_may_use_one_name() -> None:
    assert parse("sum(i*x, i, 1, 99) + prod(i + x, i, 1, 99)").inputs == ("x",)


def test_what_calls_look_at_is_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own copy of what is computed again, so that a text of a few lines could take all of the memory."""
    monkeypatch.setattr(limits, "MAX_DERIVED", 10_000)
    lines = "\n".join(["a0 = u*p", *(f"a{n + 1} = a{n}*u + {n}" for n in range(200))])
    parse(f"{lines}\nsolve(a200 - 3, u, 1)")
    with pytest.raises(ExpressionError, match=r"over more than 10,000 operations in all; assign to a name"):
        parse(f"{lines}\n{' + '.join(f'solve(a200 - {n}, u, 1)' for n in range(99))}")
