"""The table of functions: complete, and without a name that means two things."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from gridgrad.checks.mpmath_functions import VALUES
from gridgrad_core.lang import functions
from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.table import DIFF, FUNCTIONS, lookup
from gridgrad_core.lang.program.names import CONSTANTS, KEYWORDS, is_name

ROOT = Path(__file__).parents[4]
TABLE = list(FUNCTIONS.values())


def test_names_are_unique_and_free() -> None:
    names = [*FUNCTIONS, *(alias for function in TABLE for alias in function.aliases if alias != function.name)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    operators = {function.name for function in TABLE if function.group == "operator"}
    assert not (set(names) - operators) & {*KEYWORDS, *CONSTANTS}
    assert all(is_name(name) for name in set(names) - operators)


@pytest.mark.parametrize("function", TABLE, ids=lambda function: function.name)
def test_rows_are_consistent(function: Function) -> None:
    assert len(function.derivatives) == len(function.params) == len(set(function.params))
    assert len(function.kinds) in (0, len(function.params))
    assert function.params[: len(function.integers)] == function.integers
    assert function.formula
    assert function.group
    assert not function.variadic or len(function.params) == 2
    if function.result == "boolean":
        assert set(function.derivatives) == {"0"}


def test_functions_are_called_by_names_and_aliases_and_operators_by_numpys_names() -> None:
    assert lookup("sin") is FUNCTIONS["sin"]
    assert lookup("atan2") is FUNCTIONS["arctan2"]
    assert lookup("power") is lookup("pow") is FUNCTIONS["pow"]
    assert lookup("subtract") is FUNCTIONS["sub"]
    assert lookup("logical_and") is FUNCTIONS["and"]
    assert lookup("diff") is DIFF
    for name in ("sub", "lt", "and", "floordiv", "sine", ""):
        assert lookup(name) is None


def test_the_checklist_names_files_that_exist() -> None:
    named = re.findall(r"`((?:core|worker|client|tests|docs)/[\w/.]+)`", functions.__doc__ or "")
    assert len(named) >= 12
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_function_has_a_value_at_high_precision() -> None:
    assert set(VALUES) == set(FUNCTIONS)
