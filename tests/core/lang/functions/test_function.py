"""What a row says of its parameters."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.functions.function import Function, Kind


@pytest.mark.parametrize(
    ("params", "kinds", "integers"),
    [
        (("x",), (), ()),
        (("n", "x"), ("integer", "number"), ("n",)),
        (("n", "m", "x"), ("integer", "integer", "number"), ("n", "m")),
        (("c", "a"), ("boolean", "number"), ()),
    ],
)
def test_integer_parameters_are_known_by_their_kinds(
    params: tuple[str, ...], kinds: tuple[Kind, ...], integers: tuple[str, ...]
) -> None:
    row = Function("f", params, "a formula", ("0",) * len(params), "a group", kinds=kinds)
    assert row.integers == integers
